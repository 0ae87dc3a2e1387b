"""Batch, tokens and context as arrays: counts that are polynomials in them.

A network is built and counted at a few of the axes' values. Every count of every row is then
interpolated, in exact fractions, as a polynomial of degree 1 in the batch and the context and 2 in
the tokens, and compared with the network built at the far end of all axes: where one differs (a
window, experts that are woken, a memory that decides) there is no such form. Rows with the same
polynomials are evaluated once. The one formula's timing model combines the times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.formula import place
from costmodel.core.machine import Machine
from costmodel.core.timing import Load, Timing
from costmodel.studies.run import Run
from costmodel.studies.scan.axes import Axis

DEGREES = {"batch": 1, "arch.context": 1, "arch.tokens": 2}
"""Of each axis that may be an array: the scores of a prompt are quadratic in its tokens."""
FEW = 64
"""Combinations up to which networks are built one by one."""
PIECE = 1 << 14
"""[points] rows times points of a piece stay in the cache."""
COLUMNS = ("external", "read", "write", "matrix", "host")
"""Of each row: bytes over the bus; those read and written over the shares of the bandwidth, and
operations over the shares of the peaks.
"""
Table = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts:
    """Polynomials of U distinct rows in the axes' variables, K monomials each."""

    names: tuple[str, ...]
    """The axes, in the order of the exponents."""
    exponents: NDArray[np.int64]
    """(K, axes)."""
    tables: dict[str, Table]
    """(K, U) for each of COLUMNS."""
    rows: Table
    """(U,) how many rows there are of each."""
    matrix_launches: Table
    """(U,)"""
    host_launches: Table
    """(U,)"""
    fixed: Table
    """(K, U) [s] whatever the rates."""
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
            fields = {name: _cut(value, part) for name, value in vars(machine).items()}
            pieces.append(self._piece(Machine(**fields), at, part.stop - part.start, wanted))
        found = {word: np.concatenate([piece[word] for piece in pieces]) for word in pieces[0]}
        batch = counts.get("batch", 1)
        return {**found, "samples": self.samples * np.asarray(batch)}

    def _piece(
        self, machine: Machine, at: Mapping[str, Any], points: int, wanted: Collection[str]
    ) -> dict[str, Any]:
        values = np.ones((points, len(self.exponents)))
        for axis, name in enumerate(self.names):
            powers = self.exponents[:, axis]
            for power in range(1, int(powers.max(initial=0)) + 1):
                column = np.broadcast_to(np.asarray(at[name], dtype=float), points)
                values[:, powers >= power] *= column[:, np.newaxis]

        def over(word: str, rate: Any) -> Table:
            return np.asarray(values @ self.tables[word] / np.asarray(rate)[..., np.newaxis])

        if machine.write_bandwidth is None:
            amounts = self.tables["read"] + self.tables["write"]
            transfer = values @ amounts / np.asarray(machine.bandwidth)[..., np.newaxis]
        else:
            transfer = over("read", machine.bandwidth) + over("write", machine.write_bandwidth)
        matrix, host = over("matrix", machine.matrix), over("host", machine.host)
        times = self.timing.row_times(
            Load(transfer, matrix, host, _nothing_ahead, exposed=self.exposed)
        )
        launch = self.matrix_launches * np.asarray(machine.matrix_launch)[..., np.newaxis]
        launch = launch + self.host_launches * np.asarray(machine.host_launch)[..., np.newaxis]
        launched = launch @ self.rows + values @ (self.fixed @ self.rows)
        total = times @ self.rows + launched + machine.overhead
        lanes: dict[str, Callable[[], Any]] = {
            "transfer_time": lambda: transfer @ self.rows,
            "matrix_time": lambda: matrix @ self.rows,
            "host_time": lambda: host @ self.rows,
            "on_chip_time": lambda: 0.0,
            "launch_time": lambda: launched,
            "overhead_time": lambda: machine.overhead,
            "external_bytes": lambda: values @ (self.tables["external"] @ self.rows),
        }
        found = {word: work() for word, work in lanes.items() if word in wanted}
        found |= {"total_time": total, "macs": values @ self.macs}
        return {word: np.broadcast_to(value, points) for word, value in found.items()}


def _nothing_ahead() -> Any:
    raise NotImplementedError("these timing models look no row ahead")


def _cut(value: Any, part: slice) -> Any:
    return value[part] if np.ndim(value) else value


def as_counts(axes: list[Axis], sample: str) -> list[Axis]:
    """Those of the structural axes that may be arrays, where there are enough values to bother."""
    found = [axis for axis in axes if axis.name in DEGREES and _whole(axis)]
    if sample != "grid" and any(axis.scale != "list" and not axis.count for axis in found):
        return found
    return found if prod(len(axis.grid()) for axis in found) > FEW else []


def _whole(axis: Axis) -> bool:
    if axis.scale != "list":
        return True
    return all(isinstance(v, int) and not isinstance(v, bool) for v in axis.values)


def polynomials(axes: list[Axis], run_at: Callable[[dict[str, int]], Run]) -> Counts | None:
    """The form over `axes`, whose runs `run_at` builds; None where counts are no polynomials."""
    ends = [_ends(axis) for axis in axes]
    names = tuple(axis.name for axis in axes)
    first = run_at(dict(zip(names, (low for low, _ in ends), strict=True)))
    placement, timing, traffic = first.policies.models
    if not placement.keeps_nothing or traffic.tiles or timing.looks_ahead:
        return None
    if first.workload.costs.link_bytes is not None:
        return None
    if first.machine.on_chip_bandwidth is not None:
        return None
    stops = [
        [low + step for step in range(DEGREES[name] + 1)] if high > low else [low]
        for name, (low, high) in zip(names, ends, strict=True)
    ]
    runs = {at: run_at(dict(zip(names, at, strict=True))) for at in product(*stops)}
    rows = [len(run.workload.macs) for run in runs.values()]
    last = tuple(high for _, high in ends)
    far = runs.get(last) or run_at(dict(zip(names, last, strict=True)))
    if len({*rows, len(far.workload.macs)}) > 1 or not _alike([*runs.values(), far]):
        return None
    exponents = np.array(list(product(*(range(len(stop)) for stop in stops))), dtype=np.int64)
    raw = {at: _raw(run) for at, run in runs.items()}
    solved = {
        word: _interpolated({at: one[word] for at, one in raw.items()}, stops)
        for word in next(iter(raw.values()))
    }
    if not _holds(solved, exponents, last, _raw(far)):
        return None
    return _form(first, names, exponents, solved)


def _ends(axis: Axis) -> tuple[int, int]:
    if axis.scale == "list":
        return min(axis.values), max(axis.values)
    return max(1, round(axis.low)), max(1, round(axis.high))


def _alike(runs: list[Run]) -> bool:
    """True where rows have the same shares and fixed times, but for what the batch decides."""
    costs = [_shares(run) for run in runs]
    return all(
        np.allclose(mine, first, rtol=1e-12, atol=0.0)
        for one in costs
        for mine, first in zip(one, costs[0], strict=True)
    )


def _shares(run: Run) -> list[Table]:
    """What does not depend on the counts: how far rows stay from the peaks, what launches them."""
    work, costs = run.workload, run.workload.costs
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.where(work.matrix_ops > 0, costs.matrix_ops / work.matrix_ops, 1.0)
        host = np.where(work.host_ops > 0, costs.host_ops / work.host_ops, 1.0)
    one = np.ones(len(work.macs))
    paces = (one if pace is None else pace for pace in (costs.read, costs.write, costs.params))
    exposed = 0 * one if costs.exposed is None else costs.exposed
    return [matrix, host, *paces, costs.matrix_launches, costs.host_launches, exposed]


def _raw(run: Run) -> dict[str, NDArray[Any]]:
    """Whole numbers of each row (R,): bytes, operations; and seconds whatever the rates."""
    work = run.workload
    placement, _, traffic = run.policies.models
    moved = place(work, run.machine.memory, placement, traffic).moved
    fixed = np.zeros(len(work.macs)) if work.costs.fixed is None else work.costs.fixed
    return {
        "read": moved.read[0],
        "write": moved.write[0],
        "params": moved.params[0],
        "matrix": work.matrix_ops,
        "host": work.host_ops,
        "macs": work.macs,
        "fixed": fixed,
    }


def _interpolated(values: Mapping[tuple[int, ...], Any], stops: list[list[int]]) -> Any:
    """Coefficients (K, R) as fractions of the polynomial through `values` at all `stops`."""
    shape = tuple(len(stop) for stop in stops)
    known = np.stack([values[at] for at in product(*stops)])
    # a decoder's blocks have the same rows: fractions are slow, so each is solved once
    alike, which = np.unique(known, axis=1, return_inverse=True)
    grid = np.array([[Fraction(value) for value in row] for row in alike.tolist()], dtype=object)
    grid = grid.reshape(*shape, -1)
    for axis, stop in enumerate(stops):
        inverse = _inverse(stop)
        grid = np.moveaxis(np.tensordot(inverse, grid, axes=(1, axis)), 0, axis)
    return grid.reshape(len(known), -1)[:, which]


def _inverse(stop: list[int]) -> NDArray[Any]:
    """The matrix from values at `stop` to coefficients, in fractions."""
    found = np.zeros((len(stop), len(stop)), dtype=object)
    for number, at in enumerate(stop):
        poly = [Fraction(1)]
        for other in stop:
            if other != at:
                # poly times (x - other) / (at - other)
                scale = Fraction(1, at - other)
                shifted = [Fraction(0), *poly]
                lower = [*(-other * c for c in poly), Fraction(0)]
                poly = [(a + b) * scale for a, b in zip(shifted, lower, strict=True)]
        found[:, number] = poly
    return found


def _holds(
    solved: Mapping[str, Any], exponents: Any, at: tuple[int, ...], far: Mapping[str, Any]
) -> bool:
    """True where the polynomials give what the network at the far end counts."""
    monomials = [prod(v ** int(p) for v, p in zip(at, row, strict=True)) for row in exponents]
    for word, coefficients in solved.items():
        value = sum(m * row for m, row in zip(monomials, coefficients, strict=True))
        # seconds are no whole numbers
        if word == "fixed":
            if not np.allclose(np.asarray(value, dtype=float), far[word], rtol=1e-9, atol=1e-15):
                return False
        elif any(a != b for a, b in zip(value, far[word].tolist(), strict=True)):
            return False
    return True


def _form(run: Run, names: tuple[str, ...], exponents: Any, solved: Mapping[str, Any]) -> Counts:
    """Equal rows once."""
    matrix, host, read, write, params, on_matrix, on_host, exposed = _shares(run)
    tables = {word: coefficients.astype(float) for word, coefficients in solved.items()}
    columns = {
        "external": tables["read"] + tables["write"] + tables["params"],
        "read": tables["read"] * read + tables["params"] * params,
        "write": tables["write"] * write,
        "matrix": tables["matrix"] * matrix,
        "host": tables["host"] * host,
        "fixed": tables["fixed"],
    }
    whole = np.concatenate([*columns.values(), [on_matrix], [on_host], [exposed]])
    _, at, counts = np.unique(whole, axis=1, return_index=True, return_counts=True)
    fixed = columns.pop("fixed")
    return Counts(
        names,
        exponents,
        {word: np.ascontiguousarray(table[:, at]) for word, table in columns.items()},
        counts.astype(float),
        on_matrix[at],
        on_host[at],
        np.ascontiguousarray(fixed[:, at]),
        exposed[at],
        tables["macs"].sum(axis=1),
        run.policies.timing_model,
        run.network.samples,
    )
