"""Batch, tokens and context as arrays: counts that are polynomials in them, evaluated.

How they are found is `costmodel.studies.scan.forms.polynomials`. Rows with the same polynomials are
evaluated once; the terms are those of `costmodel.core.terms`, and the timing model combines the
times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, ClassVar

import numpy as np

from costmodel.core.arrays import Floats, Ints
from costmodel.core.lanes import ENERGY, OVERHEAD, ROW_LANES, SECONDS, TRAFFIC
from costmodel.core.machine import Machine
from costmodel.core.terms import Amount, Entry, entries
from costmodel.core.timing import Load, Timing
from costmodel.studies.scan.forms.form import NO_COUNTS, TIMES, Columns, Form, Words, energy

PIECE = 1 << 14
"""[points] rows times points of a piece stay in the cache."""


@dataclass(frozen=True, eq=False)
class Counts(Form):
    """Polynomials of U distinct rows in the axes' variables, K monomials each."""

    path: ClassVar[str] = "polynomials of counts"
    names: tuple[str, ...]
    """The axes, in the order of the exponents."""
    exponents: Ints
    """The power of each axis in each monomial (K, axes)."""
    tables: Mapping[Amount, Floats]
    """Coefficients (K, U) of each amount that a term is of."""
    rows: Floats
    """How many rows there are of each kind (U,)."""
    exposed: Floats
    """Of the shorter of transfer and compute, the share that is not hidden (U,)."""
    macs: Floats
    """Coefficients (K,) of the multiply-adds of all rows."""
    timing: Timing
    samples: int
    """How many samples one run at batch 1 computes."""

    @property
    def asked(self) -> Mapping[Any, Any]:
        """The coefficients of every amount (K, U); what a run takes once is no row's."""
        return {**self.tables, "runs": True}

    def columns(
        self, machine: Machine, points: int, wanted: Words = TIMES, counts: Columns = NO_COUNTS
    ) -> Columns:
        """The outputs, and `macs` and with a batch `samples`, which depend on the point here."""
        at = {name: np.broadcast_to(counts[name], points) for name in self.names}
        cuts = (slice(start, start + PIECE) for start in range(0, points, PIECE))
        pieces = [
            self._piece(machine.part(cut), {name: at[name][cut] for name in at}, wanted)
            for cut in cuts
        ]
        columns = {word: np.concatenate([piece[word] for piece in pieces]) for word in pieces[0]}
        if "batch" in counts:
            columns["samples"] = self.samples * counts["batch"]
        return columns

    def _piece(self, machine: Machine, at: Columns, wanted: Words) -> dict[str, Any]:
        """The outputs at some points: rows are timed each, then counted as often as they stand."""
        values = self._monomials(at)
        transfer, on_chip, matrix, host = (
            self._rows(word, machine, values) for word in ("transfer", "on_chip", "matrix", "host")
        )
        load = Load(transfer, matrix, host, _nothing_ahead, on_chip, self.exposed)
        lanes = {
            word: self._sum(word, machine, values)
            for word, lane in ROW_LANES.items()
            if lane.side == "besides" or f"{word}_time" in wanted
        }
        besides = (time for word, time in lanes.items() if ROW_LANES[word].side == "besides")
        overhead = sum(
            entry.applied(entry.amount({"runs": 1.0}), machine[entry.figure])
            for entry in entries(machine.figures, OVERHEAD.word)
        )
        total = self.timing.row_times(load) @ self.rows + sum(besides) + overhead
        columns = {f"{word}_time": time for word, time in lanes.items()}
        columns |= {"total_time": total, "macs": values @ self.macs, "overhead_time": overhead}
        if "external_bytes" in wanted:
            columns["external_bytes"] = self._sum(TRAFFIC, machine, values)
        counted = self._sum(ENERGY, machine, values)
        if (joules := energy(machine, total, counted)) is not None:
            columns["energy"] = joules
        return {word: np.broadcast_to(value, len(values)) for word, value in columns.items()}

    def _rows(self, lane: str, machine: Machine, values: Floats) -> Any:
        """The time of each distinct row in a lane (points, U) [s]."""
        times = [
            # figures have a value for each point (points,)
            entry.applied((values @ coefficients).T, machine[entry.figure]).T
            for entry, coefficients in self._summands(lane, machine)
        ]
        return reduce(add, times) if times else np.zeros(len(self.rows))

    def _sum(self, lane: str, machine: Machine, values: Floats) -> Any:
        """The time, bytes or joules of all rows in a lane (points,)."""
        total: Any = 0.0
        for entry, coefficients in self._summands(lane, machine):
            amount = values @ (coefficients @ self.rows)
            total = total + entry.applied(amount, machine[entry.figure])
        return total

    def _summands(self, lane: str, machine: Machine) -> Iterator[tuple[Entry, Floats]]:
        """The terms of a lane that any row asks for, and their coefficients (K, U)."""
        for entry in entries(machine.figures, lane):
            if entry.amounts != (SECONDS,):
                coefficients = entry.amount(self.tables)
                if coefficients.any():
                    yield entry, coefficients

    def _monomials(self, at: Columns) -> Floats:
        """The product of the axes' powers in each monomial, at each point (points, K)."""
        values = np.ones((len(at[self.names[0]]), len(self.exponents)))
        for name, powers in zip(self.names, self.exponents.T, strict=True):
            for column, power in zip(values.T, powers.tolist(), strict=True):
                for _ in range(power):
                    column *= at[name]
        return values


def _nothing_ahead() -> Any:
    """What timing models that look ahead would ask; `polynomials` gives none of them a form."""
    raise NotImplementedError("these timing models look no row ahead")
