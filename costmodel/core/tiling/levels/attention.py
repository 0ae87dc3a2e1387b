"""Attention on several levels: at each of them queries stay while keys pass, or the other way round.

A sub-class of all schedules: each level but the innermost one holds a tile of x queries with their
outputs and one of y keys and values, and leaves boxes of x by y to the next level inside; the
innermost one is as on one level (`costmodel.core.tiling.attention`), where what passes does so row
by row. Queries and outputs cross a boundary once for each tile of keys of the levels outside it,
and of the level inside it too where keys stay there; keys and values likewise once for each tile of
queries. Sizes are those that make j equal parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from costmodel.core.tiling.attention import RUNNING, moved_bytes
from costmodel.core.tiling.levels.chains import Chains, chains
from costmodel.core.tiling.levels.level import Attained, Level, serving
from costmodel.core.tiling.levels.pricing import cost_of
from costmodel.core.tiling.levels.search import Flags, Floats
from costmodel.core.tiling.nest import AttentionNest
from costmodel.core.tiling.traffic_curve import MovedBytes
from costmodel.core.tiling.windows import Ints


def attention_attained(
    nest: AttentionNest, levels: tuple[Level, ...], *, longest: bool
) -> Attained:
    """The cheapest schedule of the sub-class."""
    ways = [
        _Ways(nest, levels, keys_stay) for keys_stay in product((False, True), repeat=len(levels))
    ]
    # the first of equal ones, at which queries stay further outside
    chosen = [way.cheapest(longest=longest) for way in ways]
    way, (_, x, y) = min(zip(ways, chosen, strict=True), key=lambda one: one[1][0])
    moved = way.moved(np.array([x]), np.array([y]))
    moved = tuple(MovedBytes(*(np.asarray(part).reshape(()) for part in over)) for over in moved)
    return Attained(moved, cost_of(moved, levels, longest=longest), way.words(x, y), ())


@dataclass
class _Ways:
    """Every cut where certain levels let keys stay."""

    nest: AttentionNest
    levels: tuple[Level, ...]
    keys_stay: tuple[bool, ...]

    def __post_init__(self) -> None:
        outer = len(self.levels) - 1
        # of the innermost tile only the side that stays is cut
        inner = self.keys_stay[-1]
        self.queries = self._cut(self.nest.queries, outer + (not inner))
        self.keys = self._cut(self.nest.keys, outer + inner)

    def _cut(self, length: int, cuts: int) -> Chains:
        return chains((length,), (True,) * cuts, coarse=True)

    def cheapest(self, *, longest: bool) -> tuple[float, int, int]:
        """Its cost, and the places of its cuts of queries and of keys; inf where nothing fits."""
        x, y = np.ix_(np.arange(len(self.queries.sizes)), np.arange(len(self.keys.sizes)))
        costs = []
        for level, over in zip(self.levels, self.moved(x, y), strict=True):
            inwards = over.input + over.weights + over.sums_read
            costs.append(level.down * inwards + level.up * over.output)
        total: Floats = np.maximum.reduce(costs) if longest else np.asarray(sum(costs))
        total = np.where(self._fits(x, y), total, np.inf)
        at = int(total.argmin())
        return (float(total.flat[at]), *(int(n) for n in np.unravel_index(at, total.shape)))

    def _fits(self, x: Ints, y: Ints) -> Flags:
        fits = np.ones((len(x), y.shape[1]), dtype=bool)
        for number, level in enumerate(self.levels):
            fits &= self._room(number, x, y) <= level.size
        return fits

    def _room(self, number: int, x: Ints, y: Ints) -> Ints:
        nest, level = self.nest, self.levels[number]
        width = {node: level.width(node) if node in level.holds else 0 for node in "IWO"}
        keys_stay, innermost = self.keys_stay[number], number == len(self.levels) - 1
        row = width["I"] * nest.size + width["O"] * (nest.values + RUNNING)
        pair = nest.size + nest.values
        if innermost and not keys_stay:
            pair = max(nest.size, nest.values)
        of_queries = row * (1 if innermost and keys_stay else self.queries.sizes[x, number])
        of_keys = width["W"] * pair
        of_keys = of_keys * (1 if innermost and not keys_stay else self.keys.sizes[y, number])
        twice = 2 if level.double else 1
        stays, passes = (of_keys, of_queries) if keys_stay else (of_queries, of_keys)
        return np.asarray(stays + twice * passes + width["O"])

    def moved(self, x: Ints, y: Ints) -> tuple[MovedBytes, ...]:
        """What crosses each boundary, with cuts of queries and of keys by their places."""
        served, moved = serving(self.levels), []
        for number, level in enumerate(self.levels):
            times = {operand: self._times(operand, served[operand][number], x, y) for operand in "IWO"}
            arrays = np.broadcast_arrays(times["I"], times["W"], times["O"] - 1)
            moved.append(moved_bytes(self.nest, level.widths, *arrays))
        return tuple(moved)

    def _times(self, operand: str, level: int, x: Ints, y: Ints) -> Ints:
        """How often each word of an operand is fetched into a level; L: by the engine."""
        of_keys = operand == "W"
        if level == len(self.levels):
            return np.array(self.nest.queries if of_keys else self.nest.keys)
        chain, places = (self.queries, x) if of_keys else (self.keys, y)
        depth = level - (self.keys_stay[level] == of_keys)
        return chain.counts[places, depth] if depth >= 0 else np.array(1)

    def words(self, x: int, y: int) -> str:
        """What stays at each level, outermost first."""
        parts = []
        for number, keys_stay in enumerate(self.keys_stay):
            chain, place, name = (self.keys, y, "t") if keys_stay else (self.queries, x, "q")
            stays = "keys and values stay" if keys_stay else "queries stay"
            parts.append(f"{stays}, {name}{chain.sizes[place, number]}")
        return "; inside ".join(parts)
