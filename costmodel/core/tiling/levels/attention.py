"""Attention on several levels: tiles of queries with their outputs, and tiles of keys and values.

Queries and outputs have one node at each level, keys and values another one; the nodes stand in any
order. Keys and values are fetched once for each tile of queries above their node, queries and
outputs once for each tile of keys above theirs; below the last node of the others, rows pass one by
one, a key before its value. On one level these are the two ways of
`costmodel.core.tiling.attention`. Sizes are those that make j equal parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from costmodel.core.tiling.attention import RUNNING, moved_bytes
from costmodel.core.tiling.levels.chains import Chains, chains
from costmodel.core.tiling.levels.level import OPERANDS, Attained, Level, serving
from costmodel.core.tiling.levels.node_orders import interleavings
from costmodel.core.tiling.levels.pricing import cost_of, counting
from costmodel.core.tiling.levels.search import Room, Ways, cheapest
from costmodel.core.tiling.nest import AttentionNest
from costmodel.core.tiling.traffic_curve import MovedBytes

QUERIES, KEYS = "Q", "K"
OTHER = {QUERIES: KEYS, KEYS: QUERIES}
OF = {QUERIES: "IO", KEYS: "W"}
"""Node -> the operands fetched there."""
ALONE = Ways(np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1, dtype=np.int64))
"""A third axis that is none."""


def attention_attained(
    nest: AttentionNest, levels: tuple[Level, ...], *, longest: bool
) -> Attained:
    """The cheapest schedule of all orders of the nodes."""
    held = [(node, len(_levels_of(node, levels))) for node in OTHER]
    best, told = np.inf, None
    for nodes in interleavings(tuple(pair for pair in held if pair[1])):
        order = _Order(nest, levels, nodes)
        axes = [order.ways(node, longest=longest) for node in OTHER]
        choice = cheapest([*axes, ALONE], order.rooms, order.limits, best)
        if choice is not None:
            best, told = choice.cost, (order, choice.places)
    assert told is not None
    order, places = told
    moved = order.moved(dict(zip(OTHER, places, strict=False)))
    return Attained(moved, cost_of(moved, levels, longest=longest), order.words(places), ())


def _levels_of(node: str, levels: tuple[Level, ...]) -> list[int]:
    """The levels at which there is such a node."""
    return [at for at, level in enumerate(levels) if set(OF[node]) & set(level.holds)]


@dataclass
class _Order:
    """An order of the nodes, outermost first."""

    nest: AttentionNest
    levels: tuple[Level, ...]
    nodes: str

    @cached_property
    def chains(self) -> dict[str, Chains]:
        """Cuts of the axis of queries, and of that of keys: above each node of the other one."""
        lengths = {QUERIES: self.nest.queries, KEYS: self.nest.keys}
        cuts: dict[str, list[bool]] = {QUERIES: [], KEYS: []}
        for before, node in zip(" " + self.nodes, self.nodes, strict=False):
            cuts[OTHER[node]].append(before == OTHER[node])
        return {n: chains((lengths[n],), tuple(cuts[n]), coarse=True) for n in OTHER}

    def counts(self, node: str, level: int) -> np.ndarray:
        """(m,) how often the other node's words are fetched at a level, by cuts of an axis."""
        chain, levels = self.chains[node], _levels_of(OTHER[node], self.levels)
        if level == len(self.levels):
            return np.full(
                len(chain.sizes), self.nest.queries if node == QUERIES else self.nest.keys
            )
        return chain.counts[:, levels.index(level)]

    def ways(self, node: str, *, longest: bool) -> Ways:
        """Sizes and costs of the cuts of an axis."""
        chain, costs = self.chains[node], []
        served = serving(self.levels)
        for at, level in enumerate(self.levels):
            times = {o: self.counts(node, served[o][at]) for o in OF[OTHER[node]]}
            zero = np.zeros(len(chain.sizes), dtype=np.int64)
            moved = moved_bytes(
                self.nest,
                level.widths,
                times.get("I", zero),
                times.get("W", zero),
                times.get("O", zero + 1) - 1,
            )
            inwards = moved.input + moved.weights + moved.sums_read
            written = moved.output if node == KEYS else zero
            costs.append(level.down * inwards + level.up * written)
        sizes = np.concatenate([chain.sizes, np.ones((len(chain.sizes), 1))], axis=1)
        sums = counting(np.stack(costs, axis=1).astype(float), longest=longest)
        return Ways(sizes, sums, np.arange(len(sizes)))

    @cached_property
    def rooms(self) -> list[Room]:
        """What each node's tile takes."""
        rooms, begun = [], set()
        above = dict.fromkeys(OTHER, 0)
        for node in self.nodes:
            at = _levels_of(node, self.levels)[above[node]]
            level, depth = self.levels[at], above[OTHER[node]]
            width = {o: level.width(o) if o in level.holds else 0 for o in OPERANDS}
            if node == QUERIES:
                row = width["I"] * self.nest.size + width["O"] * (self.nest.values + RUNNING)
            elif depth == len(_levels_of(QUERIES, self.levels)):
                row = width["W"] * max(self.nest.size, self.nest.values)
            else:
                row = width["W"] * (self.nest.size + self.nest.values)
            buffers = 2 if level.double and at in begun else 1
            axis = list(OTHER).index(node)
            rooms.append(Room(at, float(row * buffers), (axis, 2), (depth, 0)))
            begun.add(at)
            above[node] += 1
        return rooms

    @cached_property
    def limits(self) -> list[int]:
        """Room of each level beside the score at hand."""
        scores = (level.width("O") if "O" in level.holds else 0 for level in self.levels)
        return [level.size - score for level, score in zip(self.levels, scores, strict=True)]

    def moved(self, places: dict[str, int]) -> tuple[MovedBytes, ...]:
        """What crosses each boundary, with a cut of each axis."""
        served, moved = serving(self.levels), []
        for at, level in enumerate(self.levels):
            times = {
                operand: self.counts(OTHER[node], served[operand][at])[places[OTHER[node]]]
                for node in OTHER
                for operand in OF[node]
            }
            arrays = np.array([times["I"], times["W"], times["O"] - 1], dtype=np.int64)
            moved.append(moved_bytes(self.nest, level.widths, *arrays))
        return tuple(moved)

    def words(self, places: tuple[int, ...]) -> str:
        """Each node, its level counted from inside, and its size, outermost first."""
        above, words = dict.fromkeys(OTHER, 0), []
        for node in self.nodes:
            level = len(self.levels) - _levels_of(node, self.levels)[above[node]]
            sizes = self.chains[node].sizes[places[list(OTHER).index(node)]]
            depth = above[OTHER[node]]
            size = sizes[depth] if depth < len(sizes) else 1
            words.append(f"{node}{level} {'qt'[node == KEYS]}{size}")
            above[node] += 1
        return ", ".join(words)
