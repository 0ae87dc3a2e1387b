"""THE formula: a workload on a machine.

Written once, in array arithmetic: a machine of plain numbers gives arrays over rows, a machine
of arrays gives the same with the design points in front. Nothing branches on a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.hardware import Machine
from costmodel.placement import Placement, Plan
from costmodel.timing import Timing
from costmodel.workload import Workload

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Result:
    """Per row, design points in front (..., R); bytes and seconds per run."""

    plans: Plan  # of the distinct memories
    point: Array  # (...) which of them each design point has
    external_bytes: Array  # [B] over the memory bus
    transfer: Array  # [s] on the bus
    matrix: Array  # [s] on the matrix engine
    host: Array  # [s] on the host
    total: Array  # [s] of the row, as the timing model combines them

    @property
    def plan(self) -> Plan:
        """Where things live, design points in front."""
        return self.plans.at(self.point)

    @property
    def compute(self) -> Array:
        """Time on both engines [s], shape (..., R)."""
        return self.matrix + self.host

    @property
    def total_time(self) -> Array:
        """Time of the whole run [s], shape (...)."""
        return np.asarray(self.total.sum(axis=-1))


def evaluate(workload: Workload, machine: Machine, placement: Placement, timing: Timing) -> Result:
    """Place every tensor, move what is external, compute, and combine.

    external = external inputs + external outputs + external parameters [B];
    transfer = external / bandwidth; compute = matrix ops / F + host ops / G [s].
    Source: H. Jansma, HairNet, 2020, section 5 and Appendix.
    """
    memories, point = np.unique(np.asarray(machine.memory, dtype=float), return_inverse=True)
    point = point.reshape(
        np.shape(machine.memory)
    )  # what follows from the memory is worked out once
    plan = placement.plan(workload, memories)
    outside = np.where(plan.tensors, 0, workload.tensor_bytes)
    params = np.where(plan.params, 0, workload.param_bytes)
    external = workload.over_inputs(outside) + workload.over_outputs(outside) + params + plan.once
    external = external[point]
    transfer = external / _column(machine.bandwidth)
    matrix = workload.matrix_ops / _column(machine.matrix)
    host = workload.host_ops / _column(machine.host)
    total = timing.row_times(transfer, matrix, host)
    return Result(plan, point, external, transfer, matrix, host, total)


def _column(quantity: Any) -> Array:
    """A number or points (...,) as (..., 1), to meet the rows."""
    return np.asarray(quantity, dtype=float)[..., np.newaxis]


def live_internal_bytes(workload: Workload, plan: Plan) -> Array:
    """Bytes that are on chip while each row runs under `plan` [B], shape (..., R).

    A map is alive from the row that writes it to the last row that reads it, both included;
    the network's outputs stay to the end.
    """
    sizes = np.where(plan.tensors, workload.tensor_bytes, 0)
    rows = len(workload.macs)
    end = np.where(workload.kept, rows - 1, workload.last)
    change = np.zeros((rows + 1, *sizes.shape[:-1]), dtype=np.int64)
    np.add.at(change, np.maximum(workload.first, 0), np.moveaxis(sizes, -1, 0))
    np.subtract.at(change, end + 1, np.moveaxis(sizes, -1, 0))
    return np.moveaxis(np.cumsum(change, axis=0)[:rows], 0, -1)
