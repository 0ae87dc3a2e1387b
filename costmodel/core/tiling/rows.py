"""The contractions of a network: which rows tile, and which maps their operands are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import KW_ONLY, dataclass
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.nest import AttentionNest, Contraction, Nest, Widths
from costmodel.core.tiling.traffic_curve import TrafficCurve
from costmodel.core.tiling.windows import Ints

if TYPE_CHECKING:
    from costmodel.core.maps import Maps
    from costmodel.core.network import Row, Tap


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


@dataclass(frozen=True, eq=False)
class RowNest:
    """A row as a contraction; its operands are tensors of the workload, or parameters (none)."""

    row: int
    nest: Nest | AttentionNest
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
    rows: tuple[Row, ...], maps: Maps, samples: int, bits: int, tiling: Tiling
) -> tuple[RowNest, ...]:
    """Every row that is one contraction, with elementwise work around it at most.

    Rows of several contractions or of an empty one, those with very long axes, and all others,
    stream.
    """
    found = []
    for number, row in enumerate(rows):
        contractions = [part.layer.contraction(part.inputs, samples) for part in row.parts]
        places = [at for at, one in enumerate(contractions) if one is not None]
        if len(places) != 1 or not row.parts[places[0]].timed.macs:
            continue
        contraction = contractions[places[0]]
        assert contraction is not None
        if _long(contraction.nest) or any(tap.state for tap in row.inputs):
            continue
        operands = _operands(row, places[0], contraction)
        if operands is None:
            continue
        inputs, weights = operands
        taps = (inputs[0], weights[0] if weights else None, row.taps[0])
        of = [bits if tap is None else tap.bits or bits for tap in taps]
        widths = Widths(of[0], of[1], of[2], tiling.sum_bits)
        tensors = (_tensors(maps, group) for group in (inputs, weights, row.taps))
        found.append(RowNest(number, contraction.nest, *tensors, bits=widths))
    return tuple(found)


def _long(nest: Nest | AttentionNest) -> bool:
    """True where axes are too long for all their tiles to be tried."""
    if isinstance(nest, AttentionNest):
        return max(nest.queries, nest.keys) > LARGEST
    sizes = (nest.batch, nest.out_channels, nest.in_channels, *(s.outputs for s in nest.sweeps))
    slides = any(not one.plain and one.outputs * one.taps > LONGEST for one in nest.sweeps)
    return slides or max(sizes) > LARGEST


def _tensors(maps: Maps, taps: Iterable[Tap]) -> tuple[int, ...]:
    return tuple(tensor for tap in taps for tensor in maps.behind[tap.key])


def _operands(row: Row, at: int, contraction: Contraction) -> tuple[list[Tap], list[Tap]] | None:
    """The maps that are the input and weights of part `at`; None where the row makes them."""
    part = row.parts[at]
    if at == 0:
        if len(row.inputs) < len(part.inputs):
            return None
        groups = (contraction.input, contraction.weights)
        inputs, weights = ([row.inputs[n] for n in group] for group in groups)
        return inputs, weights
    # work ahead of it is done as its input comes in
    first = row.inputs[0] if row.inputs else None
    if first is None or contraction.weights or prod(first.shape) != prod(part.inputs[0]):
        return None
    return [first], []
