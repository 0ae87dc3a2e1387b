"""The closed form where a row takes the longer of its transfer and its compute.

    T = sum over rows of max(b / BW, a / F)  +  launches and overhead

with b the bytes over the share of the bandwidth that the row reaches, and a its operations on the
one engine it works on; where a routine exposes a share e of the shorter, e min(b / BW, a / F) more.
A row waits for the bus where b / a is at least the ridge BW / F; sorted by
b / a, prefix sums of b and a on both sides of the ridge give the sum. Which bytes are outside
changes at each step of the memory, so there is a table for each step that is asked for.
Source: Williams et al. 2009, Roofline; the sorting is this project's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, ClassVar

import numpy as np

from costmodel.core.amounts import Amounts, amounts
from costmodel.core.arrays import Floats
from costmodel.core.lanes import RUN_LANES
from costmodel.core.machine import Machine
from costmodel.core.placing import place
from costmodel.core.terms import Entry, entries
from costmodel.studies.scan.forms.form import NO_COUNTS, PIECE, TIMES, Columns, Words
from costmodel.studies.scan.forms.general import General
from costmodel.studies.scan.forms.step_search import StepSearch
from costmodel.studies.scan.forms.surface import Surface

SIDES = ("memory", "compute")
"""What a timing model that overlaps takes the longer of."""
BESIDES = tuple(word for word, lane in RUN_LANES.items() if lane.side not in SIDES)
"""Lanes that are added to it."""


def _before(values: Floats) -> Floats:
    """Sums of the first n values, for every n (R + 1,)."""
    sums = np.zeros(len(values) + 1)
    values.cumsum(out=sums[1:])
    return sums


def _after(values: Floats) -> Floats:
    """Sums of all but the first n values, for every n (R + 1,)."""
    return _before(values[::-1])[::-1]


@dataclass(frozen=True, eq=False)
class Ridge:
    """The rows of one engine, sorted by bytes per operation."""

    search: StepSearch
    moved: Floats
    """(R + 1,) bytes of the rows that wait for the bus, by how many do not [B]; and the exposed
    share of the bytes of those that do not.
    """
    worked: Floats
    """(R + 1,) operations of those that do not [op], and the exposed share of the others'."""

    @classmethod
    def of(cls, moved: Floats, ops: Floats, exposed: Floats) -> Ridge:
        """Rows that work: `moved` bytes, `ops` operations and `exposed` share of each (R,)."""
        order = np.argsort(moved / ops, kind="stable")
        moved, ops, exposed = moved[order], ops[order], exposed[order]
        waiting = _after(moved) + _before(exposed * moved)
        working = _before(ops) + _after(exposed * ops)
        return cls(StepSearch(moved / ops), waiting, working)

    def time(self, bandwidth: Any, rate: Any) -> Any:
        """The sum of the longer times at points (N,) [s]."""
        at = self.search(bandwidth / rate)
        return self.moved[at] / bandwidth + self.worked[at] / rate


@dataclass(frozen=True, eq=False)
class Waits:
    """The rows at one step of the memory, by what they wait for."""

    idle: Floats
    """(N,) bytes of rows that compute nothing, for each of the memory's summands."""
    ridges: tuple[tuple[int, int, Ridge], ...]
    """Rows by the place of their summand among those of the memory and among those of computing."""


@dataclass(frozen=True, eq=False)
class Overlapped(General):
    """The closed form; where a row's bytes or operations have two paces, the formula."""

    path: ClassVar[str] = "closed form"
    lanes: Surface = field(kw_only=True)
    """The time of each lane by itself, whatever the timing."""
    _waits: dict[tuple[frozenset[str], int], Waits | None] = field(
        default_factory=dict, kw_only=True
    )
    """For each set of figures and step of the memory; None: some row has two paces."""

    def columns(
        self, machine: Machine, points: int, wanted: Words = TIMES, counts: Columns = NO_COUNTS
    ) -> Columns:
        """Search the ridges at each step of the memory, or ask the formula."""
        self.lanes.check(machine.memory)
        step = self.lanes.steps(machine.memory)
        parts = list(_by_step(step, points))
        if any(self.waits(machine, number) is None for number, _ in parts):
            return super().columns(machine, points, wanted)
        besides = self.lanes.sum_of(machine, *BESIDES)
        total = self._bound(machine, points, parts) + besides
        columns = self.lanes.further(machine, wanted, total) | {"total_time": total}
        return {word: np.broadcast_to(values, points) for word, values in columns.items()}

    def total_time(self, machine: Machine) -> Floats:
        """T [s] at points (N,), or at one."""
        shapes = (np.shape(value) for value in machine.figures.values())
        points = np.broadcast_shapes(*shapes, (1,))[0]
        return np.asarray(self.columns(machine, points, ("total_time",))["total_time"])

    def _bound(self, machine: Machine, points: int, parts: list[tuple[int, Any]]) -> Floats:
        """The rows' longer times, all together [s]."""
        memory, compute = (_summands(machine, side) for side in SIDES)
        names = {entry.figure for entry in (*memory, *compute)}
        figures = {name: np.broadcast_to(machine[name], points) for name in names}
        total = np.empty(points)
        for number, part in parts:
            waits = self.waits(machine, number)
            assert waits is not None
            time = sum(
                entry.applied(moved, figures[entry.figure][part])
                for entry, moved in zip(memory, waits.idle, strict=True)
            )
            for first, second, ridge in waits.ridges:
                pair = (figures[memory[first].figure], figures[compute[second].figure])
                time = time + ridge.time(*(pace[part] for pace in pair))
            total[part] = time
        return total

    def waits(self, machine: Machine, step: int) -> Waits | None:
        """The rows at a step, for the figures that the machine has; None: some have two paces."""
        key = (frozenset(machine.figures), step)
        if key not in self._waits:
            self._waits[key] = self._sorted(machine, step)
        return self._waits[key]

    def _sorted(self, machine: Machine, step: int) -> Waits | None:
        """Place the rows at a step of the memory and sort those of each pair of paces."""
        sizes = self.lanes.sizes
        memory = float(sizes[step - 1]) if step else self.lanes.least
        placed = place(self.workload, memory, self.placement, self.traffic)
        asked, rows = amounts(self.workload, placed), len(self.workload.macs)
        sides = [_summands(machine, side) for side in SIDES]
        rates = [
            entry.figure and entry.how == "divided" for summands in sides for entry in summands
        ]
        if not all(sides) or not all(rates):
            return None
        moved, worked = (_asked(summands, asked, rows) for summands in sides)
        moves, works = moved != 0, worked != 0
        if (moves.sum(axis=0) > 1).any() or (works.sum(axis=0) > 1).any():
            # some row waits for two of one side, one after the other
            return None
        busy = works.any(axis=0)
        idle = np.where(busy, 0, moved).sum(axis=1)
        exposed = self.workload.costs.exposed
        ridges = []
        pace, engine = moves.argmax(axis=0), works.argmax(axis=0)
        for first, second in product(range(len(moved)), range(len(worked))):
            on = busy & (pace == first) & (engine == second)
            if on.any():
                ridge = Ridge.of(moved[first, on], worked[second, on], exposed[on])
                ridges.append((first, second, ridge))
        return Waits(idle, tuple(ridges))


def _summands(machine: Machine, side: str) -> tuple[Entry, ...]:
    """The summands of one side, in the order of the list."""
    lanes = [word for word, lane in RUN_LANES.items() if lane.side == side]
    return entries(machine.figures, *lanes)


def _asked(summands: Sequence[Entry], asked: Amounts, rows: int) -> Floats:
    """What each row asks of each summand (N, R), in a single memory."""
    table = np.empty((len(summands), rows))
    for line, entry in zip(table, summands, strict=True):
        line[:] = entry.amount(asked)
    return table


def _by_step(step: Any, points: int) -> Iterator[tuple[int, Any]]:
    """Each step of the memory and points that have it, at most PIECE at a time."""
    if np.ndim(step) == 0:
        starts = range(0, points, PIECE)
        yield from ((int(step), slice(start, start + PIECE)) for start in starts)
        return
    for number in np.flatnonzero(np.bincount(np.broadcast_to(step, points))):
        at = np.flatnonzero(step == number)
        yield from ((int(number), at[start : start + PIECE]) for start in range(0, len(at), PIECE))
