"""What a scan keeps of its points: the best k, and the Pareto front.

Ties have a rule: the lowest index wins among the best, and the front holds one row per distinct
objective vector, with its lowest index and the count of points that share it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

Best = list[tuple[float, int]]
"""(objective, index), best first."""
Front = list[tuple[tuple[float, ...], int, int]]
"""(objectives, lowest index, count)."""
MANY = 20_000
"""[points] from which a first sieve pays."""
PIVOTS = 8
"""Vectors of the sieve."""
BLOCK = 2048
"""[points] compared at once with the front so far."""


def best_of(values: NDArray[np.float64], indices: NDArray[np.int64], k: int) -> Best:
    """The k smallest values (N,) with their indices; equal values by lowest index."""
    if k <= 0 or not len(values):
        return []
    if len(values) > 4 * k:
        limit = np.partition(values, k - 1)[k - 1]
        near = np.flatnonzero(values <= limit)
        values, indices = values[near], indices[near]
    order = np.lexsort((indices, values))[:k]
    return [(float(values[i]), int(indices[i])) for i in order]


def merge_best(parts: list[Best], k: int) -> Best:
    """The k best of several parts."""
    return sorted(pair for part in parts for pair in part)[:k]


def front_of(vectors: NDArray[np.float64], indices: NDArray[np.int64], counts: Any = None) -> Front:
    """The Pareto front of vectors (N, D), all objectives to be small."""
    if not len(vectors):
        return []
    counts = np.ones(len(vectors), dtype=np.int64) if counts is None else counts
    kept = np.flatnonzero(efficient(vectors))
    chosen, inverse = np.unique(vectors[kept], axis=0, return_inverse=True)
    inverse = inverse.ravel()
    total = np.bincount(inverse, weights=counts[kept], minlength=len(chosen)).astype(np.int64)
    lowest = np.full(len(chosen), np.iinfo(np.int64).max)
    np.minimum.at(lowest, inverse, indices[kept])
    return [
        (tuple(map(float, v)), int(i), int(c))
        for v, i, c in zip(chosen, lowest, total, strict=True)
    ]


def merge_fronts(parts: list[Front]) -> Front:
    """The front of several parts' fronts; counts of equal vectors add up."""
    rows = [row for part in parts for row in part]
    if not rows:
        return []
    vectors, indices, counts = zip(*rows, strict=True)
    return front_of(np.array(vectors), np.array(indices), np.array(counts))


def efficient(vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for the vectors (N, D) that no other vector dominates; equal vectors stand together."""
    # most fall to a few good ones, which a sample provides
    if len(vectors) > MANY:
        sample = vectors[:: len(vectors) // 1000]
        good = sample[efficient(sample)]
        found = ~_dominated(vectors, good[:: max(1, len(good) // PIVOTS)])
        found[found] = _efficient(vectors[found])
        return found
    return _efficient(vectors)


def _efficient(vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The same by sorting."""
    # by the first objective, then the second, ...
    order = np.lexsort(vectors.T[::-1])
    ordered = vectors[order]
    flags = {1: _two, 2: _two, 3: _three}.get(vectors.shape[1], _many)(ordered)
    found = np.empty(len(vectors), dtype=bool)
    found[order] = flags
    return found


def _two(ordered: NDArray[np.float64]) -> NDArray[np.bool_]:
    """One or two objectives: a running minimum of the last, groups of equal vectors together."""
    last = ordered[:, -1]
    starts = np.append(True, np.any(ordered[1:] != ordered[:-1], axis=1))
    before = np.append(np.inf, np.minimum.accumulate(last)[:-1])
    group = np.cumsum(starts) - 1
    better = (last < before)[starts]
    if ordered.shape[1] == 1:
        better[1:] = False
    return np.asarray(better[group])


def _three(ordered: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Three objectives: a staircase of the second and third so far, found by bisection."""
    flags = np.zeros(len(ordered), dtype=bool)
    # ascending
    seconds: list[float] = []
    # descending
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
        start = bisect_left(seconds, y)
        end = start
        while end < len(thirds) and thirds[end] >= z:
            end += 1
        seconds[start:end], thirds[start:end] = [y], [z]
    return flags


def _many(ordered: NDArray[np.float64]) -> NDArray[np.bool_]:
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


def _dominated(points: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for each of `points` that some vector of `by` dominates."""
    found = np.zeros(len(points), dtype=bool)
    for start in range(0, len(by), 256):
        other = by[start : start + 256]
        no_worse = np.ones((len(points), len(other)), dtype=bool)
        better = np.zeros_like(no_worse)
        for axis in range(points.shape[1]):
            no_worse &= other[:, axis] <= points[:, axis, np.newaxis]
            better |= other[:, axis] < points[:, axis, np.newaxis]
        found |= (no_worse & better).any(axis=1)
    return found
