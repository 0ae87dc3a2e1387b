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
BRAIN = 2.0**-7
"""Distance from one to the next 16-bit brain float; numpy does not tell."""
ROWS = 4
"""Positions from which a column can be told to be a sinusoid."""
ADDED = re.compile(r"(onnx::\w+_|[a-z_]\w*_|)\d+|.*/Constant(_\d+)?_output_0")
"""Names that torch's exporters give to what an operator gives, and has none in the network."""
LIFTED = re.compile(r"(c_)?lifted_tensor_\d+")
CLOSE = 1e-3
"""Residual of a sinusoid or a window, relative to its values, where their type has no more bits."""


def made_by_code(name: str) -> bool:
    """True for a tensor that the code of a network makes, under the name that torch lifts it to."""
    return LIFTED.fullmatch(name) is not None


def filled(name: str, array: NDArray[Any]) -> bool:
    """True for ones or zeros under a name that an exporter made up.

    In the ports of a norm it adds them, where the norm scales nothing; a network that was not
    trained yet holds as many.
    """
    if ADDED.fullmatch(name) is None or not array.size:
        return False
    values = _numbers(array)
    return bool((values == values.flat[0]).all() and values.flat[0] in (0, 1))


def unlearnt(array: NDArray[Any]) -> bool:
    """True for a mask, a window, a table of angles or sinusoids, or the frequencies of one."""
    if array.size < 2 or array.size > MOST or array.dtype.kind not in "fiubV":
        return False
    values, ulp = _numbers(array), _ulp(array)
    vector = np.squeeze(values)
    if vector.ndim < 2:
        return _mask(values) or _frequencies(vector, ulp) or _window(vector, ulp)
    tables = (np.moveaxis(vector, axis, 0) for axis in range(vector.ndim))
    return _mask(values) or any(_sinusoids(one.reshape(len(one), -1), ulp) for one in tables)


def _ulp(array: NDArray[Any]) -> float:
    """The distance of numbers of a type from each other, at one."""
    if array.dtype.kind in "iub":
        return 0.0
    return float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else BRAIN


def _numbers(array: NDArray[Any]) -> NDArray[Any]:
    """The values of an array of any type; numpy has no 16-bit brain floats of its own."""
    return np.asarray(array.astype(np.float32) if array.dtype.kind == "V" else array, dtype=float)


def _mask(values: NDArray[Any]) -> bool:
    """Zeros beside ones, or numbers so low that no score is left beside zeros or alone."""
    other = values[values != 0.0]
    ones = other.size < values.size and (other == 1.0).all()
    return other.size > 0 and bool(ones or (other <= MASKED).all())


def _frequencies(flat: NDArray[Any], ulp: float) -> bool:
    """A series that falls from 1, as rotary embeddings have it.

    It is geometric, or for the most part where some are stretched for longer contexts.
    """
    if len(flat) < 2 * ROWS or flat[0] != 1.0 or not (flat > 0).all():
        return False
    steps = np.diff(np.log(flat))
    usual = np.isclose(steps, np.median(steps), rtol=CLOSE, atol=ulp)
    return bool((steps <= 0).all() and steps[0] < 0 and 2 * usual.sum() > len(steps))


def _window(flat: NDArray[Any], ulp: float) -> bool:
    """A window of signals: a sum of a constant, two cosines and a triangle, whole or periodic."""
    if len(flat) < 2 * ROWS or not CLOSE <= np.ptp(flat) < np.inf:
        return False
    close = max(CLOSE, ulp) * np.abs(flat).max()
    for period in (len(flat) - 1, len(flat)):
        # all four are mirrored about the middle; the first of a periodic window has no counterpart
        mirrored = flat[1 + period - len(flat) :]
        if np.abs(mirrored - mirrored[::-1]).max() > 2 * close:
            continue
        turn = np.arange(len(flat)) / period
        waves = [np.cos(2 * np.pi * times * turn) for times in (0, 1, 2)]
        shapes = np.stack([*waves, np.abs(2 * turn - 1)], axis=1)
        left = flat - shapes @ np.linalg.lstsq(shapes, flat, rcond=None)[0]
        if np.abs(left).max() <= close:
            return True
    return False


def _sinusoids(table: NDArray[Any], ulp: float) -> bool:
    """Columns x with x[p + 1] + x[p - 1] = 2 cos(w) x[p], and which are not all one number.

    Of angles, which grow evenly, w is zero. Each of the three is off by half an ulp at most, and
    the middle one counts twice.
    """
    close = max(CLOSE, 2 * ulp)
    if len(table) < ROWS:
        return False
    table = table / max(1.0, float(np.abs(table).max()))
    middle, around = table[1:-1], table[2:] + table[:-2]
    power = (middle**2).sum(axis=0)
    factor = np.divide((middle * around).sum(axis=0), power, where=power > 0, out=2 * (power + 1))
    left = np.abs(around - factor * middle).max(axis=0)
    straight = np.ptp(table, axis=0) < CLOSE
    return bool(
        (left <= close).all() and (np.abs(factor) <= 2 + close).all() and not straight.all()
    )
