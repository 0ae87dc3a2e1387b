"""Nothing overlaps."""

from __future__ import annotations

from typing import ClassVar

from costmodel.timing.base import Floats, Load, Timing


class Serial(Timing):
    """A row first moves its data, then computes; rows follow one another."""

    source: ClassVar[str] = "H. Jansma, HairNet, 2020, section 5: no movement/compute concurrency"

    additive: ClassVar[bool] = True

    def row_times(self, load: Load) -> Floats:
        """transfer + matrix + host."""
        return load.transfer + load.matrix + load.host
