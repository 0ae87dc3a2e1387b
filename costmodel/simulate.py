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
from costmodel.timing.base import Ahead, Load
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
    load: Load  # what the timing model was asked

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


def evaluate(workload: Workload, machine: Machine, placement: Placement, timing: Timing, *,
             first: bool = False) -> Result:  # fmt: skip
    """Place every tensor, move what is external, compute, and combine.

    external = external inputs + external outputs + external parameters [B];
    transfer = external / bandwidth; compute = matrix ops / F + host ops / G [s].
    The `first` inference also loads the parameters that stay on chip from run to run.
    Source: H. Jansma, HairNet, 2020, section 5 and Appendix.
    """
    memories, point = np.unique(np.asarray(machine.memory, dtype=float), return_inverse=True)
    point = point.reshape(
        np.shape(machine.memory)
    )  # what follows from the memory is worked out once
    plan, costs = placement.plan(workload, memories), workload.costs
    outside = np.where(plan.tensors, 0, workload.tensor_bytes)
    stays = (
        plan.params & ~workload.own_params if first else plan.params
    )  # shared ones are loaded once
    params = np.where(stays, 0, workload.param_bytes)
    read = workload.over_inputs(outside) + plan.loads
    write = workload.over_outputs(outside) + plan.stores
    external = read + write + params
    moved, taken = external[point], external[point]
    if costs.read is not None:
        taken = (read * costs.read + write * costs.write + params * costs.params)[point]
    bandwidth = _column(machine.bandwidth)
    transfer = taken / bandwidth
    if costs.on_chip_bandwidth is not None:
        transfer = (
            transfer
            + (workload.touched_bytes - external + plan.loads + plan.stores)[point]
            / costs.on_chip_bandwidth
        )
    matrix = costs.matrix_ops / _column(machine.matrix)
    host = costs.host_ops / _column(machine.host)

    def ahead() -> Ahead:
        room = memories[:, np.newaxis] - live_internal_bytes(workload, plan)
        loaded = np.broadcast_to(params, external.shape)[point].astype(float)
        pace = 1.0 if costs.params is None else costs.params
        return Ahead(loaded, loaded * pace / bandwidth, np.maximum(room, 0)[point].astype(float))

    load = Load(transfer, matrix, host, ahead)
    total = timing.row_times(load)
    if costs.launch is not None:
        total = total + costs.launch
    return Result(plan, point, moved, transfer, matrix, host, total, load)


def _column(quantity: Any) -> Array:
    """A number or points (...,) as (..., 1), to meet the rows."""
    return np.asarray(quantity, dtype=float)[..., np.newaxis]


def live_internal_bytes(workload: Workload, plan: Plan) -> Array:
    """Bytes that are on chip while each row runs under `plan` [B], shape (..., R).

    Pinned parameters are there all the time. A map is alive from the row that writes it to the last row that reads it, both included;
    the network's outputs stay to the end.
    """
    sizes = np.where(plan.tensors, workload.tensor_bytes, 0)
    rows = len(workload.macs)
    end = np.where(workload.kept, rows - 1, workload.last)
    change = np.zeros((rows + 1, *sizes.shape[:-1]), dtype=np.int64)
    begin = np.maximum(workload.first, 0)
    fresh = np.where(
        plan.taken, 0, sizes
    )  # a map that overwrites another is there once that one has gone
    np.add.at(change, begin, np.moveaxis(fresh, -1, 0))
    np.add.at(change, begin + 1, np.moveaxis(sizes - fresh, -1, 0))
    np.subtract.at(change, end + 1, np.moveaxis(sizes, -1, 0))
    pinned = np.where(plan.params & workload.own_params, workload.param_bytes, 0).sum(
        axis=-1, keepdims=True
    )
    return np.asarray(np.moveaxis(np.cumsum(change, axis=0)[:rows], 0, -1) + pinned)
