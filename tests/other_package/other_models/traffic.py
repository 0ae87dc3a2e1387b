"""A traffic model."""

from typing import ClassVar

from costmodel.core.arrays import Array
from costmodel.core.placement import Placement
from costmodel.core.traffic import BusBytes, Placed, Traffic, placed_once
from costmodel.core.workload import Workload


class FetchedTwice(Traffic):
    """Everything that is outside is fetched twice."""

    source: ClassVar[str] = "made for the tests"

    def place(
        self, workload: Workload, placement: Placement, memories: Array, *, first: bool
    ) -> Placed:
        """The placement's plan; reads and parameters count double."""
        found = placed_once(workload, placement, memories, first=first)
        read, write, params = found.moved
        moved = BusBytes(2 * read, write, 2 * params)
        return Placed(memories, found.plan, moved, read + params)
