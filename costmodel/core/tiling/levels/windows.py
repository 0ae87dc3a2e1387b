"""Tilings of the axes of overlapping windows at one level, and the boxes that each of them leaves.

At the outermost levels the tile of the last node is a box: what stands below it, the nodes of the
next level inside, tiles each box as a nest of its own. A box as small as a single output or tap
lets the last tile take least room; a larger one can be tiled better inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from costmodel.core.tiling.boxes import Boxes, smaller_boxes
from costmodel.core.tiling.levels.search import Floats
from costmodel.core.tiling.orders import AxisTilings, Factors, NodeOrder, box_axis
from costmodel.core.tiling.pareto import smallest
from costmodel.core.tiling.windows import Ints, window_sizes

RUNS = 16
"""[outputs x taps] Up to here boxes are cut out of ragged runs too, which seldom pays."""
BLOCK = 1 << 16
"""[tilings of all axes] made at once."""


@dataclass(frozen=True)
class AxisWays:
    """Tilings of one axis with the nested cuts that lead to each node's tile and to the box."""

    tilings: AxisTilings
    outputs: Ints
    """(m, 3) sizes along the outputs, the last one that of the box."""
    taps: Ints
    """(m, 3)"""

    def take(self, where: Ints | NDArray[np.bool_]) -> AxisWays:
        """Some of them."""
        return AxisWays(self.tilings.take(where), self.outputs[where], self.taps[where])

    def sizes(self, at: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The nested cuts of outputs and of taps of one of them."""
        return tuple(self.outputs[at].tolist()), tuple(self.taps[at].tolist())


@lru_cache(maxsize=4096)
def axis_ways(boxes: Boxes, order: NodeOrder, *, innermost: bool) -> AxisWays:
    """The tilings that can be best; at the innermost level a box is as small as it can be."""
    small = not innermost and boxes.outputs * boxes.taps <= RUNS
    axis = box_axis(order.nodes, order.beside, boxes, every_run=small)
    last = order.nodes[-1]
    inner = np.ones(len(axis.slides), dtype=np.int64)
    if not innermost and last != "I":
        # along what the windows of the last node's tensor have: taps or outputs
        limit = axis.tiles.taps if last == "W" else axis.tiles.outputs
        tried = {size: window_sizes(boxes.full, size) for size in np.unique(limit).tolist()}
        lists = [tried[size] for size in limit.tolist()]
        axis = axis.take(np.repeat(np.arange(len(limit)), [len(some) for some in lists]))
        inner = np.concatenate(lists)
        held = {"taps": inner} if last == "W" else {"sums": inner}
        axis = AxisTilings(axis.factors._replace(**held), axis.tiles)
    outputs, taps = _nested(boxes, order, axis, inner)
    table = np.stack([*axis.factors, axis.slides], axis=1)
    if not innermost:
        # a larger box can be tiled as smaller ones are
        table = np.concatenate([table, -outputs[:, 2:], -taps[:, 2:]], axis=1)
    return AxisWays(axis, outputs, taps).take(smallest(table))


def _nested(boxes: Boxes, order: NodeOrder, axis: AxisTilings, inner: Ints) -> tuple[Ints, Ints]:
    """(m, 3) the nested cuts of outputs and of taps, above and between the nodes."""
    o, t, _, other_o, other_t = axis.tiles
    whole_o, whole_t = np.full_like(o, boxes.outputs), np.full_like(t, boxes.taps)
    outputs, taps = {
        "OIW": ((other_o, o, o), (other_t, t, inner)),
        "OWI": ((other_o, other_o, o), (whole_t, other_t, t)),
        "WOI": ((whole_o, other_o, o), (other_t, other_t, t)),
        "WIO": ((other_o, o, inner), (other_t, t, t)),
        "IOW": ((o, other_o, other_o), (t, t, inner)),
        "IWO": ((o, o, inner), (t, other_t, other_t)),
    }[order.nodes]
    if order.beside:
        outputs = (o, o, o) if order.nodes == "OIW" else (o, o, inner)
        taps = (t, t, inner) if order.nodes == "OIW" else (t, t, t)
    return np.stack(outputs, axis=1), np.stack(taps, axis=1)


@dataclass(frozen=True)
class WindowWays:
    """Tilings of all axes of windows together."""

    axes: tuple[AxisWays, ...]
    places: Ints
    """(m, axes) the number of each axis' tiling."""
    factors: Floats
    """(m, 6) what they multiply rooms and traffic with."""

    def boxes(self, axes: Sequence[Boxes], place: int) -> tuple[Boxes, ...]:
        """What one of them makes of the boxes outside."""
        return tuple(
            smaller_boxes(boxes, *one.sizes(int(at)))
            for boxes, one, at in zip(axes, self.axes, self.places[place], strict=True)
        )

    def box_sizes(self, place: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """For each axis: outputs and taps of its boxes, as one cut each."""
        every = [one.sizes(int(at)) for one, at in zip(self.axes, self.places[place], strict=True)]
        return [(outputs[2:], taps[2:]) for outputs, taps in every]

    def take(self, where: Ints) -> WindowWays:
        """Some of them."""
        return WindowWays(self.axes, self.places[where], self.factors[where])


@lru_cache(maxsize=512)
def window_ways(axes: tuple[Boxes, ...], order: NodeOrder) -> WindowWays:
    """Combine the axes' tilings at the innermost level; one choice where there are no axes."""
    if not axes:
        return WindowWays((), np.empty((1, 0), dtype=np.int64), np.ones((1, len(Factors._fields))))
    ways = [axis_ways(boxes, order, innermost=True) for boxes in axes]
    blocks = list(combined(ways, alike=len(set(axes)) == 1))
    places = np.concatenate([block.places for block in blocks])
    return WindowWays(tuple(ways), places, np.concatenate([block.factors for block in blocks]))


def combined(ways: Sequence[AxisWays], *, alike: bool) -> Iterator[WindowWays]:
    """Every choice of a tiling for each axis, block by block; at most one axis slides."""
    tables = [np.stack(one.tilings.factors, axis=1).astype(float) for one in ways]
    # two equal axes: what slides along the second has its mirror image along the first
    for sliding in range(1 if alike and len(ways) == 2 else len(ways)):
        lists = []
        for at, one in enumerate(ways):
            slides = one.tilings.slides
            if at == sliding:
                lists.append(np.flatnonzero(slides | (sliding == 0)))
            else:
                lists.append(np.flatnonzero(~slides))
        shape = tuple(len(some) for some in lists)
        for begin in range(0, prod(shape), BLOCK):
            numbers = np.arange(begin, min(begin + BLOCK, prod(shape)))
            chosen = [
                some[at] for some, at in zip(lists, np.unravel_index(numbers, shape), strict=True)
            ]
            factors = tables[0][chosen[0]]
            for table, places in zip(tables[1:], chosen[1:], strict=True):
                factors = factors * table[places]
            yield WindowWays(tuple(ways), np.stack(chosen, axis=1), factors)
