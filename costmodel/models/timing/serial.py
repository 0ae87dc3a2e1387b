"""Nothing overlaps."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.timing import Load, Timing


class Serial(Timing):
    """A row first moves its data, then computes; rows follow one another."""

    source: ClassVar[str] = "H. Jansma, HairNet, 2020, section 5: no movement/compute concurrency"

    exponent: ClassVar[float | None] = 1.0
    transfer_first: ClassVar[bool] = True

    def row_times(self, load: Load) -> Floats:
        """bus + on chip + matrix + host."""
        return np.asarray(load.memory + load.matrix + load.host)
