"""Measurements as a system: what each physical parameter adds to each row of each measured network.

At the base profile's peaks a row costs compute [s] for each of its parts, transfer [s] of its maps
and of its parameters, its on-chip bytes at the speed of the bus [s], and one launch. A fitted
profile multiplies each of these terms by a coefficient of its own (one over the share of the peak
that is reached); the timing model joins them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.engine import EngineModel
from costmodel.core.formula import on_chip_bytes
from costmodel.core.timing import Ahead, Load, Timing
from costmodel.studies.calibration.measured_runs import rows_of
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.run import Run

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Name = tuple[str, str]
"""A resource, and the class of layers that uses it."""
Terms = tuple[tuple[Name, str, float], ...]
"""Of a row: parameter, what it occupies, seconds at the peaks."""

OCCUPIED = ("transfer", "matrix", "host", "launch")
AS_DENSE = {"window": "dense"}
"""Routines whose arithmetic is the same product: one share of the peak."""
MICROSECOND = 1e-6
"""[s] the unit of the launch terms."""
NANOSECOND = 1e-9
"""[s] the unit of times per vector."""
OPTIONAL = ("per_vector",)
"""Terms that may be left out."""
ONCE: Terms = ((("overhead", ""), "launch", MICROSECOND),)
"""Of a whole run, whatever its rows."""
MATERIAL = 0.01
"""Of the median time: launches explain much of what an overhead does, so that one which the base
profile does not expect to matter is left to them.
"""
STEP = 1e-4
"""Relative, of the differences that give a timing's slopes."""


class Asked(NamedTuple):
    """How measurements become a system."""

    timing: Timing
    expected: Callable[[Name], float]
    """The coefficient of a parameter that the base profile states."""
    engine: EngineModel | None = None
    """The shape of the matrix engine, where the base profile states none."""
    terms: tuple[str, ...] = ()
    """Of OPTIONAL, those that are fitted."""


@dataclass(frozen=True, eq=False)
class Design:
    """N measurements, K parameters, and T terms in R different rows."""

    names: tuple[Name, ...]
    """(K,)."""
    measured: Floats
    """(N,) [s]."""
    weights: Floats
    """(N,) a whole network counts 1, its layers their share of its time."""
    timing: Timing
    owner: Ints
    """(R,) the measurement of a row."""
    times: Floats
    """(R,) how often it has this row."""
    row: Ints
    """(T,) the row of a term."""
    column: Ints
    """(T,) its parameter."""
    occupied: Ints
    """(T,) place in OCCUPIED."""
    seconds: Floats
    """(T,) at the base profile's peaks; a microsecond for a launch."""
    expected: Floats
    """(K,) coefficients that the base profile states."""

    def predict(self, coefficients: Floats) -> Floats:
        """Times (N,) [s]."""
        busy = self._busy(self.seconds * coefficients[self.column])
        return _sums(self.owner, self.times * self._total(busy), len(self.measured))

    def slopes(self, coefficients: Floats) -> Floats:
        """What each coefficient adds to each time per unit of its logarithm (N, K) [s]."""
        terms = self.seconds * coefficients[self.column]
        busy, scale = self._busy(terms), np.ones((len(OCCUPIED), len(self.owner)))
        for number, part in enumerate(busy[:-1]):
            more = busy.copy()
            more[number] *= 1 + STEP
            rise = (self._total(more) - self._total(busy)) / STEP
            scale[number] = np.divide(rise, part, out=np.zeros_like(part), where=part > 0)
        found = terms * (scale * self.times)[self.occupied, self.row]
        size = len(self.measured) * len(self.names)
        at = self.owner[self.row] * len(self.names) + self.column
        return _sums(at, found, size).reshape(len(self.measured), -1)

    def _busy(self, terms: Floats) -> Floats:
        """Seconds of each row on each of OCCUPIED (4, R)."""
        at = self.occupied * len(self.owner) + self.row
        return _sums(at, terms, len(OCCUPIED) * len(self.owner)).reshape(len(OCCUPIED), -1)

    def _total(self, busy: Floats) -> Floats:
        """Seconds of each row (R,)."""
        return np.asarray(
            self.timing.row_times(Load(busy[0], busy[1], busy[2], _nothing)) + busy[3]
        )


def _sums(at: Ints, values: Floats, size: int) -> Floats:
    """The sum of `values` at each of `size` places."""
    return np.asarray(np.bincount(at, values, size), dtype=float)


def _nothing() -> Ahead:
    """Timing models that look ahead are refused before."""
    raise NotImplementedError


def design(measurements: Sequence[Measurement], runs: Sequence[Run], asked: Asked) -> Design:
    """Return the system of `measurements`, each with its run on a profile of peaks.

    A layer's line holds its rows alone.
    """
    rows: list[tuple[int, Terms, int]] = []
    least = MATERIAL * float(np.median([one.seconds for one in measurements])) / MICROSECOND
    for number, (one, run) in enumerate(zip(measurements, runs, strict=True)):
        chosen = (
            rows_of(one.layer, run.workload.rows) if one.layer else range(len(run.workload.rows))
        )
        terms = Counter(terms_of(run, chosen, asked))
        rows += [(number, each, count) for each, count in terms.items()]
        if not one.layer and asked.expected(("overhead", "")) > least:
            rows.append((number, ONCE, 1))
    names = sorted({name for _, terms, _ in rows for name, _, _ in terms})
    place = {name: number for number, name in enumerate(names)}
    flat = [
        (at, place[name], OCCUPIED.index(word), time)
        for at, (_, terms, _) in enumerate(rows)
        for name, word, time in terms
    ]
    row, column, occupied, seconds = (np.array(values) for values in zip(*flat, strict=True))
    return Design(
        tuple(names),
        np.array([one.seconds for one in measurements]),
        _weights(measurements),
        asked.timing,
        np.array([number for number, _, _ in rows]),
        np.array([float(count) for _, _, count in rows]),
        row,
        column,
        occupied,
        seconds.astype(float),
        np.array([asked.expected(name) for name in names]),
    )


def terms_of(run: Run, chosen: Sequence[int], asked: Asked) -> Iterator[Terms]:
    """The terms of the rows `chosen` of a `run` on a profile of peaks.

    Such a profile has no shares, no launch and no on-chip bandwidth.
    """
    work, result, bandwidth = run.workload, run.result, run.machine.bandwidth
    params = np.where(result.plan.params, 0, work.param_bytes) / bandwidth
    on_chip = on_chip_bytes(work, result.plan, result.external_bytes) / bandwidth
    for number in chosen:
        row = work.rows[number]
        if row.view:
            continue
        routine, launched = row.layer.runs_as, run.profile.traits.engine(row.layer)
        maps = float(result.transfer[number] - params[number])
        terms: list[tuple[Name, str, float]] = [
            *_arithmetic(run, number, asked.engine),
            (("bandwidth", routine), "transfer", maps),
            (("parameters", routine), "transfer", float(params[number])),
            (("on_chip", ""), "transfer", float(on_chip[number])),
            (("launch", launched), "launch", MICROSECOND),
        ]
        if "per_vector" in asked.terms:
            time = row.vectors * run.samples * NANOSECOND
            terms.append((("per_vector", routine), "launch", time))
        yield tuple(term for term in terms if term[2])


def _arithmetic(
    run: Run, number: int, shape: EngineModel | None
) -> Iterator[tuple[Name, str, float]]:
    """What each task of a row's parts takes at the peak of its engine, filled as `shape` allows."""
    work, traits = run.workload, run.profile.traits
    shaped = traits if shape is None else replace(traits, array=shape)
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
                taken = float(time * mine / ops)
                if shape is not None and engine == "matrix":
                    taken /= shaped.utilisation(part, run.samples)
                yield name, engine, taken


def _weights(measurements: Sequence[Measurement]) -> Floats:
    """1 for a whole network; the layers of one share a weight of 1 by their measured times."""
    sums: Counter[tuple[str, int, str]] = Counter()
    for one in measurements:
        if one.layer:
            sums[one.network, one.batch, one.dtype] += one.seconds  # type: ignore[assignment]
    return np.array(
        [
            one.seconds / sums[one.network, one.batch, one.dtype] if one.layer else 1.0
            for one in measurements
        ]
    )
