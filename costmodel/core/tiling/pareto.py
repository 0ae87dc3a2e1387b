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
    _, places = np.unique(table, axis=0, return_index=True)
    # sorted by their sums, no row is beaten by a later one
    places = places[np.argsort(table[places].sum(axis=1), kind="stable")]
    kept = np.empty((0, table.shape[1]), dtype=table.dtype)
    chosen = []
    while len(places):
        block, places = places[:BLOCK], places[BLOCK:]
        rows = table[block]
        inside = _beaten(rows, rows, strict=True)
        block, rows = block[~inside], rows[~inside]
        chosen.append(block)
        kept = rows
        places = places[~_beaten(table[places], kept, strict=False)]
    return np.concatenate(chosen) if chosen else places


def _beaten(rows: NDArray[np.int64], by: NDArray[np.int64], *, strict: bool) -> NDArray[np.bool_]:
    """True for the rows that one of `by` is at most in every column; `strict`: another one."""
    at_most = np.ones((len(rows), len(by)), dtype=bool)
    for column in range(rows.shape[1]):
        at_most &= by[None, :, column] <= rows[:, None, column]
    if strict:
        np.fill_diagonal(at_most, val=False)
    return np.asarray(at_most.any(axis=1))
