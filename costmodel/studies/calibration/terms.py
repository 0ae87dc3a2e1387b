"""What each physical parameter adds to a row of a measured network.

At the base profile's peaks a row costs compute [s] for each of its parts, transfer [s] of its maps
and of its parameters, its on-chip bytes at the speed of the bus [s], one launch, and the vectors
that it normalises.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.lanes import ROW_LANES
from costmodel.core.terms import Amount, entries
from costmodel.core.tiling.nest import AttentionNest, Nest
from costmodel.core.traits import Traits
from costmodel.studies.calibration.measured_runs import rows_of
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.run import Run

Name = tuple[str, str]
"""A resource, and the class of layers that uses it."""


class Contribution(NamedTuple):
    """What one parameter adds to a row."""

    name: Name | None
    """The parameter; None where it is not fitted."""
    occupies: str
    """What it keeps busy, one of OCCUPIED."""
    seconds: float
    """At the base profile's peaks; a microsecond for a launch."""
    nest: Nest | AttentionNest | None = None
    """The contraction on the matrix engine, if any, which the engine's shape may fill in part."""
    macs: int = 0
    """The multiply-adds of that contraction [count]."""


Engines = Mapping[str, tuple[Floats, Floats]]
"""Seconds of each row at an engine's peak, and its operations there, (R,) each."""
Contributions = tuple[Contribution, ...]
Occupied = Counter[Contributions]
"""The rows of a measurement: what adds to them, and how often they occur."""

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
ONCE: Contributions = (Contribution(OVERHEAD, "launch", MICROSECOND),)
"""What a whole run takes besides, whatever its rows."""


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


def occupied(measurement: Measurement, run: Run) -> Occupied:
    """What adds to the rows that were measured, and how many rows are alike.

    The run is on a profile of peaks, which has no shares, no launch and no on-chip bandwidth. A
    measurement of a layer has the rows of that layer alone.
    """
    rows = run.workload.rows
    chosen = rows_of(measurement.layer, rows) if measurement.layer else range(len(rows))
    return Counter(_contributions(run, chosen))


def _contributions(run: Run, chosen: Sequence[int]) -> Iterator[Contributions]:
    traits, engines = run.profile.traits, _engines(run)
    plain = {fitted: seconds.tolist() for fitted, seconds in _row_terms(run).items()}
    for number in chosen:
        row = run.workload.rows[number]
        if row.view:
            continue
        routine = row.layer.runs_as
        made = [*_arithmetic(run, number, traits, engines)]
        for (resource, of, occupies), seconds in plain.items():
            if seconds[number]:
                name = (resource, routine if of == "routine" else of) if resource else None
                made.append(Contribution(name, occupies, seconds[number]))
        vectors = row.vectors * run.samples * NANOSECOND
        made.append(Contribution(("per_vector", routine), "launch", vectors))
        yield tuple(one for one in made if one.seconds)


def _row_terms(run: Run) -> Mapping[tuple[str, str, str], Floats]:
    """Seconds of each row (R,) at the base profile's peaks, by what is fitted and what it occupies.

    A launch takes a microsecond, a byte on chip as long as one over the bus.
    """
    machine, rows = run.machine, len(run.workload.rows)
    units = {"matrix_launch": MICROSECOND, "host_launch": MICROSECOND}
    peaks = machine.replace(**units, on_chip_bandwidth=machine.bandwidth)
    sums: dict[tuple[str, str, str], Floats] = defaultdict(lambda: np.zeros(rows))
    for entry in entries(peaks.figures, *ROW_LANES):
        grouped: dict[tuple[str, str], list[Amount]] = defaultdict(list)
        for amount in entry.amounts:
            if amount not in ARITHMETIC:
                grouped[COEFFICIENTS.get(amount, ("", ""))].append(amount)
        for fitted, amounts in grouped.items():
            asked = entry._replace(amounts=tuple(amounts)).amount(run.result.amounts)
            seconds = np.broadcast_to(entry.applied(asked, peaks[entry.figure]), (1, 1, rows))
            sums[*fitted, OCCUPIES.get(entry.lane, "launch")] += seconds.min(axis=0)[0]
    return sums


def _engines(run: Run) -> Engines:
    """Seconds of each row (R,) at the peak of either engine, and its operations (R,)."""
    work, machine, asked = run.workload, run.machine, run.result.amounts
    return {
        "matrix": (asked["matrix_work"] / machine.matrix, work.matrix_ops),
        "host": (asked["host_work"] / machine.host, work.host_ops),
    }


def _arithmetic(run: Run, number: int, traits: Traits, engines: Engines) -> Iterator[Contribution]:
    """What each task of a row's parts takes at the peak of its engine."""
    for part in run.workload.rows[number].parts:
        for engine, routine, tally in traits.tasks(part):
            own_ops = run.policies.timed.ops(part.layer.kind, tally) * run.samples
            if not own_ops:
                continue
            time, ops = (array[number] for array in engines[engine])
            name = ("compute", AS_DENSE.get(routine, routine))
            seconds, macs = float(time * own_ops / ops), part.executed_tally.macs * run.samples
            tiled = engine == "matrix" and macs
            contractions = part.layer.contractions(part.inputs, run.samples) if tiled else ()
            if not contractions:
                yield Contribution(name, engine, seconds, None, macs)
                continue
            counted = sum(one.macs for one in contractions)
            for one in contractions:
                share, own = one.macs / counted, one.macs * macs // counted
                yield Contribution(name, engine, seconds * share, one.nest, own)
