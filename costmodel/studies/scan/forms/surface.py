"""The closed form: a network's total time as a function of the machine alone.

With an additive timing the total is the list of terms (`costmodel.core.terms`) with the rows
summed,

    T = sum of A(M) / r  +  sum of B t

where A and B are the amounts of all rows together, r the rates and t the times of the machine.
Under a placement that is a threshold per tensor, and where nothing stays on chip, amounts are step
functions of the on-chip memory M. Sums over the sorted sizes and one search replace the loop over
rows, so that a point costs the same for 66 rows and for 6 600. Everything is exact: the bytes are
integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.lanes import ENERGY, LEVEL_LANES, RUN_LANES, SECONDS, TRAFFIC
from costmodel.core.machine import Machine
from costmodel.core.quantities import AXES
from costmodel.core.terms import Amount, Entry, entries
from costmodel.errors import InputError, Place
from costmodel.studies.scan.forms.form import NO_COUNTS, PIECE, TIMES, Columns, Form, Words, energy
from costmodel.studies.scan.forms.step_search import StepSearch


class Summand(NamedTuple):
    """Terms of one lane and figure with all rows summed."""

    entry: Entry
    amounts: Any
    """(S + 1,) below the first size, ..., from the last on; a number where the memory is no
    matter."""


class Product(NamedTuple):
    """One summand on a grid: a vector over the memory times a vector over one axis."""

    amounts: Floats
    """For each memory, or one for all."""
    axis: str
    """Whose values set the pace; empty where none does."""
    paces: Floats
    """[s] per unit of the amount, for each value of the axis, or one."""


@dataclass(frozen=True, eq=False)
class Surface(Form):
    """The amounts of all rows together as step functions of the memory."""

    path: ClassVar[str] = "closed form"
    sizes: Floats
    """(S,) memories at which they step, ascending [B]."""
    tables: Mapping[Amount, Any]
    """(S + 1,) of each amount that follows the memory; the others are numbers."""
    least: float = 0.0
    """A smaller memory holds no tiles [B]."""
    where: str = "hw.on_chip_memory"
    """The axis of that memory."""
    _summands: dict[frozenset[str], tuple[Summand, ...]] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        return Surface, (self.sizes, self.tables, self.least, self.where)

    @property
    def asked(self) -> Mapping[Any, Any]:
        """The amounts of all rows together, (S + 1,) or numbers."""
        return self.tables

    @cached_property
    def steps(self) -> StepSearch:
        """The search among the sizes."""
        return StepSearch(self.sizes)

    def summands(self, machine: Machine, *lanes: str) -> list[Summand]:
        """The terms of a machine, rows summed; of some `lanes` alone where they are named."""
        known = frozenset(machine.figures)
        if known not in self._summands:
            self._summands[known] = tuple(
                Summand(entry, amounts)
                for entry in entries(known)
                if entry.amounts != (SECONDS,) and np.any(amounts := entry.amount(self.tables))
            )
        wanted = lanes or (*RUN_LANES, *LEVEL_LANES)
        return [entry for entry in self._summands[known] if entry.entry.lane in wanted]

    def grid(self, machine: Machine, axes: Mapping[str, Any], memory: Any) -> list[Product]:
        """T as a sum of products, for `axes` of a grid and a machine's other numbers.

        `memory` are the memories on the grid, or the machine's. Raises InputError for one that
        holds no tiles.
        """
        self.check(memory)
        figures = {name: word for word in axes if word in AXES for name in AXES[word].fields}
        step = self.steps(memory)
        whole = machine.replace(**dict.fromkeys(figures, 1.0))
        constant, paces = 0.0, dict[tuple[str, str], Floats]()
        amounts_of: dict[tuple[str, str], list[Any]] = {}
        for entry, amounts in self.summands(whole):
            axis = figures.get(entry.figure, "")
            if not axis and not np.ndim(amounts):
                constant += entry.applied(amounts, machine[entry.figure])
                continue
            amount = amounts[step] if np.ndim(amounts) else np.array([amounts])
            if not axis:
                amount = entry.applied(amount, machine[entry.figure])
            amounts_of.setdefault((axis, entry.how), []).append(amount)
            paces[axis, entry.how] = entry.applied(1.0, axes[axis]) if axis else np.ones(1)
        products = [
            Product(sum(amounts[1:], start=amounts[0]), axis, paces[axis, how])
            for (axis, how), amounts in amounts_of.items()
        ]
        return [*products, Product(np.array([constant]), "", np.ones(1))]

    def sum_of(self, machine: Machine, *lanes: str) -> Any:
        """The terms of some lanes at points of one shape; 0 where the machine has none of them."""
        step = self.steps(machine.memory)
        total: Any = 0.0
        for entry, amounts in self.summands(machine, *lanes):
            amount = amounts[step] if np.ndim(amounts) else amounts
            total = total + entry.applied(amount, machine[entry.figure])
        return total

    def external_bytes(self, memory: Any) -> Any:
        """Bytes over the bus [B]: a tensor of exactly M bytes fits."""
        return self.tables["external_bytes"][self.steps(memory)]

    def times(self, machine: Machine) -> dict[str, Any]:
        """The time of each lane [s] at points of one shape."""
        return {word: self.sum_of(machine, word) for word in RUN_LANES}

    def columns(
        self, machine: Machine, points: int, wanted: Words = TIMES, counts: Columns = NO_COUNTS
    ) -> Columns:
        """Look the amounts up; at machines that are numbers throughout, arrays (1,)."""
        total = self.total_time(machine)
        return {"total_time": total} | self.further(machine, wanted, total)

    def further(self, machine: Machine, wanted: Words, total: Any) -> dict[str, Any]:
        """The outputs beside the `total` time [s]; none where only the time is `wanted`."""
        if not {*wanted} & ({*TIMES} - {"total_time"}):
            return {}
        columns = {f"{word}_time": values for word, values in self.times(machine).items()}
        columns["external_bytes"] = self.sum_of(machine, TRAFFIC)
        joules = energy(machine, total, self.sum_of(machine, ENERGY))
        return columns if joules is None else columns | {"energy": joules}

    def total_time(self, machine: Machine) -> Floats:
        """T [s] at points (N,); evaluated piece by piece, so that it stays in the cache."""
        self.check(machine.memory)
        points = np.broadcast_shapes(*(np.shape(value) for value in machine.figures.values()))
        total = np.empty(points[0] if points else 1)
        for start in range(0, len(total), PIECE):
            part = slice(start, start + PIECE)
            self._piece(machine.part(part), total[part])
        return total

    def check(self, memory: Any) -> None:
        """InputError for a memory that holds no tiles."""
        if self.least and np.min(memory) < self.least:
            raise InputError.at(
                Place(self.where),
                f"no row can be tiled in {np.min(memory):.0f} bytes on chip: the smallest tiles of "
                f"some row need {self.least:.0f}",
                "begin with a larger memory, or use traffic: once",
            )

    def _piece(self, machine: Machine, out: Floats) -> None:
        """T of some points, written into `out`."""
        step, begun, constant = self.steps(machine.memory), False, 0.0
        for entry, amounts in self.summands(machine):
            value = machine[entry.figure]
            if not np.ndim(amounts) and not np.ndim(value):
                constant += entry.applied(amounts, value)
            elif begun:
                out += entry.applied(amounts[step] if np.ndim(amounts) else amounts, value)
            else:
                amount = amounts[step] if np.ndim(amounts) else amounts
                # the first one is written, not added
                operation = np.divide if entry.how == "divided" else np.multiply
                operation(amount, 1.0 if value is None else value, out=out)
                begun = True
        if not begun:
            out.fill(0.0)
        if constant:
            out += constant
