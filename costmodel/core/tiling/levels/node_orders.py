"""The orders of the nodes of several levels, and which tile size is in force at each of them.

Each tensor has a node at each level that holds it, those of outer levels above those of inner ones;
nodes of different tensors stand in any order. Along a plain axis only the sizes at the nodes of the
tensor that lacks it count: above the first of these nodes the first size is in force, between the
first and the second one the second size, and below the last one single words.

Example: two levels in the order I W O I W O. The input lacks the axis k. The tiles of all nodes
down to the second I extend along it by the second size (by the first one, which is the whole axis,
above the first I: nowhere), and those below by 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from costmodel.core.tiling.orders import ABSENT
from costmodel.core.tiling.pareto import smallest

GROUPS = tuple(ABSENT)
"""n, k and c: the groups of plain axes."""


class Tile(NamedTuple):
    """What a node needs room for."""

    operand: str
    level: int
    """Place of its level, 0 being the outermost."""
    buffers: int
    depth: dict[str, int]
    """For each group of axes that the tensor has: which size is in force, 0 being the outermost."""


@dataclass(frozen=True)
class NodesOrder:
    """One order of all nodes."""

    nodes: str
    """The tensor of each, outermost first."""
    tiles: tuple[Tile, ...]
    """Of those that need room."""
    cuts: dict[str, tuple[bool, ...]]
    """For each group: whether cutting it above each node of the tensor without it frees any room."""


def interleavings(counts: tuple[tuple[str, int], ...]) -> Iterator[str]:
    """Every order of so many nodes of each tensor."""
    if not counts:
        yield ""
    for at, (tensor, count) in enumerate(counts):
        left = ((tensor, count - 1),) if count > 1 else ()
        for rest in interleavings(counts[:at] + left + counts[at + 1 :]):
            yield tensor + rest


@lru_cache(maxsize=64)
def node_orders(
    holds: tuple[str, ...], occupies: tuple[str, ...], double: tuple[bool, ...], *, apart: bool
) -> tuple[NodesOrder, ...]:
    """The orders that no other one beats whatever the sizes.

    Parameters
    ----------
    holds
        For each level, the outermost first: the tensors that have a node there.
    occupies
        For each level: the tensors that need room there.
    double
        For each level: whether every tile but that of its outermost node counts twice.
    apart
        True: only orders in which all nodes of a level stand above those of the next one.

    Returns
    -------
    tuple of NodesOrder
        The orders.

    """
    counts = tuple((node, sum(node in held for held in holds)) for node in "IWO")
    every = [
        _order(nodes, holds, occupies, double)
        for nodes in interleavings(tuple(pair for pair in counts if pair[1]))
    ]
    if apart:
        every = [order for order in every if _is_apart(order.nodes, holds)]
    table = [
        [-cut for group in GROUPS for cut in order.cuts[group]]
        + [
            column
            for tile in sorted(order.tiles)
            for column in (tile.buffers, *(-depth for depth in tile.depth.values()))
        ]
        for order in every
    ]
    return tuple(every[at] for at in smallest(np.array(table, dtype=np.int64)))


def _is_apart(nodes: str, holds: tuple[str, ...]) -> bool:
    ends = np.cumsum([len(held) for held in holds]).tolist()
    parts = (nodes[begin:end] for begin, end in zip([0, *ends], ends, strict=False))
    return all(sorted(part) == sorted(held) for part, held in zip(parts, holds, strict=True))


def _order(
    nodes: str, holds: tuple[str, ...], occupies: tuple[str, ...], double: tuple[bool, ...]
) -> NodesOrder:
    levels = {node: [at for at, held in enumerate(holds) if node in held] for node in "IWO"}
    above = dict.fromkeys("IWO", 0)
    begun: set[int] = set()
    tiles: list[Tile] = []
    cuts: dict[str, list[bool]] = {group: [] for group in GROUPS}
    # groups whose size in force extends a tile somewhere since it was last cut
    waiting = dict.fromkeys(GROUPS, False)
    for node in nodes:
        level = levels[node][above[node]]
        buffers = 2 if double[level] and level in begun else 1
        begun.add(level)
        if node in occupies[level]:
            has = [group for group, other in ABSENT.items() if node != other]
            depth = {group: above[ABSENT[group]] for group in has}
            tiles.append(Tile(node, level, buffers, depth))
            waiting |= dict.fromkeys(has, True)
        for group, other in ABSENT.items():
            if node == other:
                cuts[group].append(waiting[group])
                waiting[group] = False
        above[node] += 1
    return NodesOrder(nodes, tuple(tiles), {group: tuple(cuts[group]) for group in GROUPS})
