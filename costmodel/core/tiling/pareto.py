"""Which of many choices no other one beats in everything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 256
"""[rows] compared at once."""


def smallest(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows of `table` (m, d) that no other row is at most in every column: their places.

    Of equal rows the first one stays.
    """
    # sorted by their sums, no row is beaten by a later one
    places = np.argsort(table.sum(axis=1), kind="stable")
    chosen = []
    while len(places):
        block, places = places[:BLOCK], places[BLOCK:]
        at_most = _at_most(table[block], table[block])
        # by a row before it, or by a better one
        beaten = at_most & (np.tri(len(block), k=-1, dtype=bool) | ~at_most.T)
        np.fill_diagonal(beaten, val=False)
        block = block[~beaten.any(axis=1)]
        chosen.append(block)
        places = places[~_at_most(table[places], table[block]).any(axis=1)]
    return np.concatenate(chosen) if chosen else places


def _at_most(rows: NDArray[np.int64], by: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(m, n): True where row n of `by` is at most row m in every column."""
    at_most = np.ones((len(rows), len(by)), dtype=bool)
    for column in range(rows.shape[1]):
        at_most &= by[None, :, column] <= rows[:, None, column]
    return at_most
