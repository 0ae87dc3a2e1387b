"""Measurements as a linear system: what each physical parameter adds to each measured time.

At the base profile's peaks a row costs compute [s] for each of its parts, transfer [s] of its maps and of its
parameters, the on-chip bytes at the speed of the bus [s], and one launch. A fitted profile multiplies each column by a
coefficient of its own (one over the share of the peak that is reached), and timing `serial` adds them up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costmodel.calibration.measurements import Measurement
from costmodel.run import Run, traits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Name = tuple[str, str]  # a resource, and the layer kind or variant that uses it
MICROSECOND = 1e-6  # [s] the unit of the launch column


@dataclass(frozen=True, eq=False)
class Design:
    """N measurements and K columns."""

    names: tuple[Name, ...]  # of the columns
    columns: Floats  # (N, K) [s] at the base profile's peaks; launches at a microsecond each
    measured: Floats  # (N,) [s]
    weights: Floats  # (N,) a whole network counts 1, its layers their share of its time


def seconds_by_row(run: Run) -> Iterator[tuple[int, Name, float]]:
    """(row, column, seconds) of a `run` on a profile of peaks: no shares, no launch, no on-chip bandwidth."""
    work, result = run.workload, run.result
    params = np.where(result.plan.params, 0, work.param_bytes) / run.machine.bandwidth
    on_chip = (work.touched_bytes - result.external_bytes) / run.machine.bandwidth
    engines = {"matrix": (result.matrix, work.matrix_ops), "host": (result.host, work.host_ops)}
    known = traits(run.profile, run.policies.dtype)
    for number, row in enumerate(work.rows):
        if row.view:
            continue
        first = row.parts[0].layer.variant
        for part in row.parts:
            kind = part.layer.kind
            time, ops = (array[number] for array in engines[known.engine(kind)])
            mine = run.policies.timed.ops(kind, part.tally) * run.policies.batch
            if mine:
                yield number, ("compute", part.layer.variant), float(time * mine / ops)
        yield number, ("bandwidth", first), float(result.transfer[number] - params[number])
        yield number, ("parameters", ""), float(params[number])
        yield number, ("on_chip", ""), float(on_chip[number])
        yield number, ("launch", ""), MICROSECOND


def design(measurements: Sequence[Measurement], runs: Sequence[Run]) -> Design:
    """The system of `measurements`, each with its run; a layer's line holds its row alone."""
    places: dict[Name, int] = {}
    cells: list[tuple[int, int, float]] = []
    known: dict[int, list[tuple[int, Name, float]]] = {}
    for number, (one, run) in enumerate(zip(measurements, runs, strict=True)):
        for row, name, time in known.setdefault(id(run), list(seconds_by_row(run))):
            if not one.layer or one.layer in (
                run.workload.rows[row].id,
                run.workload.rows[row].name,
            ):
                cells.append((number, places.setdefault(name, len(places)), time))
    names = sorted(places)
    order = {places[name]: number for number, name in enumerate(names)}
    columns = np.zeros((len(measurements), len(names)))
    for number, column, time in cells:
        columns[number, order[column]] += time
    measured = np.array([one.seconds for one in measurements])
    return Design(tuple(names), columns, measured, _weights(measurements))


def _weights(measurements: Sequence[Measurement]) -> Floats:
    """1 for a whole network; the layers of one share a weight of 1 by their measured times."""
    sums: dict[tuple[str, int, str], float] = {}
    for one in measurements:
        if one.layer:
            key = (one.network, one.batch, one.dtype)
            sums[key] = sums.get(key, 0.0) + one.seconds
    return np.array([one.seconds / sums[one.network, one.batch, one.dtype] if one.layer else 1.0
                     for one in measurements])  # fmt: skip
