"""Predictions beside measurements: errors, their spread, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel import networks
from costmodel.arch.network import Network
from costmodel.calibration.measurements import Measurement
from costmodel.errors import InputError, Problem, Problems
from costmodel.hardware import HardwareProfile
from costmodel.run import Run, run

WORST = 10  # networks that are named with a likely reason


@dataclass(frozen=True)
class Outcome:
    """One measurement and what the model says of it."""

    measured: Measurement
    predicted_s: float
    kind: str  # of the rows that take most of the predicted time
    share: float  # of the predicted time that they take
    bound: str  # what the whole run spends most time on
    rows: int

    @property
    def error(self) -> float:
        """(predicted - measured) / measured."""
        return self.predicted_s / self.measured.seconds - 1

    @property
    def record(self) -> dict[str, Any]:
        """The figures under the names of the JSON and CSV reports."""
        one = self.measured
        return {"network": one.network, "family": one.family, "batch": one.batch, "dtype": one.dtype,
                "measured_s": one.seconds, "predicted_s": self.predicted_s, "error": self.error,
                "dominating_kind": self.kind, "dominating_share": self.share, "bound": self.bound, "rows": self.rows}  # fmt: skip

    @property
    def reason(self) -> str:
        """What most likely lies behind the error: where the predicted time is, and which way it is off."""
        way = "too fast" if self.error < 0 else "too slow"
        return f"{way}: {100 * self.share:.0f} % of the predicted time is in {self.kind}, bound by {self.bound}"


def evaluate(measurements: Sequence[Measurement], profile: HardwareProfile, *, hw_file: str = "",
             passes: Sequence[str] | None = None, choices: Mapping[str, str | None] | None = None) -> list[Outcome]:  # fmt: skip
    """Every measurement predicted on `profile`; each network is read once.

    Raises InputError naming every network that cannot be read, at its line in the table.
    """
    problems, known, found = Problems(), dict[str, Network](), []
    for one in measurements:
        try:
            if one.network not in known:
                known[one.network] = networks.load(one.network)
            done = run(known[one.network], profile, hw_file=hw_file, batch=one.batch, uniform=True, passes=passes,
                       choices={**(choices or {}), "dtype": one.dtype})  # fmt: skip
        except InputError as error:
            problems.found.extend(_at_line(one, problem) for problem in error.problems)
            continue
        found.append(outcome(one, done))
    problems.raise_if_any()
    return found


def _at_line(one: Measurement, problem: Problem) -> Problem:
    """A network's problem at the line that names the network; a profile's problem as it is."""
    if problem.place.file == one.network:
        return Problem(one.place, f"'{one.network}': {problem.what}", problem.remedy)
    return problem


def outcome(measured: Measurement, done: Run) -> Outcome:
    """A run beside its measurement."""
    kinds: dict[str, float] = {}
    for row, time in zip(done.workload.rows, done.result.total, strict=True):
        kinds[row.kind] = kinds.get(row.kind, 0.0) + float(time)
    kind = max(kinds, key=lambda word: kinds[word])
    busy = {
        "transfer": done.result.transfer,
        "matrix": done.result.matrix,
        "host": done.result.host,
    }
    bound = max(busy, key=lambda word: float(busy[word].sum()))
    share = kinds[kind] / done.total_time if done.total_time else 0.0
    return Outcome(measured, done.total_time, kind, share, bound, len(done.workload.rows))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Mean, median and 90th percentile of the absolute relative errors (fractions), bias, and rank correlation."""
    errors = np.array([o.error for o in outcomes])
    size = np.abs(errors)
    return {"n": len(outcomes), "mape": float(size.mean()), "median_ape": float(np.median(size)),
            "p90_ape": float(np.quantile(size, 0.9)), "bias": float(errors.mean()),
            "rank_correlation": rank_correlation(outcomes)}  # fmt: skip


def rank_correlation(outcomes: Sequence[Outcome]) -> float | None:
    """Spearman's rho of predicted and measured times per sample; None for fewer than two distinct ones."""
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
    """`figures` for each family, or for each dominating kind (`by` 'family' or 'dominating_kind')."""
    words = sorted({str(o.record[by]) for o in outcomes})
    return {word: figures([o for o in outcomes if str(o.record[by]) == word]) for word in words}


def worst(outcomes: Sequence[Outcome], most: int = WORST) -> list[Outcome]:
    """The largest absolute errors first."""
    return sorted(outcomes, key=lambda o: -abs(o.error))[:most]


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything, as the JSON report has it. `coverage_90` is null: an uncalibrated profile states no interval."""
    return {**figures(outcomes), "coverage_90": None, "by_family": grouped(outcomes, "family"),
            "by_dominating_kind": grouped(outcomes, "dominating_kind"), "rows": [o.record for o in outcomes]}  # fmt: skip
