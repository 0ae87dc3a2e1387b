"""The HairNet paper's rule: each map is judged alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.core.placement import Placement, Plan
from costmodel.core.workload import Workload


class PerTensor(Placement):
    """A map lives on chip if it alone fits (equality fits); parameters never do.

    Maps do not share the memory, so the rule can promise more than there is: the report says by
    how much. The network's input counts as a map like any other.
    """

    source = "H. Jansma, HairNet, 2020, Appendix (columns in_map_loc, out_map_loc)"

    threshold = True

    def plan(self, workload: Workload, memory: Any) -> Plan:
        """tensor_bytes <= memory, tensor by tensor."""
        tensors = workload.tensor_bytes <= memory[:, np.newaxis]
        return Plan.of_maps(workload, tensors)
