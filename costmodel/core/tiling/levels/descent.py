"""Convolutions on several levels: boxes of the outermost level, smaller ones inside, and so on."""

from __future__ import annotations

from dataclasses import dataclass, field

from math import prod

from heapq import heappop, heappush

import numpy as np

from costmodel.core.tiling.boxes import Boxes, whole_axis
from costmodel.core.tiling.levels.floors import floor
from costmodel.core.tiling.levels.node_orders import GROUPS, NodesOrder
from costmodel.core.tiling.levels.plain import PlainSchedule, PlainSearch
from costmodel.core.tiling.levels.pricing import Pricing
from costmodel.core.tiling.levels.search import Floats
from costmodel.core.tiling.levels.windows import AxisWays, WindowWays, axis_ways, window_ways
from costmodel.core.tiling.orders import BESIDE, ORDERS, Factors, NodeOrder
from costmodel.core.tiling.windows import Ints


@dataclass(frozen=True)
class Cut:
    """What a level does with the boxes outside it."""

    order: NodeOrder
    ways: WindowWays
    place: int


@dataclass
class Descent:
    pricing: Pricing
    least: tuple[float, ...]
    """(L,) no schedule costs less over each boundary."""
    search: PlainSearch = field(init=False)
    found: tuple[PlainSchedule, tuple[Cut, ...], Floats] | None = None
    floors: dict[object, float] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.search = PlainSearch(self.pricing)

    def run(self) -> None:
        axes = tuple(whole_axis(sweep) for sweep in self.pricing.nest.overlapping)
        self.heap = []
        self.count = 0
        self._expand(0, axes, (), list(self.least))
        while self.heap and self.heap[0][0] < self.search.best:
            _, number, make = heappop(self.heap)
            make()

    def _push(self, bound, make):
        if bound < self.search.best:
            self.count += 1
            heappush(self.heap, (bound, self.count, make))

    def _stream(self, bounds, use, at=0):
        """Push use(0), use(1), ... one after the other with ascending bounds."""
        if at < len(bounds):
            def make():
                self._stream(bounds, use, at + 1)
                use(at)
            self._push(bounds[at], make)

    def _stat(self, what):
        self.stats[what] = self.stats.get(what, 0) + 1

    def _total(self, costs: list[Floats | float]) -> Floats:
        if self.pricing.longest:
            return np.maximum.reduce(np.broadcast_arrays(*costs))
        return np.asarray(sum(costs))

    def _orders(self, level: int) -> tuple[NodeOrder, ...]:
        return ORDERS + BESIDE if self.pricing.levels[level].double else ORDERS

    def _expand(
        self, level: int, axes: tuple[Boxes, ...], cuts: tuple[Cut, ...], costs: list[float]
    ) -> None:
        innermost = level == len(self.pricing.levels) - 1
        for order in self._orders(level):
            if innermost:
                self._innermost(axes, cuts, order, costs)
                continue
            ways, least = self._sifted(level, axes, order, costs)
            total = self._total([*costs[:level], least, *costs[level + 1 :]])
            ranks = np.argsort(total, kind="stable")
            def use(at, ways=ways, least=least, ranks=ranks, order=order):
                place = int(ranks[at])
                self._boxed(level, axes, cuts, costs, order, ways, place)
            self._stream(total[ranks], use)

    def _boxed(self, level, axes, cuts, costs, order, ways, place):
        self._stat(f"boxed{level}")
        boxes = tuple(
            one.boxes(outside, int(ways.places[place, axis]))
            for axis, (one, outside) in enumerate(zip(ways.axes, axes, strict=True))
        )
        here = list(costs)
        here[level] = float(self._floor(level, order, relaxed=False).least(ways.factors[place:place+1])[0])
        here[level + 1] = max(here[level + 1], self._inside(level + 1, boxes))
        def make():
            self._stat(f"in{level}")
            self._expand(level + 1, boxes, (*cuts, Cut(order, ways, place)), here)
        self._push(float(self._total(here)), make)

    def _floor(self, level, order, *, relaxed):
        key = level, order, relaxed
        if key not in self.floors:
            self.floors[key] = floor(self.pricing, level, order, relaxed=relaxed)
        return self.floors[key]

    def _inside(self, level: int, boxes: tuple[Boxes, ...]) -> float:
        """No tiling of the boxes costs less over the boundary of the level inside."""
        key = level, boxes
        if key not in self.floors:
            innermost = level == len(self.pricing.levels) - 1
            self.floors[key] = min(
                float(
                    self._floor(level, order, relaxed=False)
                    .least(window_ways(boxes, order, innermost=True).factors)
                    .min()
                )
                for order in self._orders(level)
            )
        return self.floors[key]

    def _sifted(self, level, axes, order, costs) -> tuple[WindowWays, Floats]:
        ways = window_ways(axes, order, innermost=False)
        least = self._floor(level, order, relaxed=True).least(ways.factors)
        total = self._total([*costs[:level], least, *costs[level + 1 :]])
        kept = np.flatnonzero(total < self.search.best)
        ways = WindowWays(ways.axes, ways.places[kept], ways.factors[kept])
        return ways, least[kept]

    def _innermost(self, axes, cuts, order, costs) -> None:
        level = len(cuts)
        ways = window_ways(axes, order, innermost=True)
        least = self._floor(level, order, relaxed=False).least(ways.factors)
        floors = self._total([*costs[:level], least])
        kept = np.flatnonzero(floors < self.search.best)
        if not len(kept):
            return
        nodes = self.pricing.nodes.apart([*(cut.order for cut in cuts), order])
        count = len(kept)
        outer = [np.broadcast_to(cut.ways.factors[cut.place], (count, len(Factors._fields))) for cut in cuts]
        engine = np.broadcast_to(self.pricing.engine_factors, (count, len(Factors._fields)))
        factors = np.stack([*outer, ways.factors[kept], engine], axis=1)
        lists = self.search.cuts(nodes, coarse=False)
        bounds = np.maximum(floors[kept], self._least(nodes, factors, lists))
        ranks = np.argsort(bounds, kind="stable")
        def use(at):
            self._stat("plain")
            place = ranks[at]
            schedule = self.search.run([nodes], factors[place], coarse=False)
            if schedule is not None:
                self.found = schedule, (*cuts, Cut(order, ways, int(kept[place]))), factors[place]
        self._stream(bounds[ranks], use)

    def _least(self, nodes: NodesOrder, factors: Floats, lists) -> Floats:
        """(m,) a lower bound for each tiling of windows (m, L + 1, 6): each group of axes alone."""
        slopes, (_, rest) = self.pricing.slopes(factors), self.pricing.bases
        total = self.pricing.sums(rest)
        for number, cuts in enumerate(lists):
            fits = np.ones((len(factors), len(cuts.sizes)), dtype=bool)
            for level, limit in enumerate(self.pricing.limits):
                room = np.zeros((1, 1))
                for tile in nodes.tiles:
                    if tile.level == level:
                        extent = prod(
                            columns[:, depth] if at == number else columns[:, depth].min()
                            for at, columns, depth in (
                                (at, lists[at].sizes, tile.depth[group])
                                for at, group in enumerate(GROUPS) if group in tile.depth
                            )
                        )
                        extents = self.pricing.extents(tile, factors)
                        room = room + extents[:, np.newaxis] * np.atleast_1d(extent)
                fits &= room <= limit
            cost = self.pricing.sums(slopes[:, np.newaxis, number] * cuts.counts)
            cost[~fits] = np.inf
            total = total + cost.min(axis=1)
        return total.max(axis=-1)
