"""Stored numbers that nobody learnt: masks, and tables of sines and cosines.

They are told by what they hold. A mask holds two values, one of which is zero and the other one or
beyond anything a network learns; each column of a table of positions is a sinusoid.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 1 << 22
"""[elements] up to which contents are looked at."""
MASKED = -1e3
"""Scores this low are masked: no softmax sees them."""
ROWS = 4
"""Positions from which a column can be told to be a sinusoid."""
ADDED = re.compile(r"(onnx::\w+_|[a-z_]\w*_|)\d+|.*/Constant(_\d+)?_output_0")
"""Names that torch's exporters give to what an operator gives, and has none in the network."""
LIFTED = re.compile(r"(c_)?lifted_tensor_\d+")
CLOSE = 1e-3
"""Residual of a sinusoid in half precision, relative to its values."""


def made_by_code(name: str) -> bool:
    """True for a tensor that the code of a network makes, under the name that torch lifts it to."""
    return LIFTED.fullmatch(name) is not None


def filled(name: str, array: NDArray[Any]) -> bool:
    """True for ones or zeros that an exporter adds, e.g. for a norm that scales nothing.

    A network that was not trained yet holds as many ones and zeros, under names of its own.
    """
    added = ADDED.fullmatch(name) is not None
    return (
        added
        and array.size > 0
        and bool((array == array.flat[0]).all())
        and array.flat[0] in (0, 1)
    )


def unlearnt(array: NDArray[Any]) -> bool:
    """True for a mask, a table of sinusoids, or the frequencies of one."""
    if array.size < 2 or array.size > MOST or array.dtype.kind not in "fiub":
        return False
    values = np.asarray(array, dtype=float)
    return _mask(values) or _frequencies(values) or _sinusoids(values)


def _mask(values: NDArray[Any]) -> bool:
    """Zeros beside ones, or beside something very low."""
    levels = np.unique(values)
    if len(levels) != 2:
        return False
    low, high = levels
    return (low, high) == (0.0, 1.0) or (high == 0.0 and low <= MASKED)


def _frequencies(values: NDArray[Any]) -> bool:
    """A geometric series that falls from 1, as rotary embeddings have it."""
    flat = np.squeeze(values)
    if flat.ndim != 1 or len(flat) < 2 * ROWS or flat[0] != 1.0 or not (flat > 0).all():
        return False
    steps = np.diff(np.log(flat))
    return bool(steps[0] < 0 and np.allclose(steps, steps[0], rtol=CLOSE, atol=0))


def _sinusoids(values: NDArray[Any]) -> bool:
    """Columns x with x[p + 1] + x[p - 1] = 2 cos(w) x[p], and which are not all one number."""
    table = np.squeeze(values)
    if table.ndim != 2 or len(table) < ROWS or np.abs(table).max() > 1 + CLOSE:
        return False
    middle, around = table[1:-1], table[2:] + table[:-2]
    power = (middle**2).sum(axis=0)
    factor = np.divide((middle * around).sum(axis=0), power, where=power > 0, out=2 * (power + 1))
    left = np.abs(around - factor * middle).max(axis=0)
    straight = np.ptp(table, axis=0) < CLOSE
    return bool(
        (left <= CLOSE).all() and (np.abs(factor) <= 2 + CLOSE).all() and not straight.all()
    )
