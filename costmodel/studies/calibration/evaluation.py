"""Predictions beside measurements: errors, their spread, and where they come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.graph_pass import Pass
from costmodel.core.policies import Choice
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.calibration import measured_runs as runs
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.calibration.relative_errors import absolute
from costmodel.studies.run import Run

WORST = 10
"""Networks that are named with a likely reason."""


@dataclass(frozen=True)
class Prediction:
    """One measurement and what the model says of it."""

    measured: Measurement
    predicted_s: float
    kind: str
    """The kind of the rows that take most of the predicted time."""
    share: float
    """Their share of the predicted time, a fraction."""
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
        given = vars(self.measured)
        ends = {}
        if self.interval:
            ends = {"low_s": self.interval[0], "high_s": self.interval[1], "inside": self.inside}
        return {
            **{word: given[word] for word in ("network", "family", "batch", "dtype")},
            "measured_s": self.measured.seconds,
            "predicted_s": self.predicted_s,
            "error": self.error,
            "dominating_kind": self.kind,
            "dominating_share": self.share,
            "bound": self.bound,
            "rows": self.rows,
            **ends,
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
) -> list[Prediction]:
    """Every measurement predicted on `profile`; each network is read once.

    Raises InputError naming every network that cannot be read, at its line in the table.
    """
    loaded = runs.load(measurements)
    made = runs.on(profile, measurements, loaded, hw_file=hw_file, passes=passes, choices=choices)
    pairs = zip(measurements, made, strict=True)
    return [prediction(one, run) for one, run in pairs if not one.traced or runs.time_of(one, run)]


def held_out(
    measured: Measurement, run: Run, predicted: float, interval: tuple[float, float]
) -> Prediction:
    """A prediction [s] that was made elsewhere, and its 90 % interval [s], beside a measurement.

    Where the time goes is taken from the `run`.
    """
    low, high = map(float, interval)
    return replace(prediction(measured, run), predicted_s=float(predicted), interval=(low, high))


def prediction(measured: Measurement, run: Run) -> Prediction:
    """What a run predicts of its measurement, and where that time goes."""
    kinds: dict[str, float] = defaultdict(float)
    for row, time in zip(run.workload.rows, run.result.total, strict=True):
        kinds[row.kind] += float(time)
    kind = max(kinds, key=lambda word: kinds[word])
    share = kinds[kind] / run.total_time if run.total_time else 0.0
    predicted = runs.time_of(measured, run)
    ends, rows = run.profile.interval(predicted), len(run.workload.rows)
    return Prediction(measured, predicted, kind, share, run.bottleneck, rows, ends)


def figures(predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Return the figures that sum the errors up.

    They are the mean, the median and the 90th percentile of the absolute relative errors
    (fractions), the bias, and the rank correlation.
    """
    errors = np.array([one.error for one in predictions])
    return {
        "n": len(predictions),
        **dict(zip(("mape", "median_ape", "p90_ape"), absolute(errors), strict=True)),
        "bias": float(errors.mean()),
        "rank_correlation": rank_correlation(predictions),
    }


def rank_correlation(predictions: Sequence[Prediction]) -> float | None:
    """Return Spearman's rho of predicted and measured times per sample.

    It is None for fewer than two distinct times.
    """
    times = np.array([(one.predicted_s, one.measured.seconds) for one in predictions])
    batches = np.array([one.measured.batch for one in predictions])
    ranks = [_ranks(column / batches) for column in times.T]
    if any(len(np.unique(column)) < 2 for column in ranks):
        return None
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


def _ranks(values: Floats) -> Floats:
    """Ranks from 0, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean = np.asarray((2 * ends - counts - 1) / 2)
    return np.asarray(mean[inverse])


def grouped(predictions: Sequence[Prediction], by: str) -> dict[str, dict[str, Any]]:
    """Return `figures` for each family, or for each dominating kind.

    `by` is 'family' or 'dominating_kind'.
    """
    groups: dict[str, list[Prediction]] = defaultdict(list)
    for one in predictions:
        groups[str(one.record[by])].append(one)
    return {word: figures(groups[word]) for word in sorted(groups)}


def worst(predictions: Sequence[Prediction], most: int = WORST) -> list[Prediction]:
    """The largest absolute errors first."""
    return sorted(predictions, key=lambda one: -abs(one.error))[:most]


def coverage(predictions: Sequence[Prediction]) -> float | None:
    """Return the share of measured times inside their 90 % interval.

    It is None for a profile that states none.
    """
    known = [one.inside for one in predictions if one.inside is not None]
    return sum(known) / len(known) if known else None


def report(predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Errors of all, of each group, and every prediction, as the JSON report has them."""
    return {
        **figures(predictions),
        "coverage_90": coverage(predictions),
        "by_family": grouped(predictions, "family"),
        "by_dominating_kind": grouped(predictions, "dominating_kind"),
        "rows": [one.record for one in predictions],
    }
