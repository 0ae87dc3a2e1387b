"""Every map and parameter stays outside."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.core.placement import Placement, Plan
from costmodel.core.workload import Workload


class AllExternal(Placement):
    """Every map and parameter is moved over the bus each time it is read or written."""

    source = "the roofline's usual reading: Williams et al. 2009, compulsory traffic"

    keeps_nothing = True

    def plan(self, workload: Workload, memory: Any) -> Plan:
        """Nothing inside, whatever the memory."""
        return Plan.of_maps(
            workload, np.zeros((len(memory), len(workload.tensor_bytes)), dtype=bool)
        )
