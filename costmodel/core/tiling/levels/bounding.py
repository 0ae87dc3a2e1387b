"""Lower bounds for schedules of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from costmodel.core.tiling.boxes import Boxes
from costmodel.core.tiling.levels.floors import Floor, floor
from costmodel.core.tiling.levels.node_orders import GROUPS, NodesOrder
from costmodel.core.tiling.levels.pricing import Cuts, Pricing
from costmodel.core.tiling.levels.search import Flags, Floats
from costmodel.core.tiling.levels.windows import window_ways
from costmodel.core.tiling.orders import ORDERS, NodeOrder


@dataclass
class Bounding:
    """Bounds of one nest on its levels, kept for the time of a search."""

    pricing: Pricing
    _floors: dict[tuple[int, NodeOrder, int | None], Floor] = field(default_factory=dict)
    _inside: dict[tuple[int, tuple[Boxes, ...]], float] = field(default_factory=dict)

    def own(
        self, level: int, order: NodeOrder, factors: Floats, parts: int | None = None
    ) -> Floats:
        """(m,) No schedule with such factors (m, 6) costs less over the level's own boundary."""
        key = level, order, parts
        if key not in self._floors:
            self._floors[key] = floor(self.pricing, *key)
        return self._floors[key].least(factors)

    def inside(self, level: int, boxes: tuple[Boxes, ...]) -> float:
        """No tiling of the boxes costs less over the boundary of a level inside."""
        key = level, boxes
        if key not in self._inside:
            self._inside[key] = min(
                float(self.own(level, order, window_ways(boxes, order).factors).min())
                for order in ORDERS
            )
        return self._inside[key]

    def least(self, axes: tuple[Boxes, ...]) -> tuple[float, ...]:
        """(L,) No schedule of whole axes of windows costs less over each boundary."""
        return tuple(self.inside(level, axes) for level in range(len(self.pricing.levels)))

    def total(self, costs: Sequence[float]) -> float:
        """The costs of all boundaries in one figure."""
        return max(costs) if self.pricing.longest else sum(costs)

    def totals(self, costs: Sequence[Floats | float]) -> Floats:
        """The same for arrays (m,) and figures."""
        columns = np.stack(np.broadcast_arrays(*costs))
        return np.asarray(columns.max(axis=0) if self.pricing.longest else columns.sum(axis=0))

    def stacked(self, outer: Sequence[Floats], factors: Floats) -> Floats:
        """(m, L + 1, 6) factors of the outer levels, of the innermost one (m, 6), of the engine."""
        rows = [*outer, factors, self.pricing.engine_factors]
        return np.stack([np.broadcast_to(row, factors.shape) for row in rows], axis=1)

    def together(self, nodes: NodesOrder, lists: Sequence[Cuts], factors: Floats) -> Floats:
        """(m,) A bound with factors (m, L + 1, 6) of all levels: each group of plain axes alone."""
        slopes, (_, rest) = self.pricing.slopes(factors), self.pricing.bases
        total = self.pricing.sums(rest)
        for number, cuts in enumerate(lists):
            cost = self.pricing.sums(slopes[:, np.newaxis, number] * cuts.counts)
            cost[~self._fits(nodes, lists, factors, number)] = np.inf
            total = total + cost.min(axis=1)
        return np.asarray(total.max(axis=-1))

    def _fits(
        self, nodes: NodesOrder, lists: Sequence[Cuts], factors: Floats, number: int
    ) -> Flags:
        """(m, n) Whether each cut of one group fits beside the smallest ones of the others."""
        rooms = np.zeros((len(self.pricing.levels), len(factors), len(lists[number].sizes)))
        for tile in nodes.tiles:
            extent = np.ones(1)
            for group, depth in tile.depth.items():
                sizes = lists[GROUPS.index(group)].sizes[:, depth]
                extent = extent * (sizes if GROUPS[number] == group else sizes.min())
            rooms[tile.level] += self.pricing.extents(tile, factors)[:, np.newaxis] * extent
        limits = np.array(self.pricing.limits)[:, np.newaxis, np.newaxis]
        return np.asarray((rooms <= limits).all(axis=0))
