"""Attention as one nest, walked word by word: what its step function must equal."""

from __future__ import annotations

import random

import numpy as np
import pytest

from costmodel.core.tiling.attention import attention_curve
from costmodel.core.tiling.nest import AttentionNest, Widths


class Chip:
    """Counts what is on chip and what crosses the bus [B]."""

    def __init__(self) -> None:
        self.held = self.most = self.moved = 0

    def take(self, size: int, *, moves: bool = True) -> None:
        """Make room, and fill it from outside unless it is made on chip."""
        self.held += size
        self.most = max(self.most, self.held)
        self.moved += size if moves else 0

    def drop(self, size: int, *, moves: int = 0) -> None:
        """Free room, writing `moves` bytes out."""
        self.held -= size
        self.moved += moves


def queries_stay(nest: AttentionNest, w: Widths, x: int) -> tuple[int, int]:
    """Tiles of x queries with their sums; keys pass one by one, each followed by its value."""
    chip, row = Chip(), nest.values + 2
    for begin in range(0, nest.queries, x):
        # the room of a whole tile is set aside, an edge tile fills a part of it
        count = min(x, nest.queries - begin)
        chip.take(x * w.input * nest.size, moves=False)
        chip.moved += count * w.input * nest.size
        chip.take(x * w.sum * row, moves=False)
        for _ in range(nest.keys):
            wide = w.weight * max(nest.size, nest.values)
            # key and value take turns in one place; a score stands beside them
            chip.take(wide, moves=False)
            chip.take(w.sum, moves=False)
            chip.moved += w.weight * (nest.size + nest.values)
            chip.drop(wide + w.sum)
        chip.drop(x * w.sum * row, moves=count * w.output * nest.values)
        chip.drop(x * w.input * nest.size)
    return chip.most, chip.moved


def keys_stay(nest: AttentionNest, w: Widths, y: int) -> tuple[int, int]:
    """Tiles of y keys and values; queries pass with their sums, which come back each time."""
    chip, row = Chip(), nest.values + 2
    tiles = range(0, nest.keys, y)
    for number, begin in enumerate(tiles):
        count = min(y, nest.keys - begin)
        room = y * w.weight * (nest.size + nest.values)
        chip.take(room, moves=False)
        chip.moved += count * w.weight * (nest.size + nest.values)
        for _ in range(nest.queries):
            chip.take(w.input * nest.size)
            chip.take(w.sum * row, moves=number > 0)
            # one score at a time
            chip.take(w.sum, moves=False)
            last = number == len(tiles) - 1
            out = w.output * nest.values if last else w.sum * row
            chip.drop(w.sum * (row + 1), moves=out)
            chip.drop(w.input * nest.size)
        chip.drop(room)
    return chip.most, chip.moved


@pytest.mark.parametrize("seed", range(12))
def test_steps_equal_a_walk_of_all_tiles(seed: int) -> None:
    dice = random.Random(seed)
    nest = AttentionNest(*(dice.randint(1, 9) for _ in range(4)))
    width = dice.choice((1, 2))
    widths = Widths(width, dice.choice((1, 2)), width, 4)
    walked = [queries_stay(nest, widths, x) for x in range(1, nest.queries + 1)]
    walked += [keys_stay(nest, widths, y) for y in range(1, nest.keys + 1)]
    expected: list[tuple[int, int]] = []
    for memory, moved in sorted(walked):
        if not expected or moved < expected[-1][1]:
            expected.append((memory, moved))
    curve = attention_curve(nest, widths)
    assert list(zip(curve.room.tolist(), curve.moved.total.tolist(), strict=True)) == expected


def test_published_count() -> None:
    """12 heads of 1024 x 64 in fp16, sums of fp32, 64 KiB on chip: 25.2 MB.

    By hand: 147 queries fit (57 756 B); Q and O once, 4 x 12 x 1024 x 64; K and V 7 times each.
    """
    curve = attention_curve(AttentionNest(1024, 1024, 64, 64, 12), Widths(2, 2, 2, 4))
    step = int(np.searchsorted(curve.room, 64 * 1024, side="right")) - 1
    words = 12 * 1024 * 64
    assert curve.moved.total[step] == 2 * 2 * words + 7 * 2 * 2 * words == 25_165_824
