"""What each physical parameter adds to a row of a measured network.

At the base profile's peaks a row costs compute [s] for each of its parts, transfer [s] of its maps
and of its parameters, its on-chip bytes at the speed of the bus [s], one launch, and the vectors
that it normalises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from costmodel.core.counting import Traits
from costmodel.core.formula import on_chip_bytes
from costmodel.core.tiling.nest import AttentionNest, Nest
from costmodel.studies.calibration.measured_runs import rows_of
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.run import Run

Name = tuple[str, str]
"""A resource, and the class of layers that uses it."""
AnyNest = Nest | AttentionNest


class Term(NamedTuple):
    """What one parameter adds to a row."""

    name: Name
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
ONCE: Terms = (Term(("overhead", ""), "launch", MICROSECOND),)
"""Of a whole run, whatever its rows."""


def occupied(one: Measurement, run: Run) -> Occupied:
    """The terms of the rows that were measured, and how many rows have the same ones.

    The run is on a profile of peaks, which has no shares, no launch and no on-chip bandwidth. A
    layer's line holds its rows alone.
    """
    rows = run.workload.rows
    return Counter(_terms_of(run, rows_of(one.layer, rows) if one.layer else range(len(rows))))


def _terms_of(run: Run, chosen: Sequence[int]) -> Iterator[Terms]:
    work, result, bandwidth = run.workload, run.result, run.machine.bandwidth
    traits = run.profile.traits
    params = np.where(result.plan.params, 0, work.param_bytes) / bandwidth
    on_chip = on_chip_bytes(work, result.plan, result.external_bytes) / bandwidth
    for number in chosen:
        row = work.rows[number]
        if row.view:
            continue
        routine, launched = row.layer.runs_as, traits.engine(row.layer)
        maps = float(result.transfer[number] - params[number])
        terms = (
            *_arithmetic(run, number, traits),
            Term(("bandwidth", routine), "transfer", maps),
            Term(("parameters", routine), "transfer", float(params[number])),
            Term(("on_chip", ""), "transfer", float(on_chip[number])),
            Term(("launch", launched), "launch", MICROSECOND),
            Term(("per_vector", routine), "launch", row.vectors * run.samples * NANOSECOND),
        )
        yield tuple(term for term in terms if term.seconds)


def _arithmetic(run: Run, number: int, traits: Traits) -> Iterator[Term]:
    """What each task of a row's parts takes at the peak of its engine."""
    work = run.workload
    engines = {
        "matrix": (run.result.matrix, work.matrix_ops),
        "host": (run.result.host, work.host_ops),
    }
    for part in work.rows[number].parts:
        for engine, routine, tally in traits.tasks(part):
            mine = run.policies.timed.ops(part.layer.kind, tally) * run.samples
            if mine:
                time, ops = (array[number] for array in engines[engine])
                name = ("compute", AS_DENSE.get(routine, routine))
                seconds, macs = float(time * mine / ops), part.timed.macs * run.samples
                contractions = part.layer.contractions(part.inputs, run.samples)
                if engine != "matrix" or not macs or not contractions:
                    yield Term(name, engine, seconds, None, macs)
                    continue
                counted = sum(one.macs for one in contractions)
                for one in contractions:
                    own = one.macs * macs // counted
                    yield Term(name, engine, seconds * (one.macs / counted), one.nest, own)
