"""Transfer and compute of a row at the same time."""

from __future__ import annotations

import math

from costmodel.core.timing import Timing


class Overlap(Timing):
    """Double buffering: a row takes the longer of its transfer and its compute.

    Rows follow one another.
    """

    source = "Williams et al. 2009, Roofline: a kernel is bound by the slower of the two"

    exponent = math.inf
