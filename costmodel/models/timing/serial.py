"""Transfer and compute follow one another."""

from __future__ import annotations

from costmodel.core.timing import Timing


class Serial(Timing):
    """A row first moves its data, then computes; rows follow one another."""

    source = "H. Jansma, HairNet, 2020, section 5: no movement/compute concurrency"

    exponent = 1.0
    transfer_first = True
