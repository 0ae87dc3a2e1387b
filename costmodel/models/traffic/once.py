"""Each external tensor crosses the bus once for each row that touches it."""

from __future__ import annotations

from costmodel.core.arrays import Array
from costmodel.core.placement import Placement
from costmodel.core.traffic import Placed, Traffic, placed_once
from costmodel.core.workload import Workload


class Once(Traffic):
    """The paper's: whatever the memory, a row reads each operand and writes each output once."""

    source = "H. Jansma, HairNet, 2020, section 5 and Appendix"

    def place(
        self, workload: Workload, placement: Placement, memories: Array, *, first: bool
    ) -> Placed:
        """The placement's plan, and what it leaves outside."""
        return placed_once(workload, placement, memories, first=first)
