"""What rows that are tiled move beyond the first fetch."""

from __future__ import annotations

from typing import NamedTuple

from costmodel.core.arrays import Array
from costmodel.core.traffic import BusBytes, Crossing, Passed


class Again(NamedTuple):
    """What rows move beyond the first fetch, (M, R) each [B]."""

    bus: BusBytes
    inner: tuple[Crossing, ...]
    """Over each boundary between levels on chip."""
    least: tuple[Array, ...]
    """In the bounds, of the bus and of each of these boundaries."""
    lacking: Array
    """Bytes that the smallest tiles need beyond the room."""
    passed: tuple[Passed, ...] = ()
    """Over the bus and each of these boundaries, what a level beside it only lets through."""

    def at(self, memories: Array) -> Again:
        """Give what rows of one level move in some of the memories."""
        bus = BusBytes(*(side[memories] for side in self.bus))
        return self._replace(bus=bus, lacking=self.lacking[memories])
