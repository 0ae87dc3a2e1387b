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

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.formula import evaluate, place
from costmodel.core.machine import Machine
from costmodel.core.placement import Placement
from costmodel.core.quantities import AXES
from costmodel.core.terms import (
    ENERGY,
    RUN_LANES,
    SECONDS,
    TRAFFIC,
    Amount,
    Entry,
    entries,
)
from costmodel.core.timing import Timing
from costmodel.core.traffic import Placed, Traffic
from costmodel.core.workload import Workload
from costmodel.errors import BadValue, InputError, Place
from costmodel.studies.scan.steps import Steps

PIECE = 1 << 15
"""[points] keeps a block of doubles inside a core's second-level cache."""
TIMES = ("total_time", *(f"{word}_time" for word in RUN_LANES), "external_bytes", "energy")
"""Outputs that depend on the point."""
Table = NDArray[np.float64]


class Summand(NamedTuple):
    """Terms of one lane and figure with all rows summed."""

    entry: Entry
    amounts: Any
    """(S + 1,) below the first size, ..., from the last on; a number where the memory is no
    matter."""

    @property
    def stepped(self) -> bool:
        """True where the amount follows the memory."""
        return bool(np.ndim(self.amounts))


class Product(NamedTuple):
    """One summand on a grid: a vector over the memory times a vector over one axis."""

    amounts: Table
    """For each memory, or one for all."""
    axis: str
    """Whose values set the pace; empty where none does."""
    paces: Table
    """[s] per unit of the amount, for each value of the axis, or one."""


@dataclass(frozen=True, eq=False)
class Surface:
    """The amounts of all rows together as step functions of the memory."""

    sizes: Table
    """(S,) memories at which they step, ascending [B]."""
    tables: Mapping[Amount, Any]
    """(S + 1,) of each amount that follows the memory; the others are numbers."""
    least: float = 0.0
    """A smaller memory holds no tiles [B]."""
    _summands: dict[frozenset[str], tuple[Summand, ...]] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        return Surface, (self.sizes, self.tables, self.least)

    @cached_property
    def steps(self) -> Steps:
        """The search among the sizes."""
        return Steps(self.sizes)

    def summands(self, machine: Machine, *lanes: str) -> list[Summand]:
        """The terms of a machine, rows summed; of some `lanes` alone where they are named."""
        known = frozenset(machine.figures)
        if known not in self._summands:
            self._summands[known] = tuple(
                Summand(one, one.amount(self.tables))
                for one in entries(known)
                if one.amounts != (SECONDS,)
            )
        wanted = lanes or RUN_LANES
        return [one for one in self._summands[known] if one.entry.lane in wanted]

    def grid(self, machine: Machine, axes: Mapping[str, Any], memory: Any) -> list[Product]:
        """T as a sum of products, for `axes` of a grid and a machine's other numbers.

        `memory` are the memories on the grid, or the machine's. Raises InputError for one that
        holds no tiles.
        """
        self.check(memory)
        figures = {name: word for word in axes if word in AXES for name in AXES[word].fields}
        step = self.steps(memory)
        whole = machine.replace(**dict.fromkeys(figures, 1.0))
        constant, products = 0.0, dict[tuple[str, str], list[Any]]()
        for entry, amounts in self.summands(whole):
            axis = figures.get(entry.figure, "")
            if not axis and not np.ndim(amounts):
                constant += entry.applied(amounts, machine[entry.figure])
                continue
            amount = amounts[step] if np.ndim(amounts) else np.array([amounts])
            if not axis:
                amount = entry.applied(amount, machine[entry.figure])
            products.setdefault((axis, entry.how), []).append(amount)
        found = [
            Product(sum(amounts[1:], start=amounts[0]), axis, _paces(axes.get(axis), how))
            for (axis, how), amounts in products.items()
        ]
        return [*found, Product(np.array([constant]), "", np.ones(1))]

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

    def energy(self, machine: Machine, total_time: Any) -> Any:
        """Energy [J] at points of one shape whose runs take `total_time` [s]; None: not stated."""
        summands = entries(machine.figures, ENERGY)
        drawn = (
            one.applied(total_time, machine[one.figure])
            for one in summands
            if one.amounts == (SECONDS,)
        )
        return sum(drawn, start=self.sum_of(machine, ENERGY)) if summands else None

    def total_time(self, machine: Machine) -> Table:
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
                Place("hw.on_chip_memory"),
                f"no row can be tiled in {np.min(memory):.0f} bytes on chip: the smallest tiles of "
                f"some row need {self.least:.0f}",
                "begin with a larger memory, or use traffic: once",
            )

    def _piece(self, machine: Machine, out: Table) -> None:
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


def _paces(values: Any, how: str) -> Table:
    """What one unit of an amount takes for each value of an axis; 1 where there is no axis."""
    if values is None:
        return np.ones(1)
    return np.asarray(1.0 / values if how == "divided" else values, dtype=float)


@dataclass(frozen=True, eq=False)
class General:
    """The same questions put to THE formula, for any placement and timing."""

    workload: Workload
    placement: Placement
    timing: Timing
    traffic: Traffic | None = None

    def columns(
        self, machine: Machine, points: int, wanted: Collection[str] = TIMES
    ) -> dict[str, Any]:
        """The outputs `wanted` and total_time at `points`, row times summed.

        A few rows times points at a time.
        """
        step = max(1, (1 << 17) // max(len(self.workload.macs), 1))
        whole = machine.replace(bandwidth=np.broadcast_to(machine.bandwidth, points))
        cuts = (slice(at, at + step) for at in range(0, points, step))
        memories, placed = np.unique(machine.memory), None
        try:
            if len(memories) <= step:
                placed = place(self.workload, memories, self.placement, self.traffic)
            pieces = [self._piece(whole.part(cut), wanted, placed) for cut in cuts]
        except BadValue as error:
            raise error.at(Place("hw.on_chip_memory")) from None
        return {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]}

    def _piece(
        self, points: Machine, wanted: Collection[str], placed: Placed | None
    ) -> dict[str, Any]:
        models = (self.placement, self.timing, self.traffic)
        result = evaluate(self.workload, points, *models, placed=placed)
        sums: dict[str, Any] = {"total_time": result.total_time, "overhead_time": result.overhead}
        for word, times in result.all_lanes.items():
            if f"{word}_time" in wanted:
                sums[f"{word}_time"] = times.sum(axis=-1)
        if "external_bytes" in wanted:
            sums["external_bytes"] = result.external_bytes.sum(axis=-1)
        if "energy" in wanted and (energy := result.total_energy) is not None:
            sums["energy"] = energy
        return {w: np.broadcast_to(value, len(points.bandwidth)) for w, value in sums.items()}


def closed_columns(form: Surface, machine: Machine, wanted: Collection[str]) -> dict[str, Any]:
    """The outputs `wanted` at points (N,) from the closed form, and total_time in any case."""
    total = form.total_time(machine)
    return {"total_time": total} | further_columns(form, machine, wanted, total)


def further_columns(
    form: Surface, machine: Machine, wanted: Collection[str], total: Any
) -> dict[str, Any]:
    """The outputs `wanted` at points (N,) beside their `total` time [s]."""
    columns: dict[str, Any] = {}
    if not set(wanted) - {"total_time"}:
        return columns
    columns |= {f"{word}_time": values for word, values in form.times(machine).items()}
    columns["external_bytes"] = form.sum_of(machine, TRAFFIC)
    energy = form.energy(machine, total)
    return columns if energy is None else columns | {"energy": energy}
