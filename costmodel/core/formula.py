"""THE formula: a workload on a machine.

Written once, in array arithmetic: a machine of plain numbers gives arrays over rows, a machine of
arrays gives the same with the design points in front. Nothing branches on a value. What is added up
stands in `costmodel.core.terms`; here each term meets its figure, and the timing model combines a
row's lanes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.amounts import Amounts, amounts
from costmodel.core.live import live_internal_bytes
from costmodel.core.machine import Machine
from costmodel.core.placement import Placement, Plan
from costmodel.core.quantities import MachineQuantity
from costmodel.core.terms import (
    ENERGY,
    LANES,
    LINK,
    OVERHEAD,
    ROW_LANES,
    SECONDS,
    Entry,
    entries,
    paced_by,
)
from costmodel.core.timing import NO_TIME, Ahead, Load, Timing
from costmodel.core.traffic import Placed, Traffic, placed_once
from costmodel.core.workload import Workload

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Result:
    """Per row, design points in front (..., R); bytes, seconds and joules per run."""

    machine: Machine
    placed: Placed
    """Of the distinct memories."""
    point: Array
    """(...) which of them each design point has."""
    amounts: Amounts
    """What the terms are terms of."""
    load: Load
    """What the timing model was asked."""
    all_lanes: dict[str, Array]
    """The time of each thing that can be busy [s] (..., R), in the order of ROW_LANES."""
    total: Array
    """[s] of the row: as the timing model combines the load, and what it takes besides."""

    @property
    def plan(self) -> Plan:
        """Where things live, design points in front."""
        return self.placed.plan.at(self.point)

    @cached_property
    def external_bytes(self) -> Array:
        """[B] over the memory bus (..., R)."""
        return np.asarray(self.placed.moved.total[self.point])

    @property
    def refetched(self) -> Array:
        """Of the external bytes those that do not cross the bus for the first time (..., R) [B]."""
        refetched = np.broadcast_to(self.placed.refetched, self.placed.moved.read.shape)
        return np.asarray(refetched[self.point])

    @property
    def lanes(self) -> dict[str, Array]:
        """The lanes that may bind a row, (..., R) each [s]."""
        return {word: self.all_lanes[word] for word in LANES}

    @property
    def transfer(self) -> Array:
        """Time on the memory bus [s], shape (..., R)."""
        return self.all_lanes["transfer"]

    @property
    def on_chip(self) -> Array:
        """Time that bytes take which stay on chip [s], shape (..., R)."""
        return self.all_lanes["on_chip"]

    @property
    def matrix(self) -> Array:
        """Time on the matrix engine [s], shape (..., R)."""
        return self.load.matrix

    @property
    def host(self) -> Array:
        """Time on the host [s], shape (..., R)."""
        return self.load.host

    @property
    def launch(self) -> Array:
        """Time for launching the row [s], shape (..., R)."""
        return self.all_lanes["launch"]

    @property
    def link(self) -> Array | None:
        """Time on the link between devices [s], shape (..., R); None where nothing takes any."""
        times = self.all_lanes[LINK.word]
        return times if times.any() else None

    @property
    def compute(self) -> Array:
        """Time on both engines [s], shape (..., R)."""
        return self.load.compute

    @cached_property
    def overhead(self) -> Any:
        """What a run takes once, whatever its rows do [s], shape (...)."""
        summands = entries(self.machine.figures, OVERHEAD.word)
        return sum(
            one.applied(one.amount(self.amounts), self.machine[one.figure]) for one in summands
        )

    def busy_time(self, quantity: MachineQuantity) -> float:
        """The time that one figure of the machine decides, all rows together [s]; 0 for most.

        It is what would be saved in its lane if it took no time, of a single design point.
        """
        saved = 0.0
        for word in dict.fromkeys(term.lane for term in paced_by(quantity.fields)):
            if word == OVERHEAD.word:
                saved += float(self.overhead)
            elif word in ROW_LANES:
                free = self.machine.with_quantity(quantity, quantity.idle)
                summands = entries(free.figures, word)
                shape = self.total.shape
                idle = _summed(summands, self.amounts, free, self.point, shape)
                saved += float(self.all_lanes[word].sum() - idle.sum())
        return saved

    @property
    def total_time(self) -> Array:
        """Time of the whole run [s], shape (...)."""
        return np.asarray(self.total.sum(axis=-1) + self.overhead)

    @property
    def energy(self) -> Array | None:
        """Energy of each row (..., R) [J]; None where the machine states none.

        What is drawn all the time is the row's for as long as it takes.
        """
        summands = entries(self.machine.figures, ENERGY)
        if not summands:
            return None
        counted = [one for one in summands if one.amounts != (SECONDS,)]
        energy = _summed(counted, self.amounts, self.machine, self.point, self.total.shape)
        for one in summands:
            if one not in counted:
                energy = energy + one.applied(self.total, _column(self.machine[one.figure]))
        return energy

    @property
    def total_energy(self) -> Array | None:
        """Energy of the whole run [J], shape (...); None where the machine states none."""
        energy = self.energy
        if energy is None:
            return None
        # no row is at work during the overhead
        drawn = 0.0 if self.machine.static_power is None else self.machine.static_power
        return np.asarray(energy.sum(axis=-1) + drawn * self.overhead)


def place(
    workload: Workload,
    memory: Any,
    placement: Placement,
    traffic: Traffic | None = None,
    *,
    first: bool = False,
) -> Placed:
    """Place every tensor for each distinct one of the memories `memory` [B], of any shape.

    Of several levels on chip `memory` is a tuple, one entry for each from the outside in. Without a
    `traffic` model each external tensor crosses the bus once.
    """
    if isinstance(memory, tuple) and len(memory) > 1:
        levels = np.broadcast_arrays(*(np.asarray(level, dtype=float) for level in memory))
        memories = np.unique(np.stack([level.ravel() for level in levels], axis=1), axis=0)
    else:
        alone = memory[0] if isinstance(memory, tuple) else memory
        # asked for the inverse, numpy does not import numpy.ma (6 ms)
        memories, _ = np.unique(np.asarray(alone, dtype=float), return_inverse=True)
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
        placed = place(workload, machine.capacities, placement, traffic, first=first)
    # what follows from the memory alone is worked out once for each, then dealt to the points
    point = placed.point(machine.capacities)
    asked, rows = amounts(workload, placed), len(workload.macs)
    times = {
        word: _summed(entries(machine.figures, word), asked, machine, point, (rows,))
        for word in ROW_LANES
    }
    ahead = _LookAhead(workload, placed, point, _column(machine.bandwidth))
    on_chip = times["on_chip"] if entries(machine.figures, "on_chip") else NO_TIME
    exposed = workload.costs.exposed
    load = Load(times["transfer"], times["matrix"], times["host"], ahead, on_chip, exposed)
    total = timing.row_times(load)
    for word, lane in ROW_LANES.items():
        if lane.side == "besides":
            total = total + times[word]
    return Result(machine, placed, point, asked, load, times, total)


def _summed(
    summands: Sequence[Entry], asked: Amounts, machine: Machine, point: Array, shape: Any
) -> Array:
    """The summands of one lane together, design points in front (..., R); zeros of no summand.

    Where rows may choose among algorithms, each takes the quickest.
    """
    wanted = [one.amount(asked) for one in summands]
    paces = [_column(machine[one.figure]) for one in summands]
    algorithms = max((len(amount) for amount in wanted if np.ndim(amount) == 3), default=1)
    quickest: Any = None
    for way in range(algorithms):
        total: Any = None
        for one, amount, pace in zip(summands, wanted, paces, strict=True):
            value = one.applied(_dealt(amount, point, way), pace)
            total = value if total is None else total + value
        quickest = total if quickest is None else np.minimum(quickest, total)
    return np.zeros(shape) if quickest is None else np.asarray(quickest)


def _dealt(amount: Any, point: Array, way: int) -> Any:
    """An amount (M, R) at each point (..., R); of one by algorithm that of one `way` (R,)."""
    if np.ndim(amount) == 2:
        return amount[point]
    return amount[way, 0] if np.ndim(amount) == 3 else amount


@dataclass(frozen=True, eq=False)
class _LookAhead:
    """What timing models that look ahead ask, worked out when they call it; it can be pickled."""

    workload: Workload
    placed: Placed
    point: Array
    bandwidth: Array

    def __call__(self) -> Ahead:
        placed = self.placed
        whole = placed.memories.reshape(len(placed.memories), -1).sum(axis=1)
        room = whole[:, np.newaxis] - live_internal_bytes(self.workload, placed.plan)
        loaded = np.broadcast_to(placed.moved.params, room.shape)[self.point].astype(float)
        pace = self.workload.costs.parameter_slowdown
        free = np.maximum(room, 0)[self.point].astype(float)
        return Ahead(loaded, loaded * pace / self.bandwidth, free)


def _column(quantity: Any) -> Array:
    """A number or points (...,) as (..., 1), to meet the rows."""
    return np.asarray(quantity, dtype=float)[..., np.newaxis]
