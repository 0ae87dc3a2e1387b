"""Mixed precision as a framework runs it: what is not safe in 16 bits is done in 32, with conversions between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from costmodel.arch.network import Network, Part, Row, Tap, Taps, work_out
from costmodel.layers.arithmetic import Arithmetic
from costmodel.layers.move import Cast
from costmodel.passes.base import Draft, Pass, rebuilt
from costmodel.passes.fuse_sdpa import call

WIDE = 32  # [bit] of the network's input, its parameters, and what is kept at full precision
NARROW = (
    "dense",
    "window",
    "grouped",
    "depthwise",
)  # routines that take and give the run's own 16 bits
CONVERTED = ("layer_norm", "group_norm", "resize")  # kinds whose input is converted up before
FUNCTIONS = ("pow", "exp", "log", "reciprocal")  # and elementwise functions
KEPT_UP = ("softmax",)  # kinds that read 16 bits and write 32


class Autocast(Pass):
    """Convolutions, dense layers and products run in the run's own type, norms and some functions in 32 bits.

    Everything else takes the widest type it reads: a parameter that is no mere number (a layer scale, a position embedding)
    is 32 bits wide and carries the maps behind it along. Conversions are rows. Parameters are converted too, once a run;
    that is left out, for it matters at small batches alone. Only for dtypes of 16 bits.
    """

    source: ClassVar[str] = (
        "PyTorch documentation, torch.amp, 'Autocast Op Reference': CUDA ops that autocast to float16 and to float32"
    )
    bits: ClassVar[int | None] = 16

    def apply(self, network: Network) -> Network:
        """One sweep in execution order; every map's width follows from its row's inputs."""
        draft, narrow = Draft(network), set[str]()
        for row in (
            network.rows
        ):  # a call that no fused kernel takes runs in 16 bits all the same, its softmax too
            narrow |= {
                one.id for one in call(draft, row) or () if one.parts[0].layer.kind in KEPT_UP
            }
        width: dict[tuple[str, int], int | None] = {}
        for tap in network.inputs:
            width[tap.node, 0] = WIDE if tap.bits is None else tap.bits
        rows: list[Row] = []
        for row in network.rows:
            for done in _typed(row, width, row.id in narrow):
                rows.append(done)
                width |= {(tap.node, tap.port): tap.bits for tap in done.taps}
        return rebuilt(
            network, rows, _widened(network.inputs, width), _widened(network.outputs, width)
        )


def _widened(taps: Taps, width: dict[tuple[str, int], int | None]) -> Taps:
    return tuple(replace(tap, bits=width[tap.node, tap.port]) for tap in taps)


def _typed(row: Row, width: dict[tuple[str, int], int | None], narrow: bool) -> Iterator[Row]:
    """`row` with the widths of its maps, behind the conversions that it needs."""
    taps = _widened(row.inputs, width)
    layer = row.parts[0].layer
    floats = [tap for tap in taps if tap.bits in (None, WIDE)]
    if not floats or isinstance(layer, Cast):  # a conversion gives what it is there for
        yield replace(row, inputs=taps)
        return
    wide, wanted = any(tap.bits == WIDE for tap in floats), "any"
    if narrow or layer.runs_as in NARROW:
        wide, wanted = False, "narrow"
    elif layer.kind in CONVERTED or (isinstance(layer, Arithmetic) and layer.function in FUNCTIONS):
        wide, wanted = True, "wide"
    elif layer.kind in KEPT_UP or (
        not row.view and _holds_tensors(row) and layer.kind != "batch_norm"
    ):
        wide = True
    converted = list(taps)
    for place, tap in enumerate(taps):
        if wanted != "any" and tap in floats and (tap.bits == WIDE) != (wanted == "wide"):
            made = _conversion(row, place, tap, WIDE if wanted == "wide" else None)
            yield made
            converted[place] = made.taps[0]
    bits = tuple(given if given not in (None, WIDE) else (WIDE if wide else None)
                 for given in row.out_bits or (None,) * len(row.outputs))  # fmt: skip
    yield replace(row, inputs=tuple(converted), out_bits=bits)


def _holds_tensors(row: Row) -> bool:
    """True where a parameter with axes of its own, not only a number, meets the maps."""
    if row.constants is not None:
        return row.constants.tensors
    return any(part.tally.moved_params for part in row.parts)


def _conversion(row: Row, place: int, tap: Tap, bits: int | None) -> Row:
    """A row that converts one input of `row`."""
    part: Part = work_out(Cast(), (tap.shape,))
    return Row(f"{row.id}:cast{place}", "cast", row.block, row.place, (part,), (tap,), (bits,))
