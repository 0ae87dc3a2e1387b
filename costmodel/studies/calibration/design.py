"""Measurements as a system, which is linear in its parameters up to the timing model.

A fitted profile multiplies each of a row's terms by a coefficient of its own (one over the share of
the peak that is reached); the timing model joins them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from costmodel.core.arrays import Floats, Ints
from costmodel.core.engine import EngineModel
from costmodel.core.timing import Ahead, Load, Timing
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.calibration.terms import (
    MICROSECOND,
    OCCUPIED,
    ONCE,
    OPTIONAL,
    OVERHEAD,
    Name,
    Occupied,
)

MATERIAL = 0.01
"""A share of the median time. Launches explain much of what an overhead does, so that an overhead
which the base profile does not expect to matter is left to them.
"""
STEP = 1e-4
"""Relative, of the differences that give a timing's slopes."""


@dataclass(frozen=True, eq=False)
class Design:
    """N measurements, K parameters, and T terms in R different rows."""

    names: tuple[Name, ...]
    """The parameters, a resource and a class of layers each (K,)."""
    measured: Floats
    """The measured times (N,) [s]."""
    weights: Floats
    """(N,) a whole network counts 1, its layers their share of its time."""
    timing: Timing
    owner: Ints
    """(R,) the measurement of a row."""
    times: Floats
    """(R,) how often it has this row."""
    row: Ints
    """The row that each term adds to (T,)."""
    column: Ints
    """The parameter of each term (T,)."""
    occupied: Ints
    """What each term occupies, as a place in OCCUPIED (T,)."""
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
        """The times (N,) [s] under these coefficients (K,)."""
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
        each = terms * (scale * self.times).ravel().take(self._load)
        size = len(self.measured) * len(self.names)
        slopes = _sums(self._slope, each, size).reshape(len(self.measured), -1)
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


def design(
    measurements: Sequence[Measurement],
    rows: Sequence[Occupied],
    timing: Timing,
    expected: Callable[[Name], float],
    engine: EngineModel | None = None,
    terms: Collection[str] = (),
) -> Design:
    """The system of `measurements`, each with its `rows`.

    Parameters
    ----------
    measurements : sequence of Measurement
        What was timed, N of them.
    rows : sequence of Occupied
        What adds to the rows of each, as `occupied` gives it.
    timing : Timing
        What joins the times of a row.
    expected : callable
        The coefficient of a parameter that the base profile states.
    engine : EngineModel, optional
        The shape of the matrix engine, where the base profile states none.
    terms : collection of str
        Of OPTIONAL, those that are fitted.

    """
    times = np.array([one.seconds for one in measurements])
    once = expected(OVERHEAD) > MATERIAL * float(np.median(times)) / MICROSECOND
    share = cache(engine.utilisation) if engine else None
    left_out = set(OPTIONAL) - set(terms)
    kinds = [(n, made, count) for n, own in enumerate(rows) for made, count in own.items()]
    kinds += [(n, ONCE, 1) for n, one in enumerate(measurements) if once and not one.layer]
    owner, _, counts = zip(*kinds, strict=True)
    names = {one.name for _, made, _ in kinds for one in made if one.name}
    place = {n: k for k, n in enumerate(sorted(n for n in names if n[0] not in left_out))}
    stated, fitted = np.zeros((len(OCCUPIED), len(kinds))), []
    for row, (_, made, _) in enumerate(kinds):
        for one in made:
            lane = OCCUPIED.index(one.occupies)
            if one.name is None:
                stated[lane, row] += one.seconds
            elif one.name in place:
                filled = share(one.nest, one.macs) if share and one.nest else 1.0
                fitted.append((row, place[one.name], lane, one.seconds / filled))
    row_of, column, occupies, seconds = map(np.array, zip(*fitted, strict=True))
    return Design(
        tuple(place),
        times,
        _weights(measurements),
        timing,
        np.array(owner),
        np.array(counts, dtype=float),
        row_of,
        column,
        occupies,
        seconds.astype(float),
        np.array([expected(name) for name in place]),
        stated,
    )


def _weights(measurements: Sequence[Measurement]) -> Floats:
    """1 for a whole network; the layers of one share a weight of 1 by their measured times (N,)."""
    sums: dict[tuple[str, int, str], float] = defaultdict(float)
    for one in measurements:
        if one.layer:
            sums[one.run] += one.seconds
    return np.array([one.seconds / sums[one.run] if one.layer else 1.0 for one in measurements])
