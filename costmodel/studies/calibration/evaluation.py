"""Predictions beside measurements: errors, their spread, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.graph_pass import Pass
from costmodel.core.policies import Choice
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.calibration import measured_runs as runs
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.run import Run

WORST = 10
"""Networks that are named with a likely reason."""


@dataclass(frozen=True)
class Outcome:
    """One measurement and what the model says of it."""

    measured: Measurement
    predicted_s: float
    kind: str
    """Of the rows that take most of the predicted time."""
    share: float
    """Of the predicted time that they take."""
    bound: str
    """What the whole run spends most time on."""
    rows: int
    interval: tuple[float, float] | None = None
    """[s] 90 %, where the profile is calibrated."""

    @property
    def inside(self) -> bool | None:
        """Whether the measured time lies in the interval."""
        if self.interval is None:
            return None
        return bool(self.interval[0] <= self.measured.seconds <= self.interval[1])

    @property
    def error(self) -> float:
        """(predicted - measured) / measured."""
        return self.predicted_s / self.measured.seconds - 1

    @property
    def record(self) -> dict[str, Any]:
        """The figures under the names of the JSON and CSV reports."""
        one = self.measured
        return {
            "network": one.network,
            "family": one.family,
            "batch": one.batch,
            "dtype": one.dtype,
            "measured_s": one.seconds,
            "predicted_s": self.predicted_s,
            "error": self.error,
            "dominating_kind": self.kind,
            "dominating_share": self.share,
            "bound": self.bound,
            "rows": self.rows,
            **(
                {}
                if self.interval is None
                else {"low_s": self.interval[0], "high_s": self.interval[1], "inside": self.inside}
            ),
        }

    @property
    def reason(self) -> str:
        """Say what most likely lies behind the error.

        That is where the predicted time is, and which way it is off.
        """
        way = "too fast" if self.error < 0 else "too slow"
        return (
            f"{way}: {100 * self.share:.0f} % of the predicted time is in {self.kind}, "
            f"bound by {self.bound}"
        )


def evaluate(
    measurements: Sequence[Measurement],
    profile: HardwareProfile,
    *,
    hw_file: str = "",
    passes: Sequence[str | Pass] | None = None,
    choices: Mapping[str, Choice | None] | None = None,
) -> list[Outcome]:
    """Every measurement predicted on `profile`; each network is read once.

    Raises InputError naming every network that cannot be read, at its line in the table.
    """
    loaded = runs.load(measurements)
    done = runs.on(profile, measurements, loaded, hw_file=hw_file, passes=passes, choices=choices)
    pairs = zip(measurements, done, strict=True)
    return [outcome(one, run) for one, run in pairs if not one.traced or runs.time_of(one, run)]


def held_out(
    measured: Measurement, done: Run, predicted: float, interval: tuple[float, float]
) -> Outcome:
    """Set a prediction that was made elsewhere beside its measurement.

    Where the time goes is taken from the run `done`.
    """
    return replace(
        outcome(measured, done),
        predicted_s=float(predicted),
        interval=(float(interval[0]), float(interval[1])),
    )


def outcome(measured: Measurement, done: Run) -> Outcome:
    """A run beside its measurement."""
    kinds: dict[str, float] = {}
    for row, time in zip(done.workload.rows, done.result.total, strict=True):
        kinds[row.kind] = kinds.get(row.kind, 0.0) + float(time)
    kind = max(kinds, key=lambda word: kinds[word])
    share = kinds[kind] / done.total_time if done.total_time else 0.0
    predicted = runs.time_of(measured, done)
    ends, rows = done.profile.interval(predicted), len(done.workload.rows)
    return Outcome(measured, predicted, kind, share, done.bottleneck, rows, ends)


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the figures that sum the errors up.

    They are the mean, the median and the 90th percentile of the absolute relative errors
    (fractions), the bias, and the rank correlation.
    """
    errors = np.array([o.error for o in outcomes])
    size = np.abs(errors)
    return {
        "n": len(outcomes),
        "mape": float(size.mean()),
        "median_ape": float(np.median(size)),
        "p90_ape": float(np.quantile(size, 0.9)),
        "bias": float(errors.mean()),
        "rank_correlation": rank_correlation(outcomes),
    }


def rank_correlation(outcomes: Sequence[Outcome]) -> float | None:
    """Return Spearman's rho of predicted and measured times per sample.

    It is None for fewer than two distinct times.
    """
    times = np.array(
        [
            (o.predicted_s / o.measured.batch, o.measured.seconds / o.measured.batch)
            for o in outcomes
        ]
    )
    ranks = [_ranks(column) for column in times.T]
    if any(len(np.unique(column)) < 2 for column in ranks):
        return None
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean = np.asarray((2 * ends - counts - 1) / 2)
    return np.asarray(mean[inverse])


def grouped(outcomes: Sequence[Outcome], by: str) -> dict[str, dict[str, Any]]:
    """Return `figures` for each family, or for each dominating kind.

    `by` is 'family' or 'dominating_kind'.
    """
    words = sorted({str(o.record[by]) for o in outcomes})
    return {word: figures([o for o in outcomes if str(o.record[by]) == word]) for word in words}


def worst(outcomes: Sequence[Outcome], most: int = WORST) -> list[Outcome]:
    """The largest absolute errors first."""
    return sorted(outcomes, key=lambda o: -abs(o.error))[:most]


def coverage(outcomes: Sequence[Outcome]) -> float | None:
    """Return the share of measured times inside their 90 % interval.

    It is None for a profile that states none.
    """
    known = [o.inside for o in outcomes if o.inside is not None]
    return sum(known) / len(known) if known else None


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything, as the JSON report has it."""
    return {
        **figures(outcomes),
        "coverage_90": coverage(outcomes),
        "by_family": grouped(outcomes, "family"),
        "by_dominating_kind": grouped(outcomes, "dominating_kind"),
        "rows": [o.record for o in outcomes],
    }
