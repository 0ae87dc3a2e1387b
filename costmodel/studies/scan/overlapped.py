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

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.formula import place
from costmodel.core.machine import Machine
from costmodel.core.placement import Placement
from costmodel.core.timing import Timing
from costmodel.core.traffic import Traffic
from costmodel.core.workload import Workload
from costmodel.studies.scan.steps import Steps
from costmodel.studies.scan.surface import PIECE, TIMES, General, Surface, closed_columns

Table = NDArray[np.float64]


def _before(values: Table) -> Table:
    """Sums of the first n values, for every n (R + 1,)."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _after(values: Table) -> Table:
    """Sums of all but the first n values, for every n (R + 1,)."""
    return _before(values[::-1])[::-1]


@dataclass(frozen=True, eq=False)
class Ridge:
    """The rows of one engine, sorted by bytes per operation."""

    search: Steps
    moved: Table
    """(R + 1,) bytes of the rows that wait for the bus, by how many do not [B]; and the exposed
    share of the bytes of those that do not.
    """
    worked: Table
    """(R + 1,) operations of those that do not [op], and the exposed share of the others'."""

    @classmethod
    def of(cls, moved: Table, ops: Table, exposed: Table) -> Ridge:
        """Rows that work: `moved` bytes, `ops` operations and `exposed` share of each (R,)."""
        order = np.argsort(moved / ops, kind="stable")
        moved, ops, exposed = moved[order], ops[order], exposed[order]
        waiting = _after(moved) + _before(exposed * moved)
        working = _before(ops) + _after(exposed * ops)
        return cls(Steps(moved / ops), waiting, working)

    def time(self, bandwidth: Any, rate: Any) -> Any:
        """The sum of the longer times at points (N,) [s]."""
        at = self.search(bandwidth / rate)
        return self.moved[at] / bandwidth + self.worked[at] / rate


@dataclass(frozen=True, eq=False)
class Overlapped(General):
    """The closed form; where writes or on-chip bytes have a pace of their own, the formula."""

    lanes: Surface = field(kw_only=True)
    """The time of each lane by itself, whatever the timing."""
    tables: dict[int, tuple[float, Ridge, Ridge]] = field(default_factory=dict, kw_only=True)
    """For each step of the memory: bytes of rows that compute nothing, and both engines' rows."""

    def columns(
        self, machine: Machine, points: int, wanted: Collection[str] = TIMES
    ) -> dict[str, Any]:
        """The outputs `wanted` and total_time at `points`."""
        if machine.write_bandwidth is not None or machine.on_chip_bandwidth is not None:
            return super().columns(machine, points, wanted)
        found = closed_columns(self.lanes, machine, wanted)
        lanes = self.lanes.times(machine)
        found["total_time"] = self._bound(machine, points) + lanes["launch"] + lanes["overhead"]
        return {word: np.broadcast_to(values, points) for word, values in found.items()}

    def _bound(self, machine: Machine, points: int) -> Table:
        """The rows' longer times, all together [s]."""
        step = self.lanes.steps(machine.memory)
        paces = (machine.bandwidth, machine.matrix, machine.host)
        figures = [np.broadcast_to(pace, points) for pace in paces]
        total = np.empty(points)
        for number, at in _by_step(step, points):
            for start in range(0, points if at is None else len(at), PIECE):
                piece = slice(start, start + PIECE)
                part = piece if at is None else at[piece]
                total[part] = self._step_time(number, *(one[part] for one in figures))
        return total

    def _step_time(self, step: int, bandwidth: Any, matrix: Any, host: Any) -> Any:
        if step not in self.tables:
            self.tables[step] = self._table(step)
        idle, on_matrix, on_host = self.tables[step]
        return idle / bandwidth + on_matrix.time(bandwidth, matrix) + on_host.time(bandwidth, host)

    def _table(self, step: int) -> tuple[float, Ridge, Ridge]:
        sizes, costs = self.lanes.sizes, self.workload.costs
        memory = float(sizes[step - 1]) if step else self.lanes.least
        moved = place(self.workload, memory, self.placement, self.traffic).moved
        bytes_moved = moved.paced(costs).total[0].astype(float)
        rows = costs.matrix_ops > 0, costs.host_ops > 0
        idle = float(bytes_moved[~(rows[0] | rows[1])].sum())
        exposed = np.zeros(len(bytes_moved)) if costs.exposed is None else costs.exposed
        ridges = [
            Ridge.of(bytes_moved[on], ops[on], exposed[on])
            for on, ops in zip(rows, (costs.matrix_ops, costs.host_ops), strict=True)
        ]
        return idle, ridges[0], ridges[1]


def _by_step(step: Any, points: int) -> Iterator[tuple[int, Any]]:
    """Each step of the memory, and the points that have it; None: all of them."""
    if np.ndim(step) == 0:
        yield int(step), None
        return
    for number in np.flatnonzero(np.bincount(np.broadcast_to(step, points))):
        yield int(number), np.flatnonzero(step == number)


def overlapped(
    workload: Workload,
    placement: Placement,
    timing: Timing,
    traffic: Traffic | None,
    lanes: Surface | None,
) -> Overlapped | None:
    """The closed form, or None: for another timing, without `lanes`, with rows on both engines."""
    both = (workload.costs.matrix_ops > 0) & (workload.costs.host_ops > 0)
    if lanes is None or not timing.overlaps or both.any():
        return None
    return Overlapped(workload, placement, timing, traffic, lanes=lanes)
