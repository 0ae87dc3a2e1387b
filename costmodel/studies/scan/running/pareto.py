"""What a scan keeps of its points: the best k, and the Pareto front.

Ties have a rule: the lowest index wins among the best, and the front holds one row per distinct
objective vector, with its lowest index and the count of points that share it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np

from costmodel.core.arrays import Bools, Floats, Ints

Best = list[tuple[float, int]]
"""(objective, index), best first."""
Front = list[tuple[tuple[float, ...], int, int]]
"""(objectives, lowest index, count)."""
MANY = 20_000
"""[points] from which a first sieve pays."""
PIVOTS = 8
"""How many vectors the sieve compares all points with."""
BLOCK = 2048
"""[points] compared at once with the front so far."""


def best_of(values: Floats, indices: Ints, k: int) -> Best:
    """The k smallest values (N,) with their indices; equal values by lowest index."""
    if k <= 0 or not len(values):
        return []
    if len(values) > 4 * k:
        near = np.flatnonzero(values <= np.partition(values, k - 1)[k - 1])
        values, indices = values[near], indices[near]
    order = np.lexsort((indices, values))[:k]
    return list(zip(values[order].tolist(), indices[order].tolist(), strict=True))


def merge_best(parts: Iterable[Best], k: int) -> Best:
    """The k best of several parts."""
    return sorted(chain.from_iterable(parts))[:k]


def front_of(vectors: Floats, indices: Ints, counts: Any = 1) -> Front:
    """The Pareto front of vectors (N, D), all objectives to be small, each counted `counts` times.

    Of (1, 5), (2, 3), (1, 5), (3, 4) the front is (1, 5) twice, first at index 0, and (2, 3) once:
    (3, 4) is worse than (2, 3) in both.
    """
    if not len(vectors):
        return []
    kept = np.flatnonzero(efficient(vectors))
    chosen, which = np.unique(vectors[kept], axis=0, return_inverse=True)
    which = which.ravel()
    many = np.broadcast_to(counts, len(vectors))[kept]
    total = np.bincount(which, weights=many, minlength=len(chosen)).astype(np.int64)
    lowest = np.full(len(chosen), np.iinfo(np.int64).max)
    np.minimum.at(lowest, which, indices[kept])
    rows = map(tuple, chosen.tolist())
    return list(zip(rows, lowest.tolist(), total.tolist(), strict=True))


def merge_fronts(parts: Iterable[Front]) -> Front:
    """The front of several parts' fronts; counts of equal vectors add up."""
    rows = list(chain.from_iterable(parts))
    if not rows:
        return []
    vectors, indices, counts = zip(*rows, strict=True)
    return front_of(np.array(vectors), np.array(indices), np.array(counts))


def efficient(vectors: Floats) -> Bools:
    """True for the vectors (N, D) that no other vector dominates; equal vectors stand together."""
    if len(vectors) <= MANY:
        return _efficient(vectors)
    # most fall to a few good ones, which a sample provides
    sample = vectors[:: len(vectors) // 1000]
    good = sample[efficient(sample)]
    flags = ~_dominated(vectors, good[:: max(1, len(good) // PIVOTS)])
    flags[flags] = _efficient(vectors[flags])
    return flags


def _efficient(vectors: Floats) -> Bools:
    """Sort by the first objective, then the second, and so on: none dominates an earlier one."""
    order = np.lexsort(vectors.T[::-1])
    rule = {1: _two, 2: _two, 3: _three}.get(vectors.shape[1], _many)
    flags = np.empty(len(vectors), dtype=bool)
    flags[order] = rule(vectors[order])
    return flags


def _two(ordered: Floats) -> Bools:
    """One or two objectives: a running minimum of the last, groups of equal vectors together."""
    last = ordered[:, -1]
    starts = np.append(True, np.any(ordered[1:] != ordered[:-1], axis=1))
    before = np.append(np.inf, np.minimum.accumulate(last)[:-1])
    better = (last < before)[starts]
    return np.asarray(better[np.cumsum(starts) - 1])


def _three(ordered: Floats) -> Bools:
    """Three objectives: a staircase of the second and third so far, searched by bisection.

    Behind (0, 1, 5) and (0, 3, 2) the staircase has the seconds 1, 3 and the thirds 5, 2. Then
    (1, 4, 3) falls to the step (3, 2), and (1, 2, 2) stands and takes that step's place.
    """
    flags = np.zeros(len(ordered), dtype=bool)
    # the seconds ascend, the thirds descend
    seconds: list[float] = []
    thirds: list[float] = []
    previous: list[float] = []
    for number, vector in enumerate(ordered.tolist()):
        if vector == previous:
            flags[number] = flags[number - 1]
            continue
        previous = vector
        _, y, z = vector
        at = bisect_right(seconds, y)
        if at and thirds[at - 1] <= z:
            # an earlier vector is no worse in all three
            continue
        flags[number] = True
        start = end = bisect_left(seconds, y)
        while end < len(thirds) and thirds[end] >= z:
            end += 1
        seconds[start:end], thirds[start:end] = [y], [z]
    return flags


def _many(ordered: Floats) -> Bools:
    """Block by block against the front so far; a later vector never dominates an earlier one."""
    flags = np.zeros(len(ordered), dtype=bool)
    front = np.empty((0, ordered.shape[1]))
    for start in range(0, len(ordered), BLOCK):
        block = ordered[start : start + BLOCK]
        alive = ~_dominated(block, front)
        inner = np.flatnonzero(alive)
        alive[inner] = ~_dominated(block[inner], block[inner])
        flags[start : start + BLOCK] = alive
        front = np.concatenate([front, np.unique(block[alive], axis=0)])
    return flags


def _dominated(points: Floats, by: Floats) -> Bools:
    """True for each of `points` that some vector of `by` dominates."""
    flags = np.zeros(len(points), dtype=bool)
    for start in range(0, len(by), 256):
        other = by[start : start + 256]
        no_worse = np.ones((len(points), len(other)), dtype=bool)
        better = np.zeros_like(no_worse)
        for theirs, ours in zip(other.T, points.T, strict=True):
            no_worse &= theirs <= ours[:, np.newaxis]
            better |= theirs < ours[:, np.newaxis]
        flags |= (no_worse & better).any(axis=1)
    return flags
