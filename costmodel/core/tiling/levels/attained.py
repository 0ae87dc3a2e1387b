"""The cheapest schedule of a nest on several levels of memory on chip.

Source: nests of a node for each tensor and level, as in Parashar et al. 2019, Timeloop; levels that
let a tensor through, and the search over all orders, as in Gilbert et al. 2023, LoopTree.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from costmodel.core.content_cache import ContentCache
from costmodel.core.tiling.joint import AnyNest, JointNest
from costmodel.core.tiling.levels.attention import attention_attained
from costmodel.core.tiling.levels.bounding import Bounding
from costmodel.core.tiling.levels.descent import Descent
from costmodel.core.tiling.levels.level import Attained, Level
from costmodel.core.tiling.levels.node_orders import GROUPS
from costmodel.core.tiling.levels.plain import PlainSchedule, PlainSearch
from costmodel.core.tiling.levels.pricing import Pricing, cost_of
from costmodel.core.tiling.levels.replay import boxed_nodes, in_words, plain_nodes
from costmodel.core.tiling.levels.rooms import check_rooms
from costmodel.core.tiling.nest import AttentionNest
from costmodel.core.tiling.orders import Factors
from costmodel.core.tiling.traffic_curve import MovedBytes

KEPT: ContentCache[Attained] = ContentCache(4096)


def attained(nest: AnyNest, levels: tuple[Level, ...], *, longest: bool = False) -> Attained:
    """The cheapest schedule of a nest on levels of memory; kept by content.

    Products (nests without overlapping windows): every order of the nodes and every integer size of
    axes up to a length that `costmodel.core.tiling.levels.chains` states. Convolutions: all nodes
    of a level stand above those of the next one inside, which tiles boxes of windows; sizes along
    windows are those of `costmodel.core.tiling.windows`. Attention: the ways of
    `costmodel.core.tiling.levels.attention`. Several contractions: each at its own cheapest, one
    after the other.

    Parameters
    ----------
    nest
        The contraction, or several one after the other.
    levels
        The memories on chip, the outermost one first.
    longest
        False: the sum of all boundaries' costs is least. True: the largest of them is.

    Returns
    -------
    Attained
        What moves over each boundary, what it costs, and the schedule.

    Raises
    ------
    BadValue
        If a level has no room for the smallest tiles (`costmodel.core.tiling.levels.rooms`).

    Examples
    --------
    >>> from costmodel.core.tiling.nest import Nest, Sweep, Widths
    >>> byte = Widths(1, 1, 1, 1)
    >>> levels = Level(9, byte, 206, 206), Level(4, byte, 6, 6)
    >>> best = attained(Nest(2, 2, (Sweep(2),)), levels)
    >>> best.cost, [int(moved.total) for moved in best.moved]
    (2568.0, [12, 16])

    """
    return KEPT.get((nest, levels, longest), lambda: _attained(nest, levels, longest))


def _attained(nest: AnyNest, levels: tuple[Level, ...], longest: bool) -> Attained:
    if isinstance(nest, JointNest):
        return _joint(nest, levels, longest)
    check_rooms(nest, levels)
    if isinstance(nest, AttentionNest):
        return attention_attained(nest, levels, longest=longest)
    return (_boxed if nest.overlapping else _product)(Pricing(nest, levels, longest))


def _joint(nest: JointNest, levels: tuple[Level, ...], longest: bool) -> Attained:
    pieces = [
        attained(
            piece.nest,
            tuple(level._replace(widths=piece.widths(level.widths)) for level in levels),
            longest=longest,
        )
        for piece in nest.pieces
    ]
    of_levels = zip(*(piece.moved for piece in pieces), strict=True)
    moved = tuple(MovedBytes(*np.sum(every, axis=0)) for every in of_levels)
    words = "; ".join(piece.words for piece in pieces)
    return Attained(moved, cost_of(moved, levels, longest=longest), words, ())


def _product(pricing: Pricing) -> Attained:
    factors = np.ones((len(pricing.levels) + 1, len(Factors._fields)))
    bounding = Bounding(pricing)
    search = PlainSearch(pricing, bounding.total(bounding.least(())))
    schedule = search.run(pricing.nodes.every, factors, coarse=True)
    schedule = search.run(pricing.nodes.every, factors, coarse=False) or schedule
    assert schedule is not None
    told = _told(pricing, schedule, factors)
    nodes = plain_nodes(pricing, schedule)
    return replace(told, words=in_words(pricing, nodes), nodes=nodes)


def _boxed(pricing: Pricing) -> Attained:
    schedule = Descent(pricing).run()
    assert schedule is not None
    told = _told(pricing, schedule.plain, schedule.factors)
    nodes = boxed_nodes(pricing, schedule)
    return replace(told, words=in_words(pricing, nodes), nodes=nodes)


def _told(pricing: Pricing, schedule: PlainSchedule, factors: np.ndarray) -> Attained:
    counts = {
        group: cut.counts[place].astype(np.int64)
        for group, cut, place in zip(GROUPS, schedule.cuts, schedule.places, strict=True)
    }
    moved = pricing.moved(counts, factors)
    return Attained(moved, cost_of(moved, pricing.levels, longest=pricing.longest), "", ())
