"""Nested tile sizes along plain axes: those that no other ones beat, with their counts.

An axis of n is cut into tiles of s_L, these into tiles of s_(L-1), and so on inwards, each with a
ragged end where the sizes do not divide. The tensor without this axis is fetched once for each tile
at its own node of each level, so many times as there are tiles at that level.

Example: 10 in tiles of 4 are 3 tiles. Each of 4 in tiles of 3 is two, and the last one of 2 is one:
5 tiles in all, where 10 in tiles of 3 would be 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from costmodel.core.tiling.pareto import smallest
from costmodel.core.tiling.windows import Ints, sizes

EVERY = {1: 1 << 62, 2: 2048, 3: 100}
"""[words] Number of cuts -> up to this length they are made at every integer. Of longer axes the
outer ones are made into j equal parts, ceil(n / j), and the innermost one still at every integer.
"""
OUTER_SIZES = 160
"""Of an outer cut, at most: more are spread evenly in ratio."""


@dataclass(frozen=True)
class Chains:
    """Ways to cut the axes of one group at each node of the tensor that lacks them."""

    sizes: Ints
    """(m, H) words of a tile at each node, the outermost first: the product over the axes."""
    counts: Ints
    """(m, H) tiles at each node in all."""
    along: Ints
    """(m, axes, H) the size along each axis."""


@lru_cache(maxsize=512)
def chains(lengths: tuple[int, ...], cuts: tuple[bool, ...], *, coarse: bool = False) -> Chains:
    """Cut axes in every way that no other one beats in all sizes and counts.

    Parameters
    ----------
    lengths
        Words along each axis.
    cuts
        For each of H nodes, the outermost first: whether the axes are cut above it. Where they are
        not, the tile is that of the node before.
    coarse
        True: only sizes that make j equal parts of something, for a first answer.

    Returns
    -------
    Chains
        The sizes and counts.

    """
    depth = len(cuts)
    whole = np.ones((1, depth), dtype=np.int64)
    if not depth:
        return Chains(whole, whole, np.empty((1, len(lengths), 0), dtype=np.int64))
    every = Chains(whole, whole, np.empty((1, 0, depth), dtype=np.int64))
    for length in lengths:
        one = _chains(length, cuts, coarse)
        left, right = np.divmod(np.arange(len(every.sizes) * len(one.sizes)), len(one.sizes))
        size, count = every.sizes[left] * one.sizes[right], every.counts[left] * one.counts[right]
        best = np.arange(len(size))
        if min(len(every.sizes), len(one.sizes)) > 1:
            best = smallest(np.concatenate([size, count], axis=1))
        along = np.concatenate([every.along[left[best]], one.along[right[best]]], axis=1)
        every = Chains(size[best], count[best], along)
    return every


@lru_cache(maxsize=512)
def _chains(length: int, cuts: tuple[bool, ...], coarse: bool) -> Chains:
    depth, made = len(cuts), sum(cuts)
    every = not coarse and length <= EVERY.get(made, 0)
    size = np.empty((1, 0), dtype=np.int64)
    count = np.empty((1, 0), dtype=np.int64)
    # tiles of the last cut differ in length only at ragged ends: their lengths, how many of each
    pieces, times = np.array([[length]]), np.ones((1, 1), dtype=np.int64)
    for at, cut in enumerate(cuts):
        if not cut:
            before = size[:, -1:] if at else np.full((len(size), 1), length)
            size = np.concatenate([size, before], axis=1)
            count = np.concatenate([count, times.sum(axis=1, keepdims=True)], axis=1)
            continue
        made -= 1
        row, tile = _tried(pieces, inner=not made, every=every, coarse=coarse)
        pieces, times = pieces[row], times[row]
        full, rest = np.divmod(pieces, tile[:, np.newaxis])
        tiles = (times * (full + (rest > 0))).sum(axis=1)
        if not made:
            falls = _falling(row, tiles)
            row, tile, tiles = row[falls], tile[falls], tiles[falls]
            pieces, times, full, rest = pieces[falls], times[falls], full[falls], rest[falls]
        size = np.column_stack([size[row], tile])
        count = np.column_stack([count[row], tiles])
        ends = np.where(rest > 0, times, 0)
        tile = tile[:, np.newaxis]
        pieces = np.concatenate([tile, rest], axis=1)
        times = np.concatenate([(times * full).sum(axis=1, keepdims=True), ends], axis=1)
    best = _unbeaten(size, count)
    return Chains(size[best], count[best], size[best][:, np.newaxis, :].reshape(-1, 1, depth))


def _tried(pieces: Ints, *, inner: bool, every: bool, coarse: bool) -> tuple[Ints, Ints]:
    """Sizes worth trying for each row of pieces: the number of its row, ascending, and the size."""
    longest = pieces.max(axis=1)
    if every and not inner:
        tried = [np.arange(1, length + 1) for length in longest.tolist()]
    else:
        own = {length: sizes(length) for length in np.unique(pieces).tolist() if length}
        if not inner or coarse:
            tried = [own[length] for length in longest.tolist()]
            if not inner:
                tried = [_thinned(some) for some in tried]
        else:
            # between these no count changes
            tried = [
                np.unique(np.concatenate([own[length] for length in set(some) if length]))
                for some in pieces.tolist()
            ]
    return np.repeat(np.arange(len(pieces)), [len(some) for some in tried]), np.concatenate(tried)


def _thinned(tried: Ints) -> Ints:
    if len(tried) <= OUTER_SIZES:
        return tried
    places = np.linspace(0, len(tried) - 1, OUTER_SIZES).round().astype(np.int64)
    return tried[places]


def _falling(row: Ints, tiles: Ints) -> Ints:
    """The places where a row makes fewer tiles than with any smaller size of its own."""
    # each row starts below all that earlier ones can have
    level = tiles - row * (int(tiles.max()) + 1)
    falls = np.ones(len(level), dtype=bool)
    falls[1:] = level[1:] < np.minimum.accumulate(level)[:-1]
    return np.flatnonzero(falls)


def _unbeaten(size: Ints, count: Ints) -> Ints:
    """Only cuts with equally many outermost tiles can beat each other.

    A smaller outermost tile makes as many tiles or more.
    """
    table = np.concatenate([size, count], axis=1)
    order = np.argsort(count[:, 0], kind="stable")
    ends = np.flatnonzero(np.diff(count[order, 0])) + 1
    return np.concatenate([group[smallest(table[group])] for group in np.split(order, ends)])
