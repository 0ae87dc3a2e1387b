"""A placement."""

from typing import Any, ClassVar

import numpy as np

from costmodel.core.placement import Placement, Plan
from costmodel.core.workload import Workload


class AllInternal(Placement):
    """Every map is on chip, whatever the memory."""

    source: ClassVar[str] = "made for the tests"

    def plan(self, workload: Workload, memory: Any) -> Plan:
        """Everything inside."""
        inside = np.ones((len(memory), len(workload.tensor_bytes)), dtype=bool)
        return Plan.of_maps(workload, inside)
