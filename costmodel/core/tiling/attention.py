"""Attention as one nest: queries meet keys, then values, and the scores never leave the chip.

Source: Dao et al. 2022, FlashAttention, algorithm 1 (keys and values stay in tiles), and its second
version (Dao 2023, section 3.2: queries stay); a running maximum and sum go with each output row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from costmodel.core.tiling.nest import AttentionNest, Widths
from costmodel.core.tiling.traffic_curve import MovedBytes, TrafficCurve, falling_steps
from costmodel.core.tiling.windows import Ints, sizes

RUNNING = 2
"""[sums] beside an output row that is not complete: the maximum and the sum so far."""


def attention_curve(nest: AttentionNest, widths: Widths, *, double: bool = False) -> TrafficCurve:
    """Price every tile of both ways and keep, for each room, the one that moves least.

    `double`: what passes by the tile that stays has a second buffer.
    """
    ways = [_queries_stay(nest, widths, double), _keys_stay(nest, widths, double)]
    room = np.concatenate([way.room for way in ways])
    moved = np.concatenate([np.stack(way.moved) for way in ways], axis=1)
    schedules = [(way, tile) for way, tried in enumerate(ways) for tile in tried.tiles.tolist()]
    room, _, kept = falling_steps(room, moved.sum(axis=0), np.arange(len(room)))
    return TrafficCurve(room, MovedBytes(*moved[:, kept]), tuple(schedules[at] for at in kept))


class _Way(NamedTuple):
    """One way to tile, with every size worth trying, each (m,)."""

    room: Ints
    moved: MovedBytes
    tiles: Ints
    """[queries or keys] of a tile."""


def _queries_stay(nest: AttentionNest, widths: Widths, double: bool) -> _Way:
    """Rooms, traffic and tiles of x queries with their outputs; keys and values pass by."""
    x, times, a = sizes(nest.queries), 2 if double else 1, widths.sum
    room = x * (widths.input * nest.size + a * (nest.values + RUNNING))
    room = room + times * widths.weight * max(nest.size, nest.values) + a
    passes = -(-nest.queries // x)
    return _Way(room, moved_bytes(nest, widths, np.ones_like(x), passes, np.zeros_like(x)), x)


def _keys_stay(nest: AttentionNest, widths: Widths, double: bool) -> _Way:
    """Rooms, traffic and tiles of y keys and values; queries and their outputs pass by."""
    y, times, a = sizes(nest.keys), 2 if double else 1, widths.sum
    passing = widths.input * nest.size + a * (nest.values + RUNNING)
    room = y * widths.weight * (nest.size + nest.values) + times * passing + a
    visits = -(-nest.keys // y)
    return _Way(room, moved_bytes(nest, widths, visits, np.ones_like(y), visits - 1), y)


def moved_bytes(
    nest: AttentionNest, widths: Widths, of_queries: Ints, of_keys: Ints, refetched: Ints
) -> MovedBytes:
    """What crosses with so many passes of queries, of keys and values, and of outputs begun."""
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
