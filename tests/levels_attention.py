"""Every schedule of a small attention on two levels and more, turn by turn.

Queries with their outputs are one tensor, keys with values the other; each has a node at every
level. Nodes stand in any order, with loops over tiles of queries and of keys above each of them.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations_with_replacement, permutations, product

from tile_walk import Interval, cut

from costmodel.core.tiling.levels.level import Level
from costmodel.core.tiling.nest import AttentionNest


def attention_walk(nest: AttentionNest, levels: tuple[Level, ...]) -> float:
    """The least cost of all schedules that fit."""
    names = "Q" * len(levels) + "K" * len(levels)
    best = float("inf")
    for nodes in sorted(set(permutations(names))):
        chains = (
            combinations_with_replacement(range(length, 0, -1), len(nodes))
            for length in (nest.queries, nest.keys)
        )
        for sizes in product(*chains):
            if _fits(nest, levels, nodes, sizes):
                best = min(best, _cost(nest, levels, nodes, sizes))
    return best


def _fits(
    nest: AttentionNest,
    levels: tuple[Level, ...],
    nodes: tuple[str, ...],
    sizes: tuple[tuple[int, ...], ...],
) -> bool:
    # one score beside the tiles
    rooms = [level.widths.sum for level in levels]
    seen: Counter[str] = Counter()
    for at, node in enumerate(nodes):
        widths = levels[seen[node]].widths
        if node == "Q":
            # an output row, its maximum and its sum so far
            row = widths.input * nest.size + widths.sum * (nest.values + 2)
            rooms[seen[node]] += sizes[0][at] * row
        elif sizes[1][at] == 1 and "Q" not in nodes[at:]:
            # a key goes before its value comes
            rooms[seen[node]] += widths.weight * max(nest.size, nest.values)
        else:
            rooms[seen[node]] += sizes[1][at] * widths.weight * (nest.size + nest.values)
        seen[node] += 1
    return all(room <= level.size for room, level in zip(rooms, levels, strict=True))


def _cost(
    nest: AttentionNest,
    levels: tuple[Level, ...],
    nodes: tuple[str, ...],
    sizes: tuple[tuple[int, ...], ...],
) -> float:
    costs = [0.0]
    begun: set[tuple[int, int]] = set()

    def turn(at: int, queries: Interval, keys: Interval, seen: dict[str, int]) -> None:
        if at == len(nodes):
            return
        node, level = nodes[at], seen[nodes[at]]
        here, widths = levels[level], levels[level].widths
        for q in cut(queries, sizes[0][at]):
            for t in cut(keys, sizes[1][at]):
                if node == "K":
                    words = (t[1] - t[0]) * (nest.size + nest.values)
                    costs[0] += here.down * words * widths.weight
                for row in range(*q) if node == "Q" else ():
                    costs[0] += here.down * nest.size * widths.input
                    again = (level, row) in begun
                    costs[0] += here.down * again * (nest.values + 2) * widths.sum
                    # what an earlier turn wrote was not complete after all
                    costs[0] += here.up * again * (nest.values + 2) * widths.sum
                    costs[0] += here.up * (not again) * nest.values * widths.output
                    begun.add((level, row))
                turn(at + 1, q, t, seen | {node: level + 1})

    turn(0, (0, nest.queries), (0, nest.keys), {"Q": 0, "K": 0})
    return costs[0]
