"""The cheapest schedule of a nest on several levels of memory on chip."""

from __future__ import annotations

from costmodel.core.content_cache import ContentCache
from costmodel.core.tiling.joint import AnyNest
from costmodel.core.tiling.levels.level import Attained, Level, Node
from costmodel.core.tiling.levels.node_orders import GROUPS
from costmodel.core.tiling.levels.plain import PlainSchedule, PlainSearch
from costmodel.core.tiling.levels.pricing import Pricing
from costmodel.core.tiling.nest import Nest
from costmodel.core.tiling.orders import ABSENT, Factors
from costmodel.errors import BadValue

import numpy as np

KEPT: ContentCache[Attained] = ContentCache(4096)


def attained(nest: AnyNest, levels: tuple[Level, ...], *, longest: bool = False) -> Attained:
    """Search the cheapest schedule of a nest; kept by content."""
    return KEPT.get((nest, levels, longest), lambda: _attained(nest, levels, longest))


def _attained(nest: AnyNest, levels: tuple[Level, ...], longest: bool) -> Attained:
    assert isinstance(nest, Nest)
    pricing = Pricing(nest, levels, longest)
    factors = np.ones((len(levels) + 1, len(Factors._fields)))
    search = PlainSearch(pricing)
    orders = pricing.nodes.every
    schedule = search.run(orders, factors, coarse=True)
    schedule = search.run(orders, factors, coarse=False) or schedule
    if schedule is None:
        raise BadValue("no room")
    counts = {
        group: cut.counts[place].astype(np.int64)
        for group, cut, place in zip(GROUPS, schedule.cuts, schedule.places, strict=True)
    }
    moved = pricing.moved(counts, factors)
    return Attained(moved, pricing.cost(moved), "", ())
