"""Batch, tokens and context as arrays: counts that are polynomials in them, evaluated.

How they are found is `costmodel.studies.scan.polynomials`. Rows with the same polynomials are
evaluated once; the terms are those of `costmodel.core.terms`, and the timing model combines the
times.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.machine import Machine
from costmodel.core.terms import (
    ENERGY,
    OVERHEAD,
    ROW_LANES,
    SECONDS,
    TRAFFIC,
    Amount,
    entries,
)
from costmodel.core.timing import Load, Timing

PIECE = 1 << 14
"""[points] rows times points of a piece stay in the cache."""
Table = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts:
    """Polynomials of U distinct rows in the axes' variables, K monomials each."""

    names: tuple[str, ...]
    """The axes, in the order of the exponents."""
    exponents: NDArray[np.int64]
    """(K, axes)."""
    tables: Mapping[Amount, Table]
    """(K, U) of each amount that a term is of."""
    rows: Table
    """(U,) how many rows there are of each."""
    exposed: Table
    """(U,) of the shorter of transfer and compute, the share that is not hidden."""
    macs: Table
    """(K,) multiply-adds of all rows."""
    timing: Timing
    samples: int
    """Of one run at batch 1."""

    def columns(
        self, machine: Machine, counts: Mapping[str, Any], points: int, wanted: Collection[str]
    ) -> dict[str, Any]:
        """The outputs and total_time at `points`, whose axes have the values `counts`."""
        pieces = []
        for start in range(0, points, PIECE):
            part = slice(start, min(start + PIECE, points))
            at = {name: _cut(counts[name], part) for name in self.names}
            pieces.append(self._piece(machine.part(part), at, part.stop - part.start, wanted))
        columns = {word: np.concatenate([piece[word] for piece in pieces]) for word in pieces[0]}
        batch = counts.get("batch", 1)
        return {**columns, "samples": self.samples * np.asarray(batch)}

    def _piece(
        self, machine: Machine, at: Mapping[str, Any], points: int, wanted: Collection[str]
    ) -> dict[str, Any]:
        values = self._monomials(at, points)
        transfer, matrix, host, on_chip = (
            self._rows(word, machine, values) for word in ("transfer", "matrix", "host", "on_chip")
        )
        load = Load(transfer, matrix, host, _nothing_ahead, on_chip, self.exposed)
        lanes = {word: self._sum(word, machine, values) for word in ROW_LANES}
        besides = (lanes[word] for word, lane in ROW_LANES.items() if lane.side == "besides")
        overhead = _once(machine)
        total = self.timing.row_times(load) @ self.rows + sum(besides) + overhead
        columns = {f"{word}_time": time for word, time in lanes.items() if f"{word}_time" in wanted}
        columns |= {"total_time": total, "macs": values @ self.macs, "overhead_time": overhead}
        if "external_bytes" in wanted:
            columns["external_bytes"] = self._sum(TRAFFIC, machine, values)
        if "energy" in wanted and (summands := entries(machine.figures, ENERGY)):
            drawn = (
                entry.applied(total, machine[entry.figure])
                for entry in summands
                if entry.amounts == (SECONDS,)
            )
            columns["energy"] = sum(drawn, start=self._sum(ENERGY, machine, values))
        return {word: np.broadcast_to(value, points) for word, value in columns.items()}

    def _rows(self, lane: str, machine: Machine, values: Table) -> Any:
        """The time of each row in a lane (points, U) [s]."""
        return sum(
            (
                entry.applied(values @ entry.amount(self.tables), _column(machine[entry.figure]))
                for entry in entries(machine.figures, lane)
            ),
            start=np.zeros(len(self.rows)),
        )

    def _sum(self, lane: str, machine: Machine, values: Table) -> Any:
        """The time, bytes or joules of all rows in a lane (points,)."""
        return sum(
            (
                entry.applied(
                    values @ (entry.amount(self.tables) @ self.rows), machine[entry.figure]
                )
                for entry in entries(machine.figures, lane)
                if entry.amounts != (SECONDS,)
            ),
            start=0.0,
        )

    def _monomials(self, at: Mapping[str, Any], points: int) -> Table:
        """The axes' values at each point to the powers of each monomial (points, K)."""
        values = np.ones((points, len(self.exponents)))
        for axis, name in enumerate(self.names):
            powers = self.exponents[:, axis]
            for power in range(1, int(powers.max(initial=0)) + 1):
                column = np.broadcast_to(np.asarray(at[name], dtype=float), points)
                values[:, powers >= power] *= column[:, np.newaxis]
        return values


def _column(figure: Any) -> Any:
    """A figure at points (...,) as (..., 1), to meet the rows."""
    return None if figure is None else np.asarray(figure, dtype=float)[..., np.newaxis]


def _once(machine: Machine) -> Any:
    """What a run takes once [s]."""
    return sum(
        one.applied(one.amount({"runs": 1.0}), machine[one.figure])
        for one in entries(machine.figures, OVERHEAD.word)
    )


def _nothing_ahead() -> Any:
    raise NotImplementedError("these timing models look no row ahead")


def _cut(value: Any, part: slice) -> Any:
    return value[part] if np.ndim(value) else value
