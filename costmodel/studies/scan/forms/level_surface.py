"""The closed form of a machine with several levels on chip: one step function for each boundary.

Each level moves the least that it could alone, whatever the others' sizes, so that a point costs a
search in one table for each level. No schedule goes below it (docs/levels.md); on demand the
schedules themselves are searched, point by point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, ClassVar

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.lanes import ENERGY, RUN_LANES, TRAFFIC
from costmodel.core.machine import Machine
from costmodel.studies.scan.forms.form import NO_COUNTS, TIMES, Columns, Form, Words, energy
from costmodel.studies.scan.forms.surface import Surface


@dataclass(frozen=True)
class Boundary:
    """What crosses one boundary, as a step function of the room inside it."""

    levels: tuple[int, ...]
    """Places on chip, from 0, of the levels whose sizes add up to the room."""
    surface: Surface

    def inside(self, machine: Machine) -> Machine:
        """The machine with that room for a memory."""
        sizes = machine.capacities
        return machine.replace(memory=reduce(add, (sizes[n] for n in self.levels)))


@dataclass(frozen=True, eq=False)
class LevelSurface(Form):
    """Sums over the rows as step functions of each level's size."""

    path: ClassVar[str] = "closed form"
    boundaries: tuple[Boundary, ...]
    """From the memory bus inwards; the first one holds what no level's size matters for."""

    @property
    def asked(self) -> Mapping[Any, Any]:
        """What all rows together ask for at any boundary."""
        every = [boundary.surface.asked for boundary in self.boundaries]
        return {word: [np.any(tables[word]) for tables in every] for word in every[0]}

    def columns(
        self, machine: Machine, points: int, wanted: Words = TIMES, counts: Columns = NO_COUNTS
    ) -> Columns:
        """Look up the amounts of each boundary, and add them."""
        total = self.total_time(machine)
        columns: Columns = {"total_time": total}
        if {*wanted} & {*TIMES[1:]}:
            for word in RUN_LANES:
                columns[f"{word}_time"] = self.sum_of(machine, word)
            columns["external_bytes"] = self.sum_of(machine, TRAFFIC)
            joules = energy(machine, total, self.sum_of(machine, ENERGY))
            columns |= {} if joules is None else {"energy": joules}
        return columns

    def sum_of(self, machine: Machine, *lanes: str) -> Any:
        """The terms of some lanes at points of one shape, all boundaries together."""
        return reduce(add, (b.surface.sum_of(b.inside(machine), *lanes) for b in self.boundaries))

    def total_time(self, machine: Machine) -> Floats:
        """T [s] at points (N,)."""
        times = (b.surface.total_time(b.inside(machine)) for b in self.boundaries)
        return np.asarray(reduce(add, times))
