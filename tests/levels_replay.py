"""A schedule on several levels, walked multiply-add by multiply-add in buffers of its own.

Shares no formula with the model: it gets nodes with their tiles and the axis along which the input
slides, fetches words into a buffer at each level and computes. Whatever a node fetches crosses the
boundary of its level, and those of the levels outside that do not hold the operand.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from schedule_walk import AXES, Tile
from tile_walk import Small, cut

from costmodel.core.tiling.levels.level import Level, Node


class LevelsReplay:
    """Executes one schedule of a layer; groups are one after the other, so one is enough."""

    def __init__(self, layer: Small, levels: tuple[Level, ...], nodes: tuple[Node, ...]) -> None:
        self.layer, self.levels = layer, levels
        # an axis that the nest does not have is one tile of one
        self.nodes = [node._replace(tile=dict.fromkeys(AXES, 1) | node.tile) for node in nodes]
        self.held: dict[tuple[str, int], set[Any]] = {}
        self.most: dict[tuple[str, int], int] = {}
        self.moved = [dict.fromkeys(("input", "weights", "sums_read", "output"), 0) for _ in levels]
        self.written: list[set[Any]] = [set() for _ in levels]
        self.done: set[tuple[int, ...]] = set()

    def run(self) -> None:
        """All of it."""
        self._node(0, {axis: (0, length) for axis, length in self.layer.lengths.items()})

    def _node(self, number: int, inside: Tile) -> None:
        if number == len(self.nodes):
            self._compute(inside)
            return
        node = self.nodes[number]
        # the loop of the axis that slides is the innermost, directly above the node
        order = [axis for axis in AXES if axis != node.slides] + [node.slides] * bool(node.slides)
        parts = {axis: cut(inside[axis], node.tile[axis]) for axis in AXES}
        turns = [dict(zip(order, t, strict=True)) for t in product(*(parts[a] for a in order))]
        place = node.operand, node.level
        self.held[place] = set()
        for tile in turns:
            words = self._words(node.operand, tile)
            run = [t for t in turns if all(t[a] == tile[a] for a in AXES if a != node.slides)]
            slides = bool(node.slides) and run[0] is not tile
            kept = self.held[place] if slides else set()
            self._fetch(node, words - kept, words)
            later = run[run.index(tile) + 1 :] if node.slides else []
            needed = set().union(*(self._words(node.operand, t) for t in later))
            self.held[place] = words | (kept & needed)
            self.most[place] = max(self.most.get(place, 0), len(self.held[place]))
            self._node(number + 1, tile)
            if node.operand == "O":
                self._leave(node, words)
            self.held[place] = self.held[place] & needed if node.slides else set()
        del self.held[place]

    def _boundaries(self, operand: str, level: int) -> range:
        outer = [at for at in range(level) if operand in self.levels[at].holds]
        return range(outer[-1] + 1 if outer else 0, level + 1)

    def _fetch(self, node: Node, fetched: set[Any], words: set[Any]) -> None:
        for at in self._boundaries(node.operand, node.level):
            if node.operand == "O":
                self.moved[at]["sums_read"] += len(words & self.written[at])
            else:
                self.moved[at][{"I": "input", "W": "weights"}[node.operand]] += len(fetched)

    def _leave(self, node: Node, words: set[Any]) -> None:
        for at in self._boundaries("O", node.level):
            self.moved[at]["output"] += len(words)
            self.written[at] |= words

    def _words(self, operand: str, tile: Tile) -> set[Any]:
        if operand == "I":
            return self.layer.inputs(tile)
        axes = "kcrs" if operand == "W" else "nkpq"
        return set(product(*(range(*tile[axis]) for axis in axes)))

    def _compute(self, tile: Tile) -> None:
        for n, k, c, p, q, r, s in product(*(range(*tile[axis]) for axis in AXES)):
            row, column = self.layer.rows.word(p, r), self.layer.columns.word(q, s)
            assert (n, k, c, p, q, r, s) not in self.done
            self.done.add((n, k, c, p, q, r, s))
            words = {"O": (n, k, p, q), "W": (k, c, r, s), "I": (n, c, row, column)}
            if row is None or column is None:
                del words["I"]
            for (operand, _), held in self.held.items():
                assert operand not in words or words[operand] in held
