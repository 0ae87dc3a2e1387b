"""THE formula: a workload on a machine.

Written once, in array arithmetic: a machine of plain numbers gives arrays over rows, a machine of
arrays gives the same with the design points in front. Nothing branches on a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.live import live_internal_bytes
from costmodel.core.machine import Machine
from costmodel.core.placement import Placement, Plan
from costmodel.core.timing import NO_TIME, Ahead, Load, Timing
from costmodel.core.traffic import BusBytes, Placed, Traffic, placed_once
from costmodel.core.workload import Costs, Workload

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Result:
    """Per row, design points in front (..., R); bytes and seconds per run."""

    placed: Placed
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
    overhead: Any = 0.0
    """(...) [s] once per run."""
    link: Any = None
    """[s] on the link between devices (..., R); None: there is no other device."""

    @property
    def plan(self) -> Plan:
        """Where things live, design points in front."""
        return self.placed.plan.at(self.point)

    @property
    def again(self) -> Array:
        """Of the external bytes those that do not cross the bus for the first time (..., R) [B]."""
        again = self.placed.again
        return np.zeros_like(self.external_bytes) if again is None else again[self.point]

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
        return np.asarray(self.total.sum(axis=-1) + self.overhead)

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

    @property
    def all_lanes(self) -> dict[str, Array]:
        """The same, and the link where rows tell other devices something [s] (..., R)."""
        return self.lanes if self.link is None else {**self.lanes, "link": self.link}


def place(
    workload: Workload,
    memory: Any,
    placement: Placement,
    traffic: Traffic | None = None,
    *,
    first: bool = False,
) -> Placed:
    """Place every tensor for each distinct one of the memories `memory` [B], of any shape.

    Without a `traffic` model each external tensor crosses the bus once.
    """
    # asked for the inverse, numpy does not import numpy.ma (6 ms)
    memories, _ = np.unique(np.asarray(memory, dtype=float), return_inverse=True)
    rule = placed_once if traffic is None else traffic.place
    return rule(workload, placement, memories, first=first)


def evaluate(
    workload: Workload,
    machine: Machine,
    placement: Placement,
    timing: Timing,
    traffic: Traffic | None = None,
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
        placed = place(workload, machine.memory, placement, traffic, first=first)
    # what follows from the memory alone is worked out once for each, then dealt to the points
    point = np.searchsorted(placed.memories, np.asarray(machine.memory, dtype=float))
    plan, moved, costs = placed.plan, placed.moved, workload.costs
    external = moved.total
    external_bytes = external[point]
    transfer = _transfer_time(machine, moved, costs, external_bytes, point)
    on_chip: Any = NO_TIME
    if machine.on_chip_bandwidth is not None:
        again = 0 if placed.again is None else placed.again
        stays = on_chip_bytes(workload, plan, external - again)
        on_chip = stays[point] / _column(machine.on_chip_bandwidth)
    matrix = costs.matrix_ops / _column(machine.matrix)
    host = costs.host_ops / _column(machine.host)
    ahead = _LookAhead(workload, placed, point, _column(machine.bandwidth))
    load = Load(transfer, matrix, host, ahead, on_chip, costs.exposed)
    launch = costs.matrix_launches * _column(machine.matrix_launch)
    launch = launch + costs.host_launches * _column(machine.host_launch)
    if costs.fixed is not None:
        launch = launch + costs.fixed
    total = timing.row_times(load)
    if launch.any():
        total = total + launch
    link = None
    if costs.link_bytes is not None and costs.link_hops is not None:
        link = costs.link_bytes / _column(machine.link_bandwidth)
        link = link + costs.link_hops * _column(machine.link_latency)
        total = total + link
    return Result(placed, point, external_bytes, load, launch, total, machine.overhead, link)


def _transfer_time(
    machine: Machine, moved: BusBytes, costs: Costs, external_bytes: Array, point: Array
) -> Array:
    """Time of each row on the memory bus [s], shape (..., R)."""
    if costs.read is None and machine.write_bandwidth is None:
        return np.asarray(external_bytes / _column(machine.bandwidth))
    moved = moved.paced(costs)
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

    What a row touches and does not move over the bus (`external`, nothing counted twice); maps that
    are loaded or stored once are touched on chip as well.
    """
    return np.asarray(workload.touched_bytes - external + plan.loads + plan.stores)
