"""The cheapest cuts of plain axes on several levels, in every order of the nodes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from costmodel.core.tiling.levels.node_orders import GROUPS, NodesOrder
from costmodel.core.tiling.levels.pricing import TIE, Cuts, Pricing
from costmodel.core.tiling.levels.search import Floats, cheapest


@dataclass(frozen=True)
class PlainSchedule:
    """An order of nodes with a cut of each group of axes."""

    cost: float
    order: NodesOrder
    cuts: tuple[Cuts, ...]
    places: tuple[int, ...]


@dataclass
class PlainSearch:
    """Searches that share their incumbent and their lists of cuts."""

    pricing: Pricing
    least: float = 0.0
    """No schedule costs less."""
    best: float = np.inf
    kept: dict[tuple[str, tuple[bool, ...], bool], Cuts] = field(default_factory=dict)

    def cuts(self, order: NodesOrder, *, coarse: bool) -> list[Cuts]:
        """The cuts of each group that an order allows."""
        lists = []
        for group in GROUPS:
            key = (group, order.cuts[group], coarse)
            if key not in self.kept:
                self.kept[key] = self.pricing.cuts(group, order.cuts[group], coarse=coarse)
            lists.append(self.kept[key])
        return lists

    def run(
        self, orders: Iterable[NodesOrder], factors: Floats, *, coarse: bool
    ) -> PlainSchedule | None:
        """The cheapest schedule below `best`, which it lowers; None without any."""
        schedule: PlainSchedule | None = None
        for order in orders:
            if self.best <= self.least * (1 + len(self.pricing.levels) * 2 * TIE):
                break
            cuts = self.cuts(order, coarse=coarse)
            ways = self.pricing.ways(cuts, factors)
            choice = cheapest(
                ways, self.pricing.rooms(order, factors), self.pricing.limits, self.best
            )
            if choice is not None:
                self.best = choice.cost
                schedule = PlainSchedule(choice.cost, order, tuple(cuts), choice.places)
        return schedule
