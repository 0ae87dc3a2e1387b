"""The least that tilings of windows cost over one boundary, whatever the plain axes are cut into.

Deleting the nodes of all other levels leaves a schedule on one level, which costs no more over its
boundary and takes as much room. So many tilings of windows are compared with every cut of the plain
axes in two products of matrices: rooms and costs are sums of three operands' factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from costmodel.core.tiling.contraction import plain_cuts
from costmodel.core.tiling.levels.level import OPERANDS
from costmodel.core.tiling.levels.node_orders import GROUPS
from costmodel.core.tiling.levels.pricing import FETCHED, HELD, Pricing
from costmodel.core.tiling.levels.search import Floats
from costmodel.core.tiling.orders import ABSENT, Factors, NodeOrder

AT_ONCE = 1 << 21
"""[tilings x cuts] compared in one array operation."""
PLACES = {
    kind: [Factors._fields.index(names[operand]) for operand in OPERANDS]
    for kind, names in (("held", HELD), ("fetched", FETCHED))
}


@dataclass(frozen=True)
class Floor:
    """One level's rooms and costs in one order of its nodes."""

    rooms: Floats
    """(3, t) of each operand's tile, for every word along its windows."""
    costs: Floats
    """(3, t) of each operand, for every turn along the windows."""
    rest: float
    limit: float

    def least(self, factors: Floats) -> Floats:
        """(m,) the least cost with factors (m, 6) of windows; inf where nothing fits."""
        held, fetched = factors[:, PLACES["held"]], factors[:, PLACES["fetched"]]
        least = np.empty(len(factors))
        step = max(1, AT_ONCE // self.rooms.shape[1])
        for begin in range(0, len(factors), step):
            part = slice(begin, begin + step)
            costs = fetched[part] @ self.costs
            costs[held[part] @ self.rooms > self.limit] = np.inf
            least[part] = costs.min(axis=1)
        return least + self.rest


def floor(pricing: Pricing, level: int, order: NodeOrder, parts: int | None = None) -> Floor:
    """Rooms and costs of one level, in one order of its nodes, with every cut of the plain axes.

    `parts`: of each group of axes only so many, for a lower bound: all cuts from one of them to the
    next take no less room than the smallest and cost no less than the largest.
    """
    nest, here = pricing.nest, pricing.levels[level]
    lists = []
    first = next((node for node in order.nodes if node in here.holds), "")
    for group in GROUPS:
        # where the tensor without these axes goes through, a level inside says how they are cut
        held = ABSENT[group] in here.holds
        lengths = tuple(nest.plain_axes[group].values()) if held else ()
        cut = plain_cuts(lengths, free=group in order.free)
        size, turns = cut.size, cut.parts
        if parts is not None and len(size) > parts:
            ends = np.linspace(0, len(size), parts + 1).astype(int)
            size, turns = size[ends[:-1]], turns[ends[1:] - 1]
        lists.append((size.astype(float), turns.astype(float)))
    sizes = dict(zip(GROUPS, np.ix_(*(size for size, _ in lists)), strict=True))
    counts = dict(zip(GROUPS, np.ix_(*(turns for _, turns in lists)), strict=True))
    shape = tuple(len(size) for size, _ in lists)
    bases, rest = pricing.bases
    rooms, costs, least = [], [], float(rest[level])
    for operand in OPERANDS:
        group = next(group for group, other in ABSENT.items() if other == operand)
        base = bases[GROUPS.index(group), level]
        buffers = 2 if here.double and operand != first else 1
        width = here.width(operand) * buffers if operand in here.holds else 0
        extent = prod((sizes[g] for g in order.rooms[operand]), start=np.float64(width))
        rooms.append(np.broadcast_to(extent, shape).ravel())
        if operand in here.holds:
            costs.append(np.broadcast_to(base * counts[group], shape).ravel())
        else:
            # it goes through to a level inside, at least once
            touched = prod(sweep.touched for sweep in nest.overlapping)
            least += base * (touched if operand == "I" else 1)
            costs.append(np.zeros(prod(shape)))
    return Floor(np.stack(rooms), np.stack(costs), least, here.size)
