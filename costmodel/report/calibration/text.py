"""The outcome of a calibration, as text, records and a picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.hardware.evidence import Errors
from costmodel.report.calibration import scatter, tables
from costmodel.report.chart import Chart
from costmodel.report.numbers import columns
from costmodel.studies.calibration import evaluation, profile
from costmodel.studies.calibration import relative_errors as errors
from costmodel.studies.calibration.calibrate import Calibrated
from costmodel.studies.calibration.candidates import STYLES
from costmodel.studies.calibration.evaluation import Prediction
from costmodel.studies.calibration.fit import SHARES

TIMES = {
    "launch": ("launch of a {} row", "us"),
    "per_vector": ("time of a vector in {}", "ns"),
    "overhead": ("overhead of a run", "us"),
}
"""Fitted times: what is said of each, and their unit."""
AT_BOUND = 1e-6
"""One over a share, above 1."""
NOTABLE = 0.005
"""Of the time: a bound on less than that matters to nobody."""


@lru_cache(maxsize=1)
def outcomes(calibrated: Calibrated) -> list[Prediction]:
    """Set every measurement beside its held-out prediction.

    Where the time goes is said by the fit to all of them.
    """
    held = calibrated.held_out
    runs = calibrated.bench.on(profile.model(calibrated), None)
    ends = zip(held.low, held.high, strict=True)
    rows = zip(calibrated.measurements, runs, held.predicted, ends, strict=True)
    return [evaluation.held_out(*row) for row in rows]


def compared(calibrated: Calibrated) -> dict[str, Floats]:
    """The models that are set side by side, and their times (N,) [s]."""
    numbers = np.arange(len(calibrated.measured))
    return {
        "base profile, nothing fitted": calibrated.uncalibrated,
        "crude additive model, families held out": calibrated.crude_held_out,
        "calibrated, families held out": calibrated.held_out.predicted,
        "calibrated, seen in the fit": calibrated.fitted.predict(numbers),
    }


def _sizes(calibrated: Calibrated) -> dict[str, Errors]:
    """The errors of these models, of whole networks."""
    whole = calibrated.whole
    measured = calibrated.measured[whole]
    times = compared(calibrated).items()
    return {title: errors.of(predicted[whole], measured) for title, predicted in times}


def lines(calibrated: Calibrated) -> list[str]:
    """Return the whole report as lines of text."""
    every = outcomes(calibrated)
    inside = evaluation.coverage(
        [o for o, whole in zip(every, calibrated.whole, strict=True) if whole]
    )
    low, high = profile.provenance(calibrated, "").interval_90
    way = calibrated.way
    style = next(
        (word for word, known in STYLES.items() if known == way.passes), "rewritten as asked"
    )
    kernels = f", {way.engine.words}" if way.engine else ""
    return [
        f"{len(every)} measurements of {len({o.measured.network for o in every})} networks "
        f"on {calibrated.base.name}; "
        f"software: {style} ({', '.join(map(str, way.passes)) or 'no rewrite'}), "
        f"timing {way.timing}, placement {way.placement}{kernels}",
        "",
        *_errors(calibrated),
        "",
        *tables.errors(
            "held out", evaluation.grouped(every, "family"), ("mape", "median_ape", "bias")
        ),
        "",
        f"90 % interval: {low:.3g} to {high:.3g} times the predicted total; "
        f"{100 * (inside or 0):.0f} % of held-out networks lie in one made without their family",
        "",
        *_fitted(calibrated),
        "",
        "Worst of the held out",
        *tables.worst(every),
        *(f"note: {note}" for note in calibrated.notes),
    ]


def _errors(calibrated: Calibrated) -> list[str]:
    table = [["absolute error", "mean_%", "median_%", "p90_%"]]
    for title, size in _sizes(calibrated).items():
        figures = (f"{100 * value:.1f}" for value in (size.mean, size.median, size.p90))
        table.append([title, *figures])
    return columns(table)


def evidence(calibrated: Calibrated) -> dict[tuple[str, str], float]:
    """Return the share of the predicted times that each parameter decides.

    It is the mean over the measurements.
    """
    design = calibrated.fitted.design
    times, slopes = design.slopes(calibrated.fitted.coefficients)
    shares = (slopes / times[:, np.newaxis]).mean(axis=0)
    return dict(zip(design.names, shares.tolist(), strict=True))


def _fitted(calibrated: Calibrated) -> list[str]:
    """One line a routine: its shares of the peaks, and how much of the time they decide."""
    decided = evidence(calibrated)
    table = [["shares of the peaks", *SHARES, "of_time_%"]]
    for word, shares in profile.shares(calibrated).items():
        part = sum(decided.get((resource, word), 0.0) for resource in SHARES)
        figures = (
            f"{shares[resource]:.3g}" if (resource, word) in decided else "-" for resource in SHARES
        )
        table.append([word, *figures, f"{100 * part:.1f}"])
    lines = columns(table)
    for (resource, word), value in calibrated.fitted.named.items():
        if resource in TIMES:
            what, unit = TIMES[resource]
            lines.append(
                f"{what.format(word)}: {value:.3g} {unit}, "
                f"{100 * decided[resource, word]:.1f} % of the time"
            )
    return [*lines, *_bounded(calibrated)]


def _bounded(calibrated: Calibrated) -> list[str]:
    """The shares that ended at 1 and decide some of the time: the truth may lie beyond."""
    decided = evidence(calibrated)
    ended = [
        f"{resource} of {word}"
        for (resource, word), value in calibrated.fitted.named.items()
        if resource in SHARES and value <= 1 + AT_BOUND and decided[resource, word] > NOTABLE
    ]
    return [f"at their bound (a share is at most 1): {', '.join(ended)}"] if ended else []


def record(calibrated: Calibrated) -> dict[str, Any]:
    """Return what the JSON report holds."""
    every, decided = outcomes(calibrated), evidence(calibrated)
    return {
        "errors": {title: size.model_dump() for title, size in _sizes(calibrated).items()},
        "held_out": evaluation.report(every),
        "passes": list(calibrated.way.passes),
        "parameters": [
            {"resource": key[0], "of": key[1], "coefficient": value, "share_of_time": decided[key]}
            for key, value in calibrated.fitted.named.items()
        ],
        "calibration": profile.provenance(calibrated, "").model_dump(mode="json"),
        "notes": list(calibrated.notes),
    }


def chart(calibrated: Calibrated) -> Chart:
    """Held-out predictions against measurements."""
    machine = f"{calibrated.base.name}, families held out"
    return scatter.scatter_chart(outcomes(calibrated), machine)
