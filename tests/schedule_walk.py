"""A schedule of the model, walked multiply-add by multiply-add in a buffer of its own size.

Shares no formula with the model: it gets three tiles, an order of nodes and an axis to slide
along, fetches words into a buffer that may hold no more than the step says, and computes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from tile_walk import Interval, Small, cut

AXES = ("n", "k", "c", "p", "q", "r", "s")
Tile = dict[str, Interval]


class Walker:
    """Executes one schedule of a layer with elements of one byte."""

    def __init__(self, layer: Small, levels: list[tuple[str, dict[str, int]]], slides: str) -> None:
        self.layer, self.levels, self.slides = layer, levels, slides
        self.buffer: dict[str, set[Any]] = {"I": set(), "W": set(), "O": set()}
        self.most = {"I": 0, "W": 0, "O": 0}
        self.moved = 0
        self.done: set[tuple[int, ...]] = set()
        self.written: set[tuple[int, ...]] = set()

    def run(self) -> None:
        """All of it."""
        whole = {axis: (0, length) for axis, length in self.layer.lengths.items()}
        self._level(0, whole)

    def _level(self, number: int, inside: Tile) -> None:
        if number == len(self.levels):
            self._compute(inside)
            return
        tensor, sizes = self.levels[number]
        # the loop of the axis that slides is the innermost, directly above the input's node
        order = [axis for axis in AXES if axis != self.slides] + [self.slides] * bool(self.slides)
        runs = list(self._tiles(inside, sizes, order))
        for at, tile in enumerate(runs):
            if tensor == "I" and (at == 0 or not self._same_run(runs[at - 1], tile)):
                self.buffer["I"] = set()
            later = [one for one in runs[at + 1 :] if self._same_run(one, tile)]
            self._fetch(tensor, tile, later)
            self._level(number + 1, tile)
            self._leave(tensor, tile)

    def _tiles(self, inside: Tile, sizes: dict[str, int], order: list[str]) -> Iterator[Tile]:
        parts = {axis: cut(inside[axis], sizes[axis]) for axis in AXES}
        for one in product(*(parts[axis] for axis in order)):
            yield dict(zip(order, one, strict=True))

    def _same_run(self, one: Tile, other: Tile) -> bool:
        return all(one[axis] == other[axis] for axis in AXES if axis != self.slides)

    def _words(self, tensor: str, tile: Tile) -> set[Any]:
        if tensor == "I":
            return self.layer.inputs(tile)
        axes = "kcrs" if tensor == "W" else "nkpq"
        return set(product(*(range(*tile[axis]) for axis in axes)))

    def _fetch(self, tensor: str, tile: Tile, later: list[Tile]) -> None:
        """Bring a tile in; words that stayed from the step before are not fetched again."""
        words = self._words(tensor, tile)
        held = self.buffer[tensor]
        if tensor == "O":
            # sums begun before come back
            self.moved += len(words & self.written)
            self.buffer[tensor] = words
        else:
            self.moved += len(words - held)
            needed = (
                set().union(*(self._words(tensor, one) for one in later)) if self.slides else set()
            )
            self.buffer[tensor] = words | (held & needed) if tensor == "I" else words
        self.most[tensor] = max(self.most[tensor], len(self.buffer[tensor]))

    def _leave(self, tensor: str, tile: Tile) -> None:
        """Sums go out whenever their tile is left; input words stay where the input slides."""
        if tensor == "O":
            self.moved += len(self.buffer["O"])
            self.written |= self.buffer["O"]
        elif tensor == "I" and self.slides:
            return
        self.buffer[tensor] = set()

    def _compute(self, tile: Tile) -> None:
        for n, k, c, p, q, r, s in product(*(range(*tile[axis]) for axis in AXES)):
            row, column = self.layer.rows.word(p, r), self.layer.columns.word(q, s)
            assert (n, k, c, p, q, r, s) not in self.done
            self.done.add((n, k, c, p, q, r, s))
            assert (n, k, p, q) in self.buffer["O"]
            assert (k, c, r, s) in self.buffer["W"]
            if row is not None and column is not None:
                assert (n, c, row, column) in self.buffer["I"]
