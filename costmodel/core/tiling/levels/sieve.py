"""Which tilings of windows at an outer level could still lead to the cheapest schedule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costmodel.core.tiling.boxes import Boxes, smaller_boxes
from costmodel.core.tiling.levels.bounding import Bounding
from costmodel.core.tiling.levels.search import Floats
from costmodel.core.tiling.levels.windows import AxisWays, WindowWays, axis_ways, combined
from costmodel.core.tiling.orders import NodeOrder
from costmodel.core.tiling.windows import Ints

PARTS = 3, 9
"""Cuts of each group of plain axes that tilings are compared with at first, and then."""
MOST = {2: 1 << 20, 3: 1 << 12}
"""[tilings of all axes] Number of levels -> where there are more tilings of one level, each axis
keeps those whose own bounds are least.
"""
LADDER = 2
"""Ratio of the sizes that are tried for a first answer."""


def sieved(
    bounding: Bounding,
    axes: tuple[Boxes, ...],
    order: NodeOrder,
    costs: Sequence[float],
    level: int,
    best: float,
    *,
    coarse: bool,
) -> tuple[WindowWays, Floats]:
    """Tilings of all axes of windows with bounds (m,) below `best`.

    `costs`: what is spent over each boundary at least.
    """
    ways = [axis_ways(boxes, order, innermost=False) for boxes in axes]
    if coarse:
        ways = [one.take(_few(one, boxes)) for one, boxes in zip(ways, axes, strict=True)]
    inside = [_inside(bounding, axes, at, one, level + 1) for at, one in enumerate(ways)]

    def bounds(factors: Floats, insides: Floats, parts: int) -> Floats:
        own = bounding.own(level, order, factors, parts)
        inner = np.maximum(insides, costs[level + 1])
        return bounding.totals([*costs[:level], own, inner, *costs[level + 2 :]])

    most = MOST[min(len(costs), max(MOST))]
    tables = [np.stack(one.tilings.factors, axis=1).astype(float) for one in ways]
    for at, one in enumerate(ways):
        if not all(len(table) for table in tables):
            break
        others = np.prod([t.min(axis=0) for n, t in enumerate(tables) if n != at], axis=0)
        alone = bounds(tables[at] * others, inside[at], PARTS[1])
        kept = np.argsort(alone, kind="stable")[: int(most ** (1 / len(ways)))]
        kept = np.sort(kept[alone[kept] < best])
        ways[at], inside[at], tables[at] = one.take(kept), inside[at][kept], tables[at][kept]
    blocks, found = [], []
    for block in combined(ways, alike=len(set(axes)) == 1):
        insides = np.max(
            [of_axis[block.places[:, at]] for at, of_axis in enumerate(inside)], axis=0
        )
        for parts in PARTS:
            total = bounds(block.factors, insides, parts)
            kept = np.flatnonzero(total < best)
            block, insides = block.take(kept), insides[kept]
        blocks.append(block)
        found.append(total[kept])
    places = [np.empty((0, len(axes)), dtype=np.int64), *(block.places for block in blocks)]
    factors = [np.empty((0, 6)), *(block.factors for block in blocks)]
    every = WindowWays(tuple(ways), np.concatenate(places), np.concatenate(factors))
    return every, np.concatenate([np.empty(0), *found])


def _inside(
    bounding: Bounding, axes: tuple[Boxes, ...], at: int, ways: AxisWays, level: int
) -> Floats:
    """(m,) No schedule costs less over the boundary inside, with one axis alone cut into boxes."""
    sizes = np.stack([ways.outputs[:, 2], ways.taps[:, 2]], axis=1)
    distinct, of_each = np.unique(sizes, axis=0, return_inverse=True)
    least = [
        bounding.inside(
            level, (*axes[:at], smaller_boxes(axes[at], (outputs,), (taps,)), *axes[at + 1 :])
        )
        for outputs, taps in distinct.tolist()
    ]
    return np.array(least, dtype=float)[of_each.ravel()]


def _few(ways: AxisWays, boxes: Boxes) -> Ints:
    """The places of tilings with sizes that are a ladder, or the whole."""
    few = np.ones(len(ways.outputs), dtype=bool)
    for sizes, length in ((ways.outputs, boxes.outputs), (ways.taps, boxes.taps)):
        steps = [length]
        for size in np.unique(sizes)[::-1].tolist():
            if size * LADDER <= steps[-1]:
                steps.append(size)
        few &= np.isin(sizes, [*steps, 1]).all(axis=1)
    return np.flatnonzero(few)
