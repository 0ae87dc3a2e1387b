"""THE formula: a workload on a machine.

Written once, in array arithmetic: a machine of plain numbers gives arrays over rows, a machine of
arrays gives the same with the design points in front. Nothing branches on a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.machine import Machine
from costmodel.core.placement import Placement, Plan
from costmodel.core.timing import NO_TIME, Ahead, Load, Timing
from costmodel.core.workload import Costs, Workload

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Result:
    """Per row, design points in front (..., R); bytes and seconds per run."""

    plans: Plan
    """Of the distinct memories."""
    point: Array
    """(...) which of them each design point has."""
    external_bytes: Array
    """[B] over the memory bus."""
    load: Load
    """What the timing model was asked."""
    launch: Array
    """[s] for launching the row."""
    total: Array
    """[s] of the row: as the timing model combines the load, and the launch."""

    @property
    def plan(self) -> Plan:
        """Where things live, design points in front."""
        return self.plans.at(self.point)

    @property
    def transfer(self) -> Array:
        """Time on the memory bus [s], shape (..., R)."""
        return self.load.transfer

    @property
    def on_chip(self) -> Array:
        """Time that bytes take which stay on chip [s], shape (..., R)."""
        return np.broadcast_to(self.load.on_chip, np.shape(self.load.transfer))

    @property
    def matrix(self) -> Array:
        """Time on the matrix engine [s], shape (..., R)."""
        return self.load.matrix

    @property
    def host(self) -> Array:
        """Time on the host [s], shape (..., R)."""
        return self.load.host

    @property
    def compute(self) -> Array:
        """Time on both engines [s], shape (..., R)."""
        return self.load.compute

    @property
    def total_time(self) -> Array:
        """Time of the whole run [s], shape (...)."""
        return np.asarray(self.total.sum(axis=-1))

    @property
    def lanes(self) -> dict[str, Array]:
        """The time of each thing that can be busy [s] (..., R), in the order of LANES."""
        return {
            "transfer": self.transfer,
            "on_chip": self.on_chip,
            "matrix": self.matrix,
            "host": self.host,
            "launch": self.launch,
        }


class BusBytes(NamedTuple):
    """What crosses the memory bus for each row (..., R) [B]."""

    read: Array
    """Maps in."""
    write: Array
    """Maps out."""
    params: Array


def bus_bytes(workload: Workload, plan: Plan, *, first: bool) -> BusBytes:
    """Bytes over the bus under `plan` (..., R) [B]; the `first` run loads parameters that stay."""
    outside = ~plan.tensors
    # parameters that rows share are loaded once
    stays = plan.params & ~workload.own_params if first else plan.params
    read = workload.bytes_read(outside) + plan.loads
    write = workload.bytes_written(outside) + plan.stores
    return BusBytes(read, write, np.where(stays, 0, workload.param_bytes))


@dataclass(frozen=True, eq=False)
class Placed:
    """What follows from the on-chip memory alone, for M distinct memories."""

    memories: Array
    """(M,) ascending [B]."""
    plan: Plan
    moved: BusBytes


def place(workload: Workload, memory: Any, placement: Placement, *, first: bool = False) -> Placed:
    """Place every tensor for each distinct one of the memories `memory` [B], of any shape."""
    # asked for the inverse, numpy does not import numpy.ma (6 ms)
    memories, _ = np.unique(np.asarray(memory, dtype=float), return_inverse=True)
    plan = placement.plan(workload, memories)
    return Placed(memories, plan, bus_bytes(workload, plan, first=first))


def evaluate(
    workload: Workload,
    machine: Machine,
    placement: Placement,
    timing: Timing,
    *,
    first: bool = False,
    placed: Placed | None = None,
) -> Result:
    """Place every tensor, move what is external, compute, and combine.

    external = external inputs + external outputs + external parameters [B];
    transfer = external / bandwidth; compute = matrix ops / F + host ops / G [s].
    The `first` inference also loads the parameters that stay on chip from run to run. Whoever
    evaluates many points piece by piece gives what was `placed` for all their memories.
    Source: H. Jansma, HairNet, 2020, section 5 and Appendix.
    """
    if placed is None:
        placed = place(workload, machine.memory, placement, first=first)
    # what follows from the memory alone is worked out once for each, then dealt to the points
    point = np.searchsorted(placed.memories, np.asarray(machine.memory, dtype=float))
    plan, moved, costs = placed.plan, placed.moved, workload.costs
    external = moved.read + moved.write + moved.params
    external_bytes = external[point]
    transfer = _transfer_time(machine, moved, costs, external_bytes, point)
    on_chip: Any = NO_TIME
    if machine.on_chip_bandwidth is not None:
        stays = on_chip_bytes(workload, plan, external)
        on_chip = stays[point] / _column(machine.on_chip_bandwidth)
    matrix = costs.matrix_ops / _column(machine.matrix)
    host = costs.host_ops / _column(machine.host)
    ahead = _LookAhead(workload, placed, point, _column(machine.bandwidth))
    load = Load(transfer, matrix, host, ahead, on_chip)
    launch = costs.matrix_launches * _column(machine.matrix_launch)
    launch = launch + costs.host_launches * _column(machine.host_launch)
    total = timing.row_times(load)
    if launch.any():
        total = total + launch
    return Result(plan, point, external_bytes, load, launch, total)


def _transfer_time(
    machine: Machine, moved: BusBytes, costs: Costs, external_bytes: Array, point: Array
) -> Array:
    """Time of each row on the memory bus [s], shape (..., R)."""
    if costs.read is not None and costs.write is not None and costs.params is not None:
        # bytes in units of the bandwidth that the row reaches
        moved = BusBytes(
            moved.read * costs.read, moved.write * costs.write, moved.params * costs.params
        )
    elif machine.write_bandwidth is None:
        return np.asarray(external_bytes / _column(machine.bandwidth))
    incoming = moved.read + moved.params
    if machine.write_bandwidth is None:
        return np.asarray((incoming + moved.write)[point] / _column(machine.bandwidth))
    read_time = incoming[point] / _column(machine.bandwidth)
    return np.asarray(read_time + moved.write[point] / _column(machine.write_bandwidth))


@dataclass(frozen=True, eq=False)
class _LookAhead:
    """What timing models that look ahead ask, worked out when they call it; it can be pickled."""

    workload: Workload
    placed: Placed
    point: Array
    bandwidth: Array

    def __call__(self) -> Ahead:
        placed = self.placed
        room = placed.memories[:, np.newaxis] - live_internal_bytes(self.workload, placed.plan)
        loaded = np.broadcast_to(placed.moved.params, room.shape)[self.point].astype(float)
        pace = 1.0 if self.workload.costs.params is None else self.workload.costs.params
        free = np.maximum(room, 0)[self.point].astype(float)
        return Ahead(loaded, loaded * pace / self.bandwidth, free)


def _column(quantity: Any) -> Array:
    """A number or points (...,) as (..., 1), to meet the rows."""
    return np.asarray(quantity, dtype=float)[..., np.newaxis]


def on_chip_bytes(workload: Workload, plan: Plan, external: Array) -> Array:
    """Bytes that rows touch on chip under `plan` (..., R) [B].

    What a row touches and does not move over the bus; maps that are loaded or stored once are
    touched on chip as well.
    """
    return np.asarray(workload.touched_bytes - external + plan.loads + plan.stores)


def live_internal_bytes(workload: Workload, plan: Plan) -> Array:
    """Bytes that are on chip while each row runs under `plan` [B], shape (..., R).

    Pinned parameters are there all the time. A map is alive from the row that writes it to the last
    row that reads it, both included; the network's outputs stay to the end.
    """
    sizes = np.where(plan.tensors, workload.tensor_bytes, 0)
    rows = len(workload.macs)
    end = np.where(workload.kept, rows - 1, workload.last)
    change = np.zeros((rows + 1, *sizes.shape[:-1]), dtype=np.int64)
    begin = np.maximum(workload.first, 0)
    # a map that overwrites another is there once that one has gone
    fresh = np.where(plan.taken, 0, sizes)
    np.add.at(change, begin, np.moveaxis(fresh, -1, 0))
    np.add.at(change, begin + 1, np.moveaxis(sizes - fresh, -1, 0))
    np.subtract.at(change, end + 1, np.moveaxis(sizes, -1, 0))
    pinned = np.where(plan.params & workload.own_params, workload.param_bytes, 0)
    held = pinned.sum(axis=-1, keepdims=True)
    return np.asarray(np.moveaxis(np.cumsum(change, axis=0)[:rows], 0, -1) + held)
