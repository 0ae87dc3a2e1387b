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
    return Errors(
        mean=round(float(size.mean()), 4),
        median=round(float(np.median(size)), 4),
        p90=round(float(np.quantile(size, 0.9)), 4),
    )
