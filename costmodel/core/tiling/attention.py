"""Attention as one nest: queries meet keys, then values, and the scores never leave the chip.

Source: Dao et al. 2022, FlashAttention, algorithm 1 (keys and values stay in tiles), and its second
version (Dao 2023, section 3.2: queries stay); a running maximum and sum go with each output row.
"""

from __future__ import annotations

import numpy as np

from costmodel.core.tiling.nest import AttentionNest, Widths
from costmodel.core.tiling.traffic_curve import MovedBytes, TrafficCurve, falling_steps
from costmodel.core.tiling.windows import Ints, sizes

RUNNING = 2
"""[sums] beside an output row that is not complete: the maximum and the sum so far."""


def attention_curve(nest: AttentionNest, widths: Widths, *, double: bool = False) -> TrafficCurve:
    """The step function of both ways to tile it."""
    ways = [_queries_stay(nest, widths, double), _keys_stay(nest, widths, double)]
    memory = np.concatenate([memory for memory, _, _ in ways])
    moved = MovedBytes(
        *(np.concatenate(parts) for parts in zip(*(m for _, m, _ in ways), strict=True))
    )
    tiles = [(way, int(tile)) for way, (_, _, cut) in enumerate(ways) for tile in cut]
    memory, _, kept = falling_steps(memory, moved.total, np.arange(len(tiles)))
    schedules = tuple(tiles[place] for place in kept)
    return TrafficCurve(memory, MovedBytes(*(column[kept] for column in moved)), schedules)


def _queries_stay(
    nest: AttentionNest, widths: Widths, double: bool
) -> tuple[Ints, MovedBytes, Ints]:
    """Rooms, traffic and tiles of x queries with their outputs; keys and values pass by."""
    x, times, a = sizes(nest.queries), 2 if double else 1, widths.sum
    room = x * (widths.input * nest.size + a * (nest.values + RUNNING))
    room = room + times * widths.weight * max(nest.size, nest.values) + a
    passes = -(-nest.queries // x)
    return room, _moved(nest, widths, np.ones_like(x), passes, np.zeros_like(x)), x


def _keys_stay(nest: AttentionNest, widths: Widths, double: bool) -> tuple[Ints, MovedBytes, Ints]:
    """Rooms, traffic and tiles of y keys and values; queries and their outputs pass by."""
    y, times, a = sizes(nest.keys), 2 if double else 1, widths.sum
    passing = widths.input * nest.size + a * (nest.values + RUNNING)
    room = y * widths.weight * (nest.size + nest.values) + times * passing + a
    visits = -(-nest.keys // y)
    return room, _moved(nest, widths, visits, np.ones_like(y), visits - 1), y


def _moved(
    nest: AttentionNest, widths: Widths, of_queries: Ints, of_keys: Ints, refetched: Ints
) -> MovedBytes:
    rows = nest.groups * nest.queries
    sums = refetched * (rows * widths.sum * (nest.values + RUNNING))
    return MovedBytes(
        of_queries * (rows * widths.input * nest.size),
        of_keys * (nest.groups * nest.keys * widths.weight * (nest.size + nest.values)),
        sums,
        sums + rows * widths.output * nest.values,
    )


def attention_words(curve: TrafficCurve, step: int) -> str:
    """What stays, for readers."""
    way, tile = curve.schedules[step]
    return f"keys and values stay, t{tile}" if way else f"queries stay, q{tile}"
