"""Absolute relative errors in three figures."""

from __future__ import annotations

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.hardware.evidence import Errors


def of(predicted: Floats, measured: Floats) -> Errors:
    """Return the mean, median and 90th percentile of |predicted - measured| / measured.

    They are rounded to a ten-thousandth.
    """
    size = np.abs(predicted / measured - 1)
    figures = {"mean": size.mean(), "median": np.median(size), "p90": np.quantile(size, 0.9)}
    return Errors(**{word: round(float(value), 4) for word, value in figures.items()})
