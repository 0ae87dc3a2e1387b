"""Convolutions on several levels: the outermost level leaves boxes, the next one smaller boxes.

Best first: what is to be tried next is what could still be cheapest, by a lower bound over all of
its schedules. A bound is refined step by step, each step being dearer: the outer level's own cost
and the least that any schedule costs inside; the least inside boxes of these sizes; inside these
boxes themselves; then every tiling of theirs; at last the plain axes are cut on all levels at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

import numpy as np

from costmodel.core.tiling.boxes import Boxes, smaller_boxes, whole_axis
from costmodel.core.tiling.levels.bounding import Bounding
from costmodel.core.tiling.levels.plain import PlainSchedule, PlainSearch
from costmodel.core.tiling.levels.pricing import Pricing
from costmodel.core.tiling.levels.search import Floats
from costmodel.core.tiling.levels.sieve import sieved
from costmodel.core.tiling.levels.windows import WindowWays, window_ways
from costmodel.core.tiling.orders import BESIDE, ORDERS, NodeOrder
from costmodel.core.tiling.pareto import smallest

TURNS = {1: 1 << 16, 2: 1 << 16, 3: 1 << 13}
"""Number of levels -> steps of a search after which the best schedule so far is taken: some
seconds. On two levels hardly any convolution takes as many."""
SOME = 256
"""[tilings of windows] whose plain axes are bounded in one array operation."""


class Cut(NamedTuple):
    """What a level does with the boxes outside it: an order, and tilings of the windows."""

    order: NodeOrder
    ways: WindowWays
    place: int


@dataclass(frozen=True)
class Outside:
    """What the levels so far have settled."""

    axes: tuple[Boxes, ...]
    """The boxes they leave."""
    cuts: tuple[Cut, ...]
    costs: tuple[float, ...]
    """(L,) no schedule inside costs less over each boundary."""

    def at_least(self, level: int, cost: float) -> Outside:
        """The same with a better bound over one boundary."""
        costs = list(self.costs)
        costs[level] = max(costs[level], cost)
        return replace(self, costs=tuple(costs))


class BoxedSchedule(NamedTuple):
    """A schedule of boxes."""

    plain: PlainSchedule
    cuts: tuple[Cut, ...]
    factors: Floats
    """(L + 1, 6) of windows at each level and at the engine."""


@dataclass
class Descent:
    """One search."""

    pricing: Pricing
    schedule: BoxedSchedule | None = None
    coarse: bool = True
    _heap: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.search = PlainSearch(self.pricing)
        self.bounding = Bounding(self.pricing)

    def run(self) -> BoxedSchedule | None:
        """Search among a few tilings for a first answer, then among all of them."""
        axes = tuple(whole_axis(sweep) for sweep in self.pricing.nest.overlapping)
        least = self.bounding.least(axes)
        for self.coarse in (True, False):
            self._inside(Outside(axes, (), least))
            turns = TURNS[min(len(self.pricing.levels), max(TURNS))]
            while self._heap and self._heap[0][0] < self.search.best and turns:
                heappop(self._heap)[2]()
                # a search goes on until it has any schedule
                turns -= int(np.isfinite(self.search.best))
            self._heap.clear()
        return self.schedule

    def _push(self, bound: float, go_on: Callable[[], None]) -> None:
        if bound < self.search.best:
            heappush(self._heap, (bound, next(self._number), go_on))

    def _stream(self, bounds: Floats, use: Callable[[int], None]) -> None:
        """Use each number when its bound's turn has come; only the next one waits in the heap."""
        ranks = np.argsort(bounds, kind="stable")

        def push(rank: int) -> None:
            if rank < len(ranks):
                self._push(float(bounds[ranks[rank]]), lambda: go_on(rank))

        def go_on(rank: int) -> None:
            push(rank + 1)
            use(int(ranks[rank]))

        push(0)

    def _inside(self, outside: Outside) -> None:
        level = len(outside.cuts)
        orders = ORDERS + BESIDE if self.pricing.levels[level].double else ORDERS
        for order in orders:
            if level == len(self.pricing.levels) - 1:
                self._innermost(outside, order)
            else:
                self._boxes(outside, order)

    def _boxes(self, outside: Outside, order: NodeOrder) -> None:
        level = len(outside.cuts)
        ways, bounds = sieved(
            self.bounding, outside.axes, order, outside.costs, level, self.search.best,
            coarse=self.coarse,
        )  # fmt: skip

        def sized(place: int) -> None:
            """Bound it with boxes of its sizes, at the ends alone ragged."""
            sizes = ways.box_sizes(place)
            boxes = tuple(
                smaller_boxes(axis, outputs, taps)
                for axis, (outputs, taps) in zip(outside.axes, sizes, strict=True)
            )
            own = self.bounding.own(level, order, ways.factors[place : place + 1])
            closer = outside.at_least(level, float(own[0]))
            closer = closer.at_least(level + 1, self.bounding.inside(level + 1, boxes))
            self._push(self.bounding.total(closer.costs), lambda: boxed(place, closer))

        def boxed(place: int, closer: Outside) -> None:
            boxes = ways.boxes(outside.axes, place)
            closer = closer.at_least(level + 1, self.bounding.inside(level + 1, boxes))
            cuts = (*outside.cuts, Cut(order, ways, place))
            inside = Outside(boxes, cuts, closer.costs)
            self._push(self.bounding.total(closer.costs), lambda: self._inside(inside))

        self._stream(bounds, sized)

    def _innermost(self, outside: Outside, order: NodeOrder) -> None:
        level = len(outside.cuts)
        ways = window_ways(outside.axes, order)
        own = self.bounding.own(level, order, ways.factors)
        bounds = self.bounding.totals([*outside.costs[:level], own])
        ranks = np.argsort(bounds, kind="stable")[: int((bounds < self.search.best).sum())]
        nodes = self.pricing.nodes.apart([*(cut.order for cut in outside.cuts), order])
        outer = [cut.ways.factors[cut.place] for cut in outside.cuts]

        def some(number: int) -> None:
            """Bound some tilings with the plain axes cut on all levels."""
            chosen = ranks[number * SOME : (number + 1) * SOME]
            chosen = chosen[smallest(ways.factors[chosen].astype(np.int64))]
            factors = self.bounding.stacked(outer, ways.factors[chosen])
            lists = self.search.cuts(nodes, coarse=False)
            joint = np.maximum(bounds[chosen], self.bounding.together(nodes, lists, factors))

            def tried(at: int) -> None:
                plain = self.search.run([nodes], factors[at], coarse=False)
                if plain is not None:
                    cuts = (*outside.cuts, Cut(order, ways, int(chosen[at])))
                    self.schedule = BoxedSchedule(plain, cuts, factors[at])

            self._stream(joint, tried)

        self._stream(bounds[ranks[::SOME]], some)
