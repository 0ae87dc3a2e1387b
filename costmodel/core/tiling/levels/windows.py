"""Tilings of the axes of overlapping windows at one level, and the boxes that each of them leaves.

At the outermost levels the tile of the last node is a box: what stands below it, the nodes of the
next level inside, tiles each box as a nest of its own. A box as small as a single output or tap
lets the last tile take least room; a larger one can be tiled better inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from costmodel.core.tiling.boxes import Boxes, smaller_boxes
from costmodel.core.tiling.levels.search import Floats
from costmodel.core.tiling.orders import AxisTilings, NodeOrder, best, box_axis
from costmodel.core.tiling.pareto import smallest
from costmodel.core.tiling.windows import Ints, window_sizes


@dataclass(frozen=True)
class AxisWays:
    """Tilings of one axis with the nested cuts that lead to each node's tile and to the box."""

    tilings: AxisTilings
    outputs: Ints
    """(m, 3) sizes along the outputs, the last one that of the box."""
    taps: Ints
    """(m, 3)"""

    def boxes(self, boxes: Boxes, at: int) -> Boxes:
        """What one of the tilings makes of the boxes outside."""
        return smaller_boxes(boxes, tuple(self.outputs[at].tolist()), tuple(self.taps[at].tolist()))


@lru_cache(maxsize=4096)
def axis_ways(boxes: Boxes, order: NodeOrder, *, innermost: bool) -> AxisWays:
    """The tilings that can be best; at the innermost level a box is as small as it can be."""
    axis = box_axis(order.nodes, order.beside, boxes)
    last = order.nodes[-1]
    if innermost or last == "I":
        inner = np.ones(len(axis.slides), dtype=np.int64)
        ways = AxisWays(axis, *_nested(order, axis, inner))
        kept = best_places(axis, ways, boxed=not innermost)
        return AxisWays(axis.take(kept), ways.outputs[kept], ways.taps[kept])
    # along the axis of windows that the tensor of the last node has
    tiles = axis.tiles
    limit = {
        "OIW": tiles.taps, "IOW": tiles.taps, "WIO": tiles.outputs, "IWO": tiles.outputs,
    }[order.nodes]  # fmt: skip
    tried = {size: window_sizes(boxes.full, size) for size in np.unique(limit).tolist()}
    lists = [tried[size] for size in limit.tolist()]
    at, inner = np.repeat(np.arange(len(limit)), [len(some) for some in lists]), np.concatenate(lists)
    axis = axis.take(at)
    held = {"taps": inner} if last == "W" else {"sums": inner}
    axis = AxisTilings(axis.factors._replace(**held), axis.tiles)
    ways = AxisWays(axis, *_nested(order, axis, inner))
    kept = best_places(axis, ways, boxed=True)
    return AxisWays(axis.take(kept), ways.outputs[kept], ways.taps[kept])


def best_places(axis: AxisTilings, ways: AxisWays, *, boxed: bool) -> Ints:
    table = np.stack([*axis.factors, axis.slides], axis=1)
    if boxed:
        table = np.concatenate([table, -ways.outputs[:, 2:], -ways.taps[:, 2:]], axis=1)
    return smallest(table)


def _nested(order: NodeOrder, axis: AxisTilings, inner: Ints) -> tuple[Ints, Ints]:
    """(m, 3) the nested cuts of outputs and of taps, above and between the nodes."""
    o, t, _, other_o, other_t = axis.tiles
    outputs, taps = {
        "OIW": ((other_o, o, o), (other_t, t, inner)),
        "OWI": ((other_o, o, o), (other_t, t, t)),
        "WOI": ((other_o, o, o), (other_t, t, t)),
        "WIO": ((other_o, o, inner), (other_t, t, t)),
        "IOW": ((o, other_o, other_o), (t, inner, inner)),
        "IWO": ((o, inner, inner), (t, other_t, other_t)),
    }[order.nodes]
    if order.beside:
        outputs = (o, o, o) if order.nodes == "OIW" else (o, o, inner)
        taps = (t, t, inner) if order.nodes == "OIW" else (t, t, t)
    return np.stack(outputs, axis=1), np.stack(taps, axis=1)


@dataclass(frozen=True)
class WindowWays:
    """Tilings of all axes of windows together; at most one axis slides."""

    axes: tuple[AxisWays, ...]
    places: Ints
    """(m, axes) the number of each axis' tiling."""
    factors: Floats
    """(m, 6) what they multiply rooms and traffic with."""


@lru_cache(maxsize=512)
def window_ways(axes: tuple[Boxes, ...], order: NodeOrder, *, innermost: bool) -> WindowWays:
    """Combine the axes' tilings."""
    ways = tuple(axis_ways(boxes, order, innermost=innermost) for boxes in axes)
    places = np.concatenate(_combined(axes, ways))
    factors = np.prod(
        [
            np.stack(one.tilings.factors, axis=1)[places[:, at]] for at, one in enumerate(ways)
        ],
        axis=0,
    )
    return WindowWays(ways, places, factors.astype(float))


def _combined(axes: Sequence[Boxes], ways: Sequence[AxisWays]) -> list[Ints]:
    blocks = []
    # two equal axes: what slides along the second has its mirror image along the first
    alike = len(axes) == 2 and axes[0] == axes[1]
    for sliding in range(1 if alike else len(ways)):
        lists = [
            np.flatnonzero(one.tilings.slides if at == sliding and sliding else ~one.tilings.slides) if at != sliding or sliding else np.arange(len(one.tilings.slides))
            for at, one in enumerate(ways)
        ]
        mesh = np.meshgrid(*lists, indexing="ij")
        blocks.append(np.stack([places.ravel() for places in mesh], axis=1))
    return blocks
