"""Nothing overlaps."""

from __future__ import annotations

import numpy as np

from costmodel.core.timing import Floats, Load, Timing


class Serial(Timing):
    """A row first moves its data, then computes; rows follow one another."""

    source = "H. Jansma, HairNet, 2020, section 5: no movement/compute concurrency"

    exponent = 1.0
    transfer_first = True

    def row_times(self, load: Load) -> Floats:
        """bus + on chip + matrix + host."""
        return np.asarray(load.memory + load.matrix + load.host)
