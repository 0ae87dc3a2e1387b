"""What each physical parameter adds to a row of a measured network.

At the base profile's peaks a row costs compute [s] for each of its parts, transfer [s] of its maps
and of its parameters, its on-chip bytes at the speed of the bus [s], one launch, and the vectors
that it normalises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.counting import Traits
from costmodel.core.terms import ROW_LANES, Amount, entries
from costmodel.core.tiling.nest import AttentionNest, Nest
from costmodel.studies.calibration.measured_runs import rows_of
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.run import Run

Name = tuple[str, str]
"""A resource, and the class of layers that uses it."""
AnyNest = Nest | AttentionNest
Floats = NDArray[np.float64]


class Term(NamedTuple):
    """What one parameter adds to a row."""

    name: Name | None
    """None: it is not fitted."""
    occupies: str
    """One of OCCUPIED."""
    seconds: float
    """At the base profile's peaks; a microsecond for a launch."""
    nest: AnyNest | None = None
    """Of a contraction on the matrix engine, which the engine's shape may fill in part."""
    macs: int = 0
    """Its multiply-adds."""


Terms = tuple[Term, ...]
Occupied = Counter[Terms]
"""The rows of a measurement: terms, and how often they occur."""

OCCUPIED = ("transfer", "matrix", "host", "launch")
AS_DENSE = {"window": "dense"}
"""Routines whose arithmetic is the same product: one share of the peak."""
MICROSECOND = 1e-6
"""[s] the unit of the launch terms."""
NANOSECOND = 1e-9
"""[s] the unit of times per vector."""
OPTIONAL = ("per_vector",)
"""Terms that may be left out."""
OVERHEAD: Name = ("overhead", "")
ONCE: Terms = (Term(OVERHEAD, "launch", MICROSECOND),)
"""Of a whole run, whatever its rows."""


def occupied(one: Measurement, run: Run) -> Occupied:
    """The terms of the rows that were measured, and how many rows have the same ones.

    The run is on a profile of peaks, which has no shares, no launch and no on-chip bandwidth. A
    layer's line holds its rows alone.
    """
    rows = run.workload.rows
    return Counter(_terms_of(run, rows_of(one.layer, rows) if one.layer else range(len(rows))))


COEFFICIENTS: Mapping[Amount, tuple[str, str]] = {
    "read": ("bandwidth", "routine"),
    "write": ("bandwidth", "routine"),
    "parameters": ("parameters", "routine"),
    "on_chip_bytes": ("on_chip", ""),
    "matrix_launches": ("launch", "matrix"),
    "host_launches": ("launch", "host"),
}
"""What is fitted of the terms of an amount: a resource, and for each routine, or for what. Terms of
other amounts are as the base profile states them.
"""
ARITHMETIC = ("matrix_work", "host_work")
"""Amounts whose terms are told apart by the tasks of a row."""
OCCUPIES = {"transfer": "transfer", "on_chip": "transfer", "matrix": "matrix", "host": "host"}
"""What a lane's time occupies; the others' is launched with the row."""


def _terms_of(run: Run, chosen: Sequence[int]) -> Iterator[Terms]:
    work, traits = run.workload, run.profile.traits
    plain = _row_terms(run)
    for number in chosen:
        row = work.rows[number]
        if row.view:
            continue
        routine = row.layer.runs_as
        vectors = row.vectors * run.samples * NANOSECOND
        terms = [*_arithmetic(run, number, traits)]
        for (resource, of, occupies), seconds in plain.items():
            name = (resource, routine if of == "routine" else of) if resource else None
            terms.append(Term(name, occupies, float(seconds[number])))
        terms.append(Term(("per_vector", routine), "launch", vectors))
        yield tuple(term for term in terms if term.seconds)


def _row_terms(run: Run) -> dict[tuple[str, str, str], Floats]:
    """Seconds of each row (R,) at the base profile's peaks, by what is fitted and what it occupies.

    A launch takes a microsecond, a byte on chip as long as one over the bus.
    """
    machine, asked, rows = run.machine, run.result.amounts, len(run.workload.rows)
    units = {"matrix_launch": MICROSECOND, "host_launch": MICROSECOND}
    peaks = machine.replace(**units, on_chip_bandwidth=machine.bandwidth)
    sums: dict[tuple[str, str, str], Floats] = {}
    for entry in entries(peaks.figures, *ROW_LANES):
        grouped: dict[tuple[str, str], list[Amount]] = {}
        for amount in entry.amounts:
            if amount not in ARITHMETIC:
                grouped.setdefault(COEFFICIENTS.get(amount, ("", "")), []).append(amount)
        for fitted, amounts in grouped.items():
            amount = entry._replace(amounts=tuple(amounts)).amount(asked)
            seconds = np.broadcast_to(entry.applied(amount, peaks[entry.figure]), (1, 1, rows))
            key = (*fitted, OCCUPIES.get(entry.lane, "launch"))
            sums[key] = sums.get(key, 0.0) + seconds.min(axis=0)[0]
    return sums


def _arithmetic(run: Run, number: int, traits: Traits) -> Iterator[Term]:
    """What each task of a row's parts takes at the peak of its engine."""
    work, asked = run.workload, run.result.amounts
    engines = {
        "matrix": (asked["matrix_work"] / run.machine.matrix, work.matrix_ops),
        "host": (asked["host_work"] / run.machine.host, work.host_ops),
    }
    for part in work.rows[number].parts:
        for engine, routine, tally in traits.tasks(part):
            mine = run.policies.timed.ops(part.layer.kind, tally) * run.samples
            if mine:
                time, ops = (array[number] for array in engines[engine])
                name = ("compute", AS_DENSE.get(routine, routine))
                seconds, macs = float(time * mine / ops), part.executed_tally.macs * run.samples
                contractions = part.layer.contractions(part.inputs, run.samples)
                if engine != "matrix" or not macs or not contractions:
                    yield Term(name, engine, seconds, None, macs)
                    continue
                counted = sum(one.macs for one in contractions)
                for one in contractions:
                    own = one.macs * macs // counted
                    yield Term(name, engine, seconds * (one.macs / counted), one.nest, own)
