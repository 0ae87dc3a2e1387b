"""The formula: each term of `costmodel.core.terms` meets the figure of the machine that paces it.

It is array arithmetic: a machine of plain numbers gives arrays over rows, a machine of arrays gives
the same with the design points in front. Nothing branches on a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from operator import add
from typing import Any

import numpy as np

from costmodel.core import terms
from costmodel.core.amounts import Amounts, amounts
from costmodel.core.arrays import Array
from costmodel.core.lanes import (
    ENERGY,
    LEVEL_LANES,
    LINK,
    OVERHEAD,
    ROW_LANES,
    SECONDS,
    labels,
)
from costmodel.core.live import ahead_of
from costmodel.core.machine import Machine
from costmodel.core.placement import Placement, Plan
from costmodel.core.placing import check_words, place
from costmodel.core.quantities import MachineQuantity
from costmodel.core.timing import NO_TIME, Load, Timing
from costmodel.core.traffic import Placed, Traffic
from costmodel.core.workload import Workload


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

    1. The placement and the traffic model say what each row moves over the bus (`place`).
    2. That and the layers give the amounts that rows ask for (`costmodel.core.amounts`).
    3. Each lane of a row is the sum of its terms: amounts over rates, or times costs.
    4. The timing model combines the lanes that move bytes and those that compute; launching the row
       and telling other devices is added.

    Source: H. Jansma, HairNet, 2020, section 5 and Appendix.

    Parameters
    ----------
    workload : Workload
        The network as arrays over its R rows.
    machine : Machine
        Figures in SI units, each a number or an array of design points (...).
    placement, timing, traffic : models
        Without a `traffic` model each external tensor crosses the bus once.
    first : bool
        True: the first inference, which loads the parameters that stay on chip afterwards.
    placed : Placed, optional
        What `place` gave for all memories, by callers that evaluate points piece by piece.

    Returns
    -------
    Result
        Bytes, seconds and joules of each row (..., R) and of the run (...).

    Examples
    --------
    HairNet's first row moves 6 425 984 B over a bus of 1 GB/s, which takes 6.426 ms, and computes
    86 704 128 operations at 1 TFLOPS, which takes 0.087 ms; `serial` adds them to 6.513 ms:

    >>> from costmodel import simulate
    >>> result = simulate("hairnet", "accel_1tflops").result
    >>> [round(1e3 * float(times[0]), 3) for times in (result.transfer, result.matrix)]
    [6.426, 0.087]
    >>> round(1e3 * float(result.total[0]), 3)
    6.513

    """
    capacities = machine.capacities
    if placed is None:
        placed = place(workload, capacities, placement, traffic, first=first)
    # what follows from the memory alone is worked out once for each, then dealt to the points
    point = placed.point(capacities)
    asked, nothing = amounts(workload, placed), np.zeros(len(workload.macs))
    check_words(workload, machine)
    summands = terms.entries_by_lane(machine.figures)
    lanes = [*ROW_LANES, *(lane for lane in LEVEL_LANES if lane in summands)]
    times = {
        lane: _summed(summands.get(lane, ()), asked, machine, point, nothing) for lane in lanes
    }
    ahead = partial(ahead_of, workload, placed, point, machine)
    on_chip = times["on_chip"] if "on_chip" in summands else NO_TIME
    exposed = workload.costs.exposed
    levels = tuple(times[lane] for lane in LEVEL_LANES if lane in times)
    busy = times["transfer"], times["matrix"], times["host"]
    load = Load(*busy, ahead, on_chip, exposed, levels, timing.exponent)
    sides = (times[word] for word, lane in ROW_LANES.items() if lane.side == "besides")
    besides = (one for one in sides if one is not nothing and one.any())
    total = reduce(add, besides, timing.row_times(load))
    return Result(machine, placed, point, asked, summands, load, times, total)


@dataclass(frozen=True, eq=False)
class Result:
    """What a run takes, row by row, design points in front (..., R)."""

    machine: Machine
    placed: Placed
    """Where things live in the distinct memories, and what moves."""
    point: Array
    """(...) which of these memories each design point has."""
    amounts: Amounts
    """What the rows ask for: the factors of the terms."""
    summands: Mapping[str, tuple[terms.Entry, ...]]
    """The terms of each lane, as they stand on the machine."""
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
        """Bytes over the memory bus (..., R) [B]."""
        return np.asarray(self.placed.moved.total[self.point])

    @property
    def refetched(self) -> Array:
        """Those of the external bytes that cross the bus not for the first time (..., R) [B]."""
        refetched = np.broadcast_to(self.placed.refetched, self.placed.moved.read.shape)
        return np.asarray(refetched[self.point])

    @property
    def labels(self) -> dict[str, str]:
        """How reports name every lane; those of levels as the machine does."""
        return labels(self.machine.level_names)

    @property
    def transfer(self) -> Array:
        """Time on the memory bus (..., R) [s]."""
        return self.all_lanes["transfer"]

    @property
    def on_chip(self) -> Array:
        """Time that bytes take which stay on chip (..., R) [s]."""
        return self.all_lanes["on_chip"]

    @property
    def matrix(self) -> Array:
        """Time on the matrix engine (..., R) [s]."""
        return self.all_lanes["matrix"]

    @property
    def host(self) -> Array:
        """Time on the host (..., R) [s]."""
        return self.all_lanes["host"]

    @property
    def launch(self) -> Array:
        """Time for launching the row (..., R) [s]."""
        return self.all_lanes["launch"]

    @property
    def link(self) -> Array | None:
        """Time on the link between devices (..., R) [s]; None where nothing takes any."""
        times = self.all_lanes[LINK.word]
        return times if times.any() else None

    @property
    def compute(self) -> Array:
        """Time on both engines (..., R) [s]."""
        return self.load.compute

    @cached_property
    def overhead(self) -> Any:
        """What a run takes once, whatever its rows do (...) [s]."""
        return sum(
            one.applied(one.amount(self.amounts), self.machine[one.figure])
            for one in self.summands.get(OVERHEAD.word, ())
        )

    @property
    def total_time(self) -> Array:
        """Time of the whole run (...) [s]."""
        return np.asarray(self.total.sum(axis=-1) + self.overhead)

    @property
    def energy(self) -> Array | None:
        """Energy of each row (..., R) [J]; None where the machine states none.

        What is drawn all the time is the row's for as long as it takes.
        """
        counted, drawn = self._energies
        if not counted and not drawn:
            return None
        nothing = np.zeros_like(self.total)
        energy = _summed(counted, self.amounts, self.machine, self.point, nothing)
        return sum((_applied(one, self.total, self.machine) for one in drawn), start=energy)

    @property
    def total_energy(self) -> Array | None:
        """Energy of the whole run (...) [J]; None where the machine states none."""
        joules = self.energy_by_figure
        return np.asarray(sum(joules.values())) if joules else None

    @cached_property
    def energy_by_figure(self) -> dict[str, Array]:
        """Energy of the run by the figure that sets it, an attribute of `Machine` (...) [J]."""
        (counted, drawn), nothing = self._energies, np.zeros_like(self.total)
        asked, total = (self.amounts, self.machine, self.point, nothing), self.total_time
        joules = {one.figure: _summed([one], *asked).sum(axis=-1) for one in counted}
        return joules | {e.figure: e.applied(total, self.machine[e.figure]) for e in drawn}

    @property
    def _energies(self) -> tuple[list[terms.Entry], list[terms.Entry]]:
        """The summands of the energy: those of what is counted, and powers that are drawn."""
        summands = self.summands.get(ENERGY, ())
        drawn = [one for one in summands if one.amounts == (SECONDS,)]
        return [one for one in summands if one not in drawn], drawn

    def busy_time(self, quantity: MachineQuantity) -> float:
        """The time that one figure of the machine decides, all rows together [s]; 0 for most.

        It is what would be saved in its lane if it took no time, of a single design point.
        """
        saved = 0.0
        paced = terms.paced_by([self.machine.own(name) for name in quantity.fields])
        for word in dict.fromkeys(term.lane for term in paced):
            if word == OVERHEAD.word:
                saved += float(self.overhead)
            elif word in self.all_lanes:
                free = self.machine.with_quantity(quantity, quantity.idle)
                summands = terms.entries(free.figures, word)
                nothing = np.zeros_like(self.total)
                idle = _summed(summands, self.amounts, free, self.point, nothing)
                saved += float(self.all_lanes[word].sum() - idle.sum())
        return saved


def _summed(
    summands: Sequence[terms.Entry], asked: Amounts, machine: Machine, point: Array, nothing: Array
) -> Array:
    """Add up the summands of one lane, design points in front (..., R); `nothing` without any.

    Where rows may choose among algorithms, each takes the quickest.
    """
    total: Any = None
    for one in summands:
        if asked.unasked.issuperset(one.amounts):
            continue
        amount = one.amount(asked)
        if amount.ndim == 3:
            return _quickest(summands, asked, machine)
        value = _applied(one, amount[point] if amount.ndim == 2 else amount, machine)
        total = value if total is None else total + value
    return nothing if total is None else np.asarray(total)


def _quickest(summands: Sequence[terms.Entry], asked: Amounts, machine: Machine) -> Array:
    """Add up the summands of a lane for each algorithm (A, 1, R), and take the least (..., R)."""
    pairs = [(one, one.amount(asked)[:, 0]) for one in summands]
    by_way = (
        reduce(add, (_applied(one, amount[way], machine) for one, amount in pairs))
        for way in range(len(pairs[0][1]))
    )
    return np.asarray(reduce(np.minimum, by_way))


def _applied(entry: terms.Entry, amount: Any, machine: Machine) -> Any:
    """Let an amount of rows (..., R) meet the figure of the machine (...) that paces it."""
    return entry.applied(amount, np.asarray(machine[entry.figure], dtype=float)[..., np.newaxis])
