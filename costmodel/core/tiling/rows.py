"""The contractions of a network: which rows tile, and which maps their operands are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import KW_ONLY, dataclass
from math import ceil, prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from costmodel.core.part import HELD, OUTSIDE
from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.joint import AnyNest, JointNest, Piece
from costmodel.core.tiling.levels.through import Sharing, through
from costmodel.core.tiling.nest import AttentionNest, Contraction, Nest, Widths
from costmodel.core.tiling.traffic_curve import TrafficCurve
from costmodel.core.tiling.windows import Ints

if TYPE_CHECKING:
    from costmodel.core.maps import Maps
    from costmodel.core.network import Row, Tap
    from costmodel.core.part import Part


LONGEST = 1 << 16
"""Outputs times taps of an axis along which a window slides: with more the row streams."""
LARGEST = 1 << 28
"""Of any axis."""


class Tiling(NamedTuple):
    """What a machine says of tiles."""

    sum_bits: int
    """Of a partial sum in the accumulator."""
    double: bool = False
    """True: each tile but that of the tensor that stays has a second buffer."""
    fused: bool = False
    """True: rows may run depth first, lines of a map passing from one to the next."""


@dataclass(frozen=True, eq=False)
class RowNest:
    """A row as a contraction; its operands are tensors of the workload, or parameters (none)."""

    row: int
    nest: AnyNest
    input: tuple[int, ...]
    weights: tuple[int, ...]
    output: tuple[int, ...]
    _: KW_ONLY
    bits: Widths
    """Of one element, and of a partial sum."""

    def traffic_curve(
        self, *, reads: bool = True, weights: bool = True, output: bool = True, double: bool
    ) -> TrafficCurve:
        """The least traffic over the room [bit] of what is outside: reads, weights, output."""
        widths = self.widths(reads=reads, weights=weights, output=output)
        return traffic_curve(self.nest, widths, double=double)

    def straight(self, operands: str, sharing: Sharing) -> tuple[int, int, int]:
        """Bytes beyond the first fetch of `operands` that go to the engine: as `refetched`."""
        if not operands:
            return 0, 0, 0
        moved = through(self.nest, self.bits, operands, sharing)
        once = traffic_curve(self.nest, self.bits).moved
        more = [
            max(-(-(int(all_of_it) - int(first[-1])) // 8), 0)
            for all_of_it, first in zip(moved, once, strict=True)
        ]
        reads, weights, sums, outputs = more
        if self.weights:
            return reads + sums + weights, outputs, 0
        return reads + sums, outputs, weights

    def refetched(self, curve: TrafficCurve) -> tuple[Ints, Ints, Ints]:
        """Bytes beyond the first fetch at each step (S,): maps read, maps written, parameters."""
        inputs, weights, sums, outputs = curve.refetched
        if self.weights:
            return inputs + sums + weights, outputs, np.zeros_like(weights)
        return inputs + sums, outputs, weights

    def widths(self, *, reads: bool, weights: bool, output: bool) -> Widths:
        """The bits of what is outside; what is on chip neither moves nor needs room."""
        return Widths(
            self.bits.input * reads,
            self.bits.weight * weights,
            self.bits.output * output,
            self.bits.sum * output,
        )


@dataclass(frozen=True, eq=False)
class Alike:
    """Rows that are the same contraction of other tensors: they have their curves in common."""

    nest: RowNest
    """Any of them."""
    rows: Ints
    """(N,)"""
    operands: tuple[list[Ints], ...]
    """Of input, weights and output the tensors (N,) of each row; no weights: parameters."""


def alike(nests: Iterable[RowNest]) -> list[Alike]:
    """Group the rows whose contractions are equal."""
    groups: dict[Hashable, list[RowNest]] = {}
    for row in nests:
        operands = (row.input, row.weights, row.output)
        groups.setdefault((row.nest, row.bits, *map(len, operands)), []).append(row)
    return [
        Alike(
            group[0],
            np.array([row.row for row in group]),
            tuple(
                [np.array(column) for column in zip(*tensors, strict=True)]
                for tensors in zip(*((r.input, r.weights, r.output) for r in group), strict=True)
            ),
        )
        for group in groups.values()
    ]


def row_nests(
    rows: tuple[Row, ...],
    maps: Maps,
    samples: int,
    bits: int,
    tiling: Tiling,
    param_bits: int | None = None,
) -> tuple[RowNest, ...]:
    """Every row of one layer with contractions, with elementwise work around it at most.

    Several contractions of a layer run one after the other, each in the whole of the row's memory.
    Between them nothing of a tile stays; a result of the layer's own moves at its width where its
    kernels write it outside, and neither moves nor takes room where it stays on chip. They tile
    where each one reads the row's map or such a result, and parameters.

    A parameter has `param_bits`, or those that its layer fixes, filled up to whole ones.

    Rows of several layers with contractions, those with very long axes, those that read a state,
    and all others, stream.
    """
    nests = []
    for number, row in enumerate(rows):
        each = [part.layer.contractions(part.inputs, samples) for part in row.parts]
        places = [at for at, contractions in enumerate(each) if contractions]
        if len(places) != 1 or any(tap.state for tap in row.inputs):
            continue
        contractions = each[places[0]]
        operands = _operands(row, places[0], contractions)
        if operands is None or any(_long(one.nest) or not one.macs for one in contractions):
            continue
        inputs, weights = operands
        taps = (inputs[0], weights[0] if weights else None, row.taps[0])
        held = ceil(row.parts[places[0]].layer.weight_bits or param_bits or bits)
        of = [held if tap is None else tap.bits or bits for tap in taps]
        widths = Widths(of[0], of[1], of[2], tiling.sum_bits)
        tensors = (_tensors(maps, group) for group in (inputs, weights, row.taps))
        nests.append(RowNest(number, _joint(contractions, widths), *tensors, bits=widths))
    return tuple(nests)


def _joint(contractions: tuple[Contraction, ...], widths: Widths) -> AnyNest:
    """The nest of one contraction, or of several one after the other."""
    if len(contractions) == 1:
        return contractions[0].nest
    inner = {"chip": (0, 0, 0), "scratch": (widths.input, widths.output, widths.sum)}
    pieces = []
    for one in contractions:
        read = inner[one.input][0] if isinstance(one.input, str) else None
        written = (None, None) if one.output is None else inner[one.output][1:]
        pieces.append(Piece(one.nest, read, *written))
    return JointNest(tuple(pieces))


def _long(nest: Nest | AttentionNest) -> bool:
    """True where axes are too long for all their tiles to be tried."""
    if isinstance(nest, AttentionNest):
        return max(nest.queries, nest.keys) > LARGEST
    sizes = (nest.batch, nest.out_channels, nest.in_channels, *(s.outputs for s in nest.sweeps))
    slides = any(not one.plain and one.outputs * one.taps > LONGEST for one in nest.sweeps)
    return slides or max(sizes) > LARGEST


def _tensors(maps: Maps, taps: Iterable[Tap]) -> tuple[int, ...]:
    return tuple(tensor for tap in taps for tensor in maps.behind[tap.key])


def _operands(
    row: Row, at: int, contractions: tuple[Contraction, ...]
) -> tuple[list[Tap], list[Tap]] | None:
    """The maps that are the input and weights of part `at`; None where they cannot be tiled."""
    first = contractions[0]
    if isinstance(first.input, str) or first.weights == "state":
        return None
    held = () if isinstance(first.weights, str) else first.weights
    mine = (first.input, "chip", "scratch")
    if any(one.input not in mine or one.weights != "parameters" for one in contractions[1:]):
        return None
    if len(contractions) > 1 and held:
        return None
    inputs, weights = (
        [row.source_of(at, operand) for operand in group] for group in (first.input, held)
    )
    if inputs == [None] and not weights:
        inputs = [_comes_in(row, row.parts[at])]
    if None in inputs or None in weights:
        return None
    return [tap for tap in inputs if tap], [tap for tap in weights if tap]


def _comes_in(row: Row, part: Part) -> Tap | None:
    """The map whose elements become the first operand of a part as they come in; None for none."""
    source = part.reads[0]
    while source.part != OUTSIDE:
        source = row.parts[source.part].reads[0]
    tap = None if source == HELD else row.inputs[source.port]
    return tap if tap is not None and prod(tap.shape) == prod(part.inputs[0]) else None
