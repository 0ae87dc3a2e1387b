"""Counts of a network at a few values of its axes to polynomials of them.

A network is built and counted at a few values of batch, tokens and context. Every count of every
row is then interpolated, in exact fractions, as a polynomial of degree 1 in the batch and the
context and 2 in the tokens, and compared with the network built at the far end of all axes: where
one differs (a window, experts that are woken, a memory that decides) there is no such form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import product

import numpy as np

from costmodel.core.amounts import bus_amounts
from costmodel.core.arrays import Array, Floats
from costmodel.core.placing import place
from costmodel.core.terms import amount_of, every_amount
from costmodel.core.traffic import BusBytes
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.counts import Counts

DEGREES = {"batch": 1, "arch.context": 1, "arch.tokens": 2}
"""Of each axis that may be an array: the scores of a prompt are quadratic in its tokens."""


def polynomials(
    ends: Mapping[str, tuple[int, int]], run_at: Callable[[dict[str, int]], Run]
) -> Counts | None:
    """Interpolate every count exactly, verify it at the far end; None where it is no polynomial.

    Parameters
    ----------
    ends : mapping
        The lowest and the highest value of each axis, by its name, a key of DEGREES.
    run_at : callable
        Builds and counts the network at a value of each axis.

    Returns
    -------
    Counts or None
        The form over these axes.

    """

    def run_of(values: tuple[int, ...]) -> Run:
        return run_at(dict(zip(ends, values, strict=True)))

    first = run_of(tuple(low for low, _ in ends.values()))
    placement, timing, traffic = first.policies.models
    ahead = traffic.tiles or timing.looks_ahead
    if ahead or first.workload.linked or not placement.keeps_nothing:
        return None
    stops = [
        [low + step for step in range(DEGREES[name] + 1)] if high > low else [low]
        for name, (low, high) in ends.items()
    ]
    runs = {at: run_of(at) for at in product(*stops)}
    last = tuple(high for _, high in ends.values())
    far = runs.get(last) or run_of(last)
    if not _alike([*runs.values(), far]):
        return None
    counted = [_counted(run) for run in runs.values()]
    solved = {
        word: _interpolated(np.stack([counts[word] for counts in counted]), stops)
        for word in counted[0]
    }
    exponents = np.array(list(product(*(range(len(stop)) for stop in stops))), dtype=np.int64)
    if not _holds(solved, np.prod(np.array(last, dtype=object) ** exponents, axis=1), far):
        return None
    return _form(first, tuple(ends), exponents, solved)


def _alike(runs: list[Run]) -> bool:
    """True where the runs have the same rows, with the same shares of the peaks and launches."""
    if len({len(run.workload.macs) for run in runs}) > 1:
        return False
    first, *others = (np.stack(list(_shares(run).values())) for run in runs)
    return all(np.allclose(other, first, rtol=1e-12, atol=0.0) for other in others)


def _shares(run: Run) -> dict[str, Floats]:
    """What must not depend on the counts (R,): slowdowns on both engines and on the bus; launches.

    A slowdown is 1 where a row has nothing to do.
    """
    work, costs = run.workload, run.workload.costs
    with np.errstate(invalid="ignore", divide="ignore"):
        slowdowns = {
            "matrix_work": np.where(work.matrix_ops > 0, costs.matrix_work / work.matrix_ops, 1.0),
            "host_work": np.where(work.host_ops > 0, costs.host_work / work.host_ops, 1.0),
        }
    words = ("matrix_launches", "host_launches", "exposed")
    on_the_bus = ("read_slowdown", "write_slowdown", "parameter_slowdown")
    return slowdowns | {word: getattr(costs, word) for word in (*words, *on_the_bus)}


def _counted(run: Run) -> dict[str, Array]:
    """Whole numbers of each row (R,): bytes, operations; and seconds whatever the rates."""
    work = run.workload
    placement, _, traffic = run.policies.models
    moved = place(work, run.machine.memory, placement, traffic).moved
    return {
        "read": moved.read[0],
        "write": moved.write[0],
        "params": moved.params[0],
        "matrix_ops": work.matrix_ops,
        "host_ops": work.host_ops,
        "macs": work.macs,
        "engine_bytes": work.engine_bytes,
        "fixed_time": work.costs.fixed_time,
    }


def _interpolated(known: Array, stops: list[list[int]]) -> Array:
    """Coefficients (K, R) as fractions of the polynomials through `known` (K, R) at all `stops`.

    Through 5 and 8 at the stops 1 and 2 of one axis goes 2 + 3 x.
    """
    # a decoder's blocks have the same rows: fractions are slow, so each is solved once
    alike, which = np.unique(known, axis=1, return_inverse=True)
    grid = np.array([[Fraction(value) for value in row] for row in alike.tolist()], dtype=object)
    grid = grid.reshape(*(len(stop) for stop in stops), -1)
    for axis, stop in enumerate(stops):
        grid = np.moveaxis(np.tensordot(_inverse(stop), grid, axes=(1, axis)), 0, axis)
    return np.asarray(grid.reshape(len(known), -1)[:, which])


def _inverse(stop: list[int]) -> Array:
    """The matrix from values at `stop` to coefficients, in fractions.

    Column n is the polynomial that is 1 at the n-th stop and 0 at the others, a product of
    (x - other) / (at - other).
    """
    columns = []
    for at in stop:
        factors = (
            np.array([Fraction(-other, at - other), Fraction(1, at - other)])
            for other in stop
            if other != at
        )
        columns.append(reduce(np.convolve, factors, np.array([Fraction(1)])))
    return np.stack(columns, axis=1)


def _holds(solved: Mapping[str, Array], monomials: Array, far: Run) -> bool:
    """True where the polynomials give what the network at the far end counts."""
    worked_out = {word: monomials @ coefficients for word, coefficients in solved.items()}
    stated = _counted(far)
    # seconds are no whole numbers
    seconds, expected = worked_out.pop("fixed_time").astype(float), stated.pop("fixed_time")
    exact = all(np.array_equal(values, stated[word]) for word, values in worked_out.items())
    return exact and np.allclose(seconds, expected, rtol=1e-9, atol=1e-15)


def _form(
    run: Run, names: tuple[str, ...], exponents: Array, solved: Mapping[str, Array]
) -> Counts:
    """The amounts as polynomials, equal rows evaluated once."""
    shares = _shares(run)
    counts = {word: coefficients.astype(float) for word, coefficients in solved.items()}
    # 1 for the monomial of no axis
    constant = np.all(exponents == 0, axis=1, keepdims=True).astype(float)
    costs = replace(
        run.workload.costs,
        matrix_work=counts["matrix_ops"] * shares["matrix_work"],
        host_work=counts["host_ops"] * shares["host_work"],
        matrix_launches=constant * shares["matrix_launches"],
        host_launches=constant * shares["host_launches"],
        fixed_time=counts["fixed_time"],
    )
    moved = BusBytes(counts["read"], counts["write"], counts["params"])
    work = replace(
        run.workload,
        costs=costs,
        macs=counts["macs"],
        matrix_ops=counts["matrix_ops"],
        host_ops=counts["host_ops"],
    )
    asked = work.row_amounts | bus_amounts(moved, costs)
    # nothing stays on chip or goes to other devices; what a run takes once is no row's
    nothing = dict.fromkeys(("on_chip_bytes", "link_bytes", "link_messages", "runs"), 0 * constant)
    asked |= {"engine_bytes": counts["engine_bytes"], **nothing}
    size = (len(exponents), len(run.workload.macs))
    # in an order of their own: every process must give the rows in the same one
    ordered = sorted(every_amount(), key=lambda word: str(getattr(word, "__qualname__", word)))
    tables = {amount: np.broadcast_to(amount_of(amount, asked), size) for amount in ordered}
    every = np.concatenate([*tables.values(), [shares["exposed"]]])
    _, at, repeats = np.unique(every, axis=1, return_index=True, return_counts=True)
    return Counts(
        names,
        exponents,
        {amount: np.ascontiguousarray(table[:, at]) for amount, table in tables.items()},
        repeats.astype(float),
        shares["exposed"][at],
        counts["macs"].sum(axis=1),
        run.policies.timing_model,
        run.network.samples,
    )
