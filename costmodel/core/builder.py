"""The builder turns rows, one after the other, into a network.

Shapes are worked out, and misfits refused, as the rows come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import prod

from costmodel.core.density import DENSE, Density
from costmodel.core.layer import MAX_ELEMENTS, Layer
from costmodel.core.network import Facts, Network, Row, Tap, Taps, changed
from costmodel.core.part import OUTSIDE, Part, Parts, Source
from costmodel.core.tally import Shape, Shapes
from costmodel.errors import BadValue, Place


@lru_cache(maxsize=65536)
def apply(layer: Layer, shapes: Shapes) -> Part:
    """Put a layer to work on maps of given shapes.

    Parameters
    ----------
    layer : Layer
        What is done.
    shapes : tuple of shapes
        The shape of each operand per sample [elements].

    Returns
    -------
    Part
        The layer with its output shapes and tally; its operands are the row's inputs in order.

    Raises
    ------
    BadValue
        Where the layer takes no such maps, or a map would be beyond 2**53 elements.

    """
    least, most = layer.input_count
    if len(shapes) < least or (most is not None and len(shapes) > most):
        wanted = f"at least {least}" if most is None else f"{least}"
        raise BadValue(
            f"{layer.kind} takes {wanted} input(s), got {len(shapes)}",
            "name them with 'from: [a, b]'",
        )
    outputs = layer.out_shapes(shapes)
    for shape in outputs:
        if prod(shape) > MAX_ELEMENTS:
            raise BadValue(f"a map of shape {list(shape)} is beyond 2**53 elements", "shrink it")
    reads = tuple(Source(OUTSIDE, port) for port in range(len(shapes)))
    return Part(layer, shapes, outputs, layer.tally(shapes, outputs), reads)


def extended(parts: Parts, layer: Layer, shapes: Shapes) -> Parts:
    """`parts` and a layer behind the last of them, whose first outputs it reads under `shapes`.

    Without parts it reads the row's inputs. Raises BadValue on a misfit.
    """
    part = apply(layer, shapes)
    if not parts:
        return (part,)
    reads = tuple(Source(len(parts) - 1, port) for port in range(len(shapes)))
    return (*parts, changed(part, reads=reads))


def chained(layers: Sequence[Layer], shapes: Shapes) -> Parts:
    """`layers` one after the other on maps of given shapes. Raises BadValue on a misfit."""
    parts: Parts = ()
    for layer in layers:
        parts = extended(parts, layer, parts[-1].outputs if parts else shapes)
    return parts


def rewired(parts: Parts, layers: Sequence[Layer], shapes: Shapes) -> Parts:
    """Other layers in the places of `parts`, on row inputs of other shapes.

    Every layer reads what the part in its place read. Raises BadValue on a misfit.
    """
    made: list[Part] = []
    for part, layer in zip(parts, layers, strict=True):
        operands = (
            shapes[port] if at == OUTSIDE else made[at].outputs[port] for at, port in part.reads
        )
        made.append(changed(apply(layer, tuple(operands)), reads=part.reads))
    return tuple(made)


class Builder:
    """The rows of a network as a front end finds them."""

    def __init__(self) -> None:
        self.inputs: list[Tap] = []
        self.rows: list[Row] = []
        self._seen: dict[str, int] = {}

    def unique(self, wanted: str) -> str:
        """`wanted`, or `wanted#2`, `#3`, ... where it is taken."""
        count = self._seen[wanted] = self._seen.get(wanted, 0) + 1
        return wanted if count == 1 else self.unique(f"{wanted}#{count}")

    def input(
        self,
        name: str,
        shape: Shape,
        bits: int | None = None,
        pieces: bool = False,
        state: bool = False,
    ) -> Tap:
        """Add an input of `shape` per sample, of `bits` per element where the file fixes them.

        A `state` is one that outlives the run.
        """
        tap = Tap(self.unique(name), 0, shape, bits, pieces, state)
        self.inputs.append(tap)
        return tap

    def row(
        self,
        wanted: str,
        name: str,
        block: str,
        place: Place,
        layers: Sequence[Layer],
        inputs: Taps,
        unread_on_purpose: bool = False,
        appends: bool = False,
        density: Density = DENSE,
    ) -> Taps:
        """Add one row that runs `layers` one after the other on `inputs`; its output taps.

        Raises BadValue where shapes misfit; then nothing was added.
        """
        parts = chained(layers, tuple(tap.shape for tap in inputs))
        if density.weights < 1 and not any(part.tally.weights for part in parts):
            raise BadValue("it has no weights", "say the density of its input alone")
        row = Row(wanted, name, block, place, parts, inputs, appends=appends)
        return self.add(changed(row, unread_on_purpose=unread_on_purpose, density=density))

    def add(self, row: Row) -> Taps:
        """Add a row whose parts are worked out already, under a unique id; its output taps."""
        named = changed(row, id=self.unique(row.id))
        self.rows.append(named)
        return named.taps

    def network(self, facts: Facts) -> Network:
        """The network of everything added, with a warning for maps that nobody reads."""
        network = Network.of(facts, self.inputs, self.rows)
        warnings = (*facts.warnings, *_unread_warning(network))
        network.graph["facts"] = replace(facts, warnings=warnings)
        return network


def _unread_warning(network: Network) -> list[str]:
    """Give one line for the rows that nobody reads, if there are any."""
    loose = list(network.unread())
    if not loose:
        return []
    shown = ", ".join(
        f"{row.id} (line {row.place.line})" if row.place.line else row.id for row in loose[:6]
    )
    more = f" and {len(loose) - 6} more" if len(loose) > 6 else ""
    # a row with a line of its own is one of a file that somebody writes
    remedy = (
        "declare 'outputs: [...]', or 'unread: true' at a layer, if that is meant"
        if loose[0].place.line
        else "make them outputs of the graph if that is meant"
    )
    return [f"{network.facts.file}: nobody reads {shown}{more}; {remedy}"]
