"""The layer graph: what every reader of architectures builds and everything else consumes.

A `Network` wraps a networkx DiGraph. Nodes are inputs (attribute ``shape``) and rows (attribute
``row``); an edge means "reads". Rows stand in execution order, which is a topological order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any

import networkx as nx

from costmodel.errors import BadValue, Place
from costmodel.layers.base import MAX_ELEMENTS, Layer
from costmodel.tally import Shape, Shapes, Tally


@dataclass(frozen=True, slots=True)
class Tap:
    """One feature map: which output (`port`) of which node, and its shape per sample."""

    node: str
    port: int
    shape: Shape
    bits: int | None = (
        None  # of one element, where the file fixes them; else as the run's dtype says
    )


Taps = tuple[Tap, ...]


@dataclass(frozen=True)
class Part:
    """One layer at work: its input and output shapes and its neutral tally."""

    layer: Layer
    inputs: Shapes
    outputs: Shapes
    tally: Tally
    executed: Tally | None = (
        None  # what a library computes for it, where that is more: it takes time and counts as nothing
    )

    @property
    def timed(self) -> Tally:
        """The work that takes time."""
        return self.executed or self.tally


@dataclass(frozen=True, slots=True)
class Constants:
    """What a row moves besides maps, where that is not what its tally's parameters say."""

    elements: int  # of the network's own floating type
    fixed_bytes: int  # of types that the file fixes [B]
    sources: frozenset[str] = (
        frozenset()
    )  # the initialisers behind them; rows with the same ones share them
    tensors: bool = False  # among them tensors of one axis or more, not numbers alone


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One line of the report: a layer, or several fused so that nothing between them moves."""

    id: str  # unique: block path and ordinal
    name: str  # printed; may repeat
    block: str  # the named block it belongs to
    place: Place  # where it was written
    parts: tuple[Part, ...]
    inputs: Taps
    out_bits: tuple[int | None, ...] = ()  # for each output, where the file fixes them
    constants: Constants | None = None

    @property
    def taps(self) -> Taps:
        """The maps it writes."""
        bits = self.out_bits or (None,) * len(self.outputs)
        return tuple(
            Tap(self.id, n, *pair) for n, pair in enumerate(zip(self.outputs, bits, strict=True))
        )

    @property
    def kind(self) -> str:
        """The kinds of its parts, joined with '+'."""
        return "+".join(part.layer.kind for part in self.parts)

    @property
    def outputs(self) -> Shapes:
        """Shapes of the maps it writes."""
        return self.parts[-1].outputs

    @property
    def view(self) -> bool:
        """True when it only gives its input's memory another shape."""
        return all(part.layer.view for part in self.parts)


@dataclass(eq=False)
class Network:
    """An architecture with every variable bound."""

    name: str
    source: str
    file: str
    graph: nx.DiGraph
    outputs: Taps = ()
    variables: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)  # convention, placement, timing, dtype
    warnings: list[str] = field(default_factory=list)
    unknown: dict[str, int] = field(
        default_factory=dict
    )  # operators counted as data movement, and how often

    @property
    def rows(self) -> list[Row]:
        """Every row in execution order."""
        return [data["row"] for _, data in self.graph.nodes(data=True) if "row" in data]

    @property
    def inputs(self) -> Taps:
        """The network's inputs."""
        nodes = self.graph.nodes(data=True)
        return tuple(
            Tap(node, 0, data["shape"], data.get("bits")) for node, data in nodes if "shape" in data
        )


@lru_cache(maxsize=65536)
def work_out(layer: Layer, inputs: Shapes) -> Part:
    """`layer` on maps of shapes `inputs`: output shapes and tally. Raises BadValue on a misfit."""
    least, most = layer.arity
    if len(inputs) < least or (most is not None and len(inputs) > most):
        wanted = f"at least {least}" if most is None else f"{least}"
        raise BadValue(f"{layer.kind} takes {wanted} input(s), got {len(inputs)}",
                       "name them with 'from: [a, b]'")  # fmt: skip
    outputs = layer.out_shapes(inputs)
    for shape in outputs:
        if prod(shape) > MAX_ELEMENTS:
            raise BadValue(f"a map of shape {list(shape)} is beyond 2**53 elements", "shrink it")
    return Part(layer, inputs, outputs, layer.tally(inputs, outputs))


class Builder:
    """Adds nodes to a graph; shapes are worked out, and misfits refused, as rows arrive."""

    def __init__(self) -> None:
        self.graph = nx.DiGraph()
        self._seen: dict[str, int] = {}

    def unique(self, wanted: str) -> str:
        """`wanted`, or `wanted#2`, `#3`, ... where it is taken."""
        count = self._seen[wanted] = self._seen.get(wanted, 0) + 1
        return wanted if count == 1 else self.unique(f"{wanted}#{count}")

    def input(self, name: str, shape: Shape, bits: int | None = None) -> Tap:
        """Add a network input of `shape` per sample, of `bits` per element where the file fixes them."""
        node = self.unique(name)
        self.graph.add_node(node, shape=shape, bits=bits)
        return Tap(node, 0, shape, bits)

    def row(self, wanted: str, name: str, block: str, place: Place,
            layers: Sequence[Layer], inputs: Taps) -> Taps:  # fmt: skip
        """Add one row that runs `layers` one after the other on `inputs`; its output taps.

        Raises BadValue where shapes misfit; then nothing was added.
        """
        shapes: Shapes = tuple(tap.shape for tap in inputs)
        parts = []
        for layer in layers:
            part = work_out(layer, shapes)
            parts.append(part)
            shapes = part.outputs
        return self.ready(wanted, name, block, place, tuple(parts), inputs)

    def ready(self, wanted: str, name: str, block: str, place: Place, parts: tuple[Part, ...], inputs: Taps,
              out_bits: tuple[int | None, ...] = (), constants: Constants | None = None) -> Taps:  # fmt: skip
        """Add one row whose parts are worked out already; its output taps."""
        row = Row(self.unique(wanted), name, block, place, parts, inputs, out_bits, constants)
        self.graph.add_node(row.id, row=row)
        for tap in inputs:
            self.graph.add_edge(tap.node, row.id)
        return row.taps
