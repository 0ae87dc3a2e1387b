"""Measurements as a system, which is linear in its parameters up to the timing model.

A fitted profile multiplies each of a row's terms by a coefficient of its own (one over the share of
the peak that is reached); the timing model joins them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.engine import EngineModel
from costmodel.core.timing import Ahead, Load, Timing
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.calibration.terms import (
    MICROSECOND,
    OCCUPIED,
    ONCE,
    OPTIONAL,
    OVERHEAD,
    AnyNest,
    Name,
    Occupied,
    Term,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
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
    stated: Floats | float = 0.0
    """(4, R) seconds of each row on each of OCCUPIED that are not fitted."""

    @cached_property
    def _load(self) -> Ints:
        """(T,) the place of a term's load among those of all rows on each of OCCUPIED (4 R)."""
        return self.occupied * len(self.owner) + self.row

    @cached_property
    def _slope(self) -> Ints:
        """(T,) the place of a term's slope among (N K)."""
        return self.owner[self.row] * len(self.names) + self.column

    @cached_property
    def at_peaks(self) -> Floats:
        """What each parameter adds to each time where all coefficients are 1 (N, K) [s]."""
        return self.slopes(np.ones(len(self.names)))[1]

    def predict(self, coefficients: Floats) -> Floats:
        """Times (N,) [s]."""
        busy = self._busy(self.seconds * coefficients[self.column])
        return self._summed(self._total(busy))

    def slopes(self, coefficients: Floats) -> tuple[Floats, Floats]:
        """Times (N,) [s], and what each coefficient adds to them per unit of its logarithm (N, K).

        The latter come from differences: a timing model need not know its derivatives.
        """
        terms = self.seconds * coefficients[self.column]
        busy = self._busy(terms)
        here, scale = self._total(busy), np.ones_like(busy)
        for number, part in enumerate(busy[:-1]):
            more = busy.copy()
            more[number] *= 1 + STEP
            rise = (self._total(more) - here) / STEP
            scale[number] = np.divide(rise, part, out=np.zeros_like(part), where=part > 0)
        found = terms * (scale * self.times).ravel().take(self._load)
        size = len(self.measured) * len(self.names)
        slopes = _sums(self._slope, found, size).reshape(len(self.measured), -1)
        return self._summed(here), slopes

    def _busy(self, terms: Floats) -> Floats:
        """Seconds of each row on each of OCCUPIED (4, R)."""
        size = len(OCCUPIED) * len(self.owner)
        return self.stated + _sums(self._load, terms, size).reshape(len(OCCUPIED), -1)

    def _total(self, busy: Floats) -> Floats:
        """Seconds of each row (R,)."""
        return np.asarray(
            self.timing.row_times(Load(busy[0], busy[1], busy[2], _nothing)) + busy[3]
        )

    def _summed(self, rows: Floats) -> Floats:
        """The times (N,) of measurements whose rows take so long (R,) [s]."""
        return _sums(self.owner, self.times * rows, len(self.measured))


def _sums(at: Ints, values: Floats, size: int) -> Floats:
    """The sum of `values` at each of `size` places."""
    return np.asarray(np.bincount(at, values, size), dtype=float)


def _nothing() -> Ahead:
    """Timing models that look ahead are refused before."""
    raise NotImplementedError


def design(measurements: Sequence[Measurement], rows: Sequence[Occupied], asked: Asked) -> Design:
    """Return the system of `measurements`, each with its `rows`, as `occupied` gives them."""
    filled = _filling(asked.engine)
    least = MATERIAL * float(np.median([one.seconds for one in measurements])) / MICROSECOND
    once = asked.expected(OVERHEAD) > least
    found = [
        (number, tuple(one for one in terms if _fitted(one, asked)), count)
        for number, own in enumerate(rows)
        for terms, count in own.items()
    ]
    found += [(n, ONCE, 1) for n, one in enumerate(measurements) if once and not one.layer]
    names = sorted({one.name for _, terms, _ in found for one in terms if one.name})
    place = {name: number for number, name in enumerate(names)}
    flat = [
        (
            at,
            place[one.name],
            OCCUPIED.index(one.occupies),
            one.seconds / filled(one.nest, one.macs),
        )
        for at, (_, terms, _) in enumerate(found)
        for one in terms
        if one.name
    ]
    stated = np.zeros((len(OCCUPIED), len(found)))
    for at, (_, terms, _) in enumerate(found):
        for one in terms:
            if not one.name:
                stated[OCCUPIED.index(one.occupies), at] += one.seconds
    row, column, occupies, seconds = (np.array(values) for values in zip(*flat, strict=True))
    return Design(
        tuple(names),
        np.array([one.seconds for one in measurements]),
        _weights(measurements),
        asked.timing,
        np.array([number for number, _, _ in found]),
        np.array([float(count) for _, _, count in found]),
        row,
        column,
        occupies,
        seconds.astype(float),
        np.array([asked.expected(name) for name in names]),
        stated,
    )


def _fitted(term: Term, asked: Asked) -> bool:
    """True unless the term may be left out and is."""
    return term.name is None or term.name[0] not in OPTIONAL or term.name[0] in asked.terms


def _filling(engine: EngineModel | None) -> Callable[[AnyNest | None, int], float]:
    """The share of the peak that a nest of so many multiply-adds keeps busy on `engine`."""
    if engine is None:
        return lambda nest, macs: 1.0
    return cache(lambda nest, macs: 1.0 if nest is None else engine.utilisation(nest, macs))


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
