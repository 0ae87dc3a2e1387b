"""A 90 % interval around a prediction, by the errors of held-out networks."""

from __future__ import annotations

import numpy as np

from costmodel.core.arrays import Floats

COVERED = 0.9
"""The share of held-out networks that lie inside."""
MANY = 20
"""Errors from which on their own quantiles are used."""


def spread(log_errors: Floats) -> tuple[float, float]:
    """The multiples of a prediction between which 90 % of further networks are expected.

    `log_errors` (n,) are log(measured / predicted) of networks that were held out. From 20 on the
    order statistics of split conformal prediction, symmetric in the logarithm (Lei et al. 2018,
    arXiv 1604.04173, Algorithm 2); below, Student's t around no bias. Without any error the
    interval is unknown: zero to infinity is not printed, a factor of 10 is.
    """
    n, size = len(log_errors), np.abs(log_errors)
    if n >= MANY:
        rank = min(int(np.ceil(COVERED * (n + 1))), n)
        half = float(np.sort(size)[rank - 1])
    elif n:
        from scipy.stats import t

        half = float(t.ppf((1 + COVERED) / 2, n) * np.sqrt(np.mean(size**2) * (1 + 1 / n)))
    else:
        half = float(np.log(10))
    return float(np.exp(-half)), float(np.exp(half))
