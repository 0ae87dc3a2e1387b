"""Counts of a network at a few values of its axes to polynomials of them.

A network is built and counted at a few values of batch, tokens and context. Every count of every
row is then interpolated, in exact fractions, as a polynomial of degree 1 in the batch and the
context and 2 in the tokens, and compared with the network built at the far end of all axes: where
one differs (a window, experts that are woken, a memory that decides) there is no such form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.amounts import bus_amounts
from costmodel.core.formula import place
from costmodel.core.terms import amount_of, every_amount
from costmodel.core.traffic import BusBytes
from costmodel.studies.run import Run
from costmodel.studies.scan.axes import Axis
from costmodel.studies.scan.counts import Counts, Table

DEGREES = {"batch": 1, "arch.context": 1, "arch.tokens": 2}
"""Of each axis that may be an array: the scores of a prompt are quadratic in its tokens."""
FEW = 64
"""Combinations up to which networks are built one by one."""


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
    if first.workload.linked:
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
        for mine, first in zip(one.values(), costs[0].values(), strict=True)
    )


def _shares(run: Run) -> dict[str, Table]:
    """What does not depend on the counts: how far rows stay from the peaks, what launches them."""
    work, costs = run.workload, run.workload.costs
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.where(work.matrix_ops > 0, costs.matrix_work / work.matrix_ops, 1.0)
        host = np.where(work.host_ops > 0, costs.host_work / work.host_ops, 1.0)
    slowdowns = {
        word: getattr(costs, word)
        for word in ("read_slowdown", "write_slowdown", "parameter_slowdown")
    }
    launches = (costs.matrix_launches, costs.host_launches)
    named = dict(zip(("matrix_launches", "host_launches"), launches, strict=True))
    return {"matrix": matrix, "host": host, **slowdowns, **named, "exposed": costs.exposed}


def _raw(run: Run) -> dict[str, NDArray[Any]]:
    """Whole numbers of each row (R,): bytes, operations; and seconds whatever the rates."""
    work = run.workload
    placement, _, traffic = run.policies.models
    moved = place(work, run.machine.memory, placement, traffic).moved
    return {
        "read": moved.read[0],
        "write": moved.write[0],
        "params": moved.params[0],
        "matrix": work.matrix_ops,
        "host": work.host_ops,
        "macs": work.macs,
        "fixed": work.costs.fixed_time,
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
    """The amounts as polynomials, equal rows once."""
    shares = _shares(run)
    counts = {word: coefficients.astype(float) for word, coefficients in solved.items()}
    constant = np.zeros((len(exponents), 1))
    # the first monomial is the one of no axis
    constant[0] = 1.0
    moved = BusBytes(counts["read"], counts["write"], counts["params"])
    asked: dict[str, Any] = {
        **bus_amounts(moved, run.workload.costs),
        "on_chip_bytes": 0 * constant,
        "macs": counts["macs"],
        "operations": counts["matrix"] + counts["host"],
        "matrix_work": counts["matrix"] * shares["matrix"],
        "host_work": counts["host"] * shares["host"],
        "matrix_launches": constant * shares["matrix_launches"],
        "host_launches": constant * shares["host_launches"],
        "fixed_time": counts["fixed"],
        "link_bytes": 0 * constant,
        "link_messages": 0 * constant,
        "runs": 0 * constant,
    }
    size = (len(exponents), len(run.workload.macs))
    every = {amount: np.broadcast_to(amount_of(amount, asked), size) for amount in every_amount()}
    whole = np.concatenate([*every.values(), [shares["exposed"]]])
    _, at, repeats = np.unique(whole, axis=1, return_index=True, return_counts=True)
    return Counts(
        names,
        exponents,
        {word: np.ascontiguousarray(table[:, at]) for word, table in every.items()},
        repeats.astype(float),
        shares["exposed"][at],
        counts["macs"].sum(axis=1),
        run.policies.timing_model,
        run.network.samples,
    )
