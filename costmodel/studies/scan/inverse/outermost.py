"""The outermost number that meets a target: a bisection over all that a computer can hold."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

LEAST = 1e-300
"""The least value of a rate that is tried: with less a time leaves the range of numbers."""


def outermost(
    meets: Callable[[float], bool], start: float, *, smallest: bool, known: bool = False
) -> float | None:
    """The outermost number that meets a target, to the last bit; None where none does.

    Parameters
    ----------
    meets : callable
        Whether a value meets it; all values beyond one that does are taken to.
    start : float
        A value near it.
    smallest : bool
        True: the smallest that meets it; False: the largest.
    known : bool
        True: `start` is right but for rounding, and is kept where it meets the target.

    Returns
    -------
    float or None
        The value, from 0 or LEAST to the largest number that a computer holds.

    Examples
    --------
    >>> outermost(lambda value: value >= 3, 100.0, smallest=True)
    3.0

    """
    # positive numbers are in the order of their bits read as whole numbers
    ends = _bits(LEAST if smallest else 0.0), _bits(sys.float_info.max)
    place = min(max(_bits(start), ends[0]), ends[1])
    if known and meets(_number(place)):
        return _number(place)
    inward = 1 if smallest else -1
    met = meets(_number(place))
    step, last = (-inward if met else inward), place
    while True:
        following = min(max(last + step, ends[0]), ends[1])
        if following == last:
            return _number(last) if met else None
        if meets(_number(following)) != met:
            break
        last, step = following, 2 * step
    good, bad = (last, following) if met else (following, last)
    while abs(good - bad) > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if meets(_number(middle)) else (good, middle)
    return _number(good)


def _bits(value: float) -> int:
    """A number that is not negative as the whole number with the same bits."""
    return int(np.float64(value).view(np.int64))


def _number(bits: int) -> float:
    """The inverse of `_bits`."""
    return float(np.int64(bits).view(np.float64))
