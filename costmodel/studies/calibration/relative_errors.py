"""Absolute relative errors in three figures."""

from __future__ import annotations

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.hardware.evidence import Errors


def absolute(errors: Floats) -> tuple[float, float, float]:
    """Return the mean, the median and the 90th percentile of |errors| (N,)."""
    size = np.abs(errors)
    return float(size.mean()), float(np.median(size)), float(np.quantile(size, 0.9))


def of(predicted: Floats, measured: Floats) -> Errors:
    """Return these of (predicted - measured) / measured, rounded to a ten-thousandth."""
    mean, median, p90 = (round(error, 4) for error in absolute(predicted / measured - 1))
    return Errors(mean=mean, median=median, p90=p90)
