"""Nothing overlaps."""

from __future__ import annotations

from typing import ClassVar

from costmodel.timing.base import Floats, Timing


class Serial(Timing):
    """A row first moves its data, then computes; rows follow one another."""

    source: ClassVar[str] = "H. Jansma, HairNet, 2020, section 5: no movement/compute concurrency"

    additive: ClassVar[bool] = True

    def row_times(self, transfer: Floats, matrix: Floats, host: Floats) -> Floats:
        """transfer + matrix + host."""
        return transfer + matrix + host
