"""What a calibration found, as text, records and a picture."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.report.calibration import scatter
from costmodel.report.numbers import columns, seconds
from costmodel.studies.calibration import evaluation, profile
from costmodel.studies.calibration import relative_errors as errors
from costmodel.studies.calibration.calibrate import Calibrated
from costmodel.studies.calibration.candidates import STYLES
from costmodel.studies.calibration.evaluation import Prediction
from costmodel.studies.calibration.fit import SHARES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORST = 10
"""Held-out networks that are named."""
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
    return [
        evaluation.held_out(one, run, time, ends)
        for one, run, time, ends in zip(
            calibrated.measurements,
            runs,
            held.predicted,
            zip(held.low, held.high, strict=True),
            strict=True,
        )
    ]


def compared(calibrated: Calibrated) -> dict[str, Floats]:
    """The models that are set side by side, and their times (N,) [s]."""
    return {
        "base profile, nothing fitted": calibrated.uncalibrated,
        "crude additive model, families held out": calibrated.crude_held_out,
        "calibrated, families held out": calibrated.held_out.predicted,
        "calibrated, seen in the fit": calibrated.fitted.predict(
            np.arange(len(calibrated.measured))
        ),
    }


def lines(calibrated: Calibrated) -> list[str]:
    """The whole text report."""
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
        *_families(calibrated, every),
        "",
        f"90 % interval: {low:.3g} to {high:.3g} times the predicted total; "
        f"{100 * (inside or 0):.0f} % of held-out networks lie in one made without their family",
        "",
        *_fitted(calibrated),
        "",
        "Worst of the held out",
        *_worst(every),
        *(f"note: {note}" for note in calibrated.notes),
    ]


def _errors(calibrated: Calibrated) -> list[str]:
    table = [["absolute error", "mean_%", "median_%", "p90_%"]]
    for title, predicted in compared(calibrated).items():
        size = errors.of(predicted[calibrated.whole], calibrated.measured[calibrated.whole])
        table.append(
            [title, *(f"{100 * value:.1f}" for value in (size.mean, size.median, size.p90))]
        )
    return columns(table)


def _families(calibrated: Calibrated, every: list[Prediction]) -> list[str]:
    table = [["held out", "n", "mean_%", "median_%", "bias_%"]]
    for word, group in evaluation.grouped(every, "family").items():
        table.append(
            [
                word or "-",
                str(group["n"]),
                *(f"{100 * group[key]:.1f}" for key in ("mape", "median_ape", "bias")),
            ]
        )
    return columns(table)


def evidence(calibrated: Calibrated) -> dict[tuple[str, str], float]:
    """Return the share of the predicted times that each parameter decides.

    It is the mean over the measurements.
    """
    design, coefficients = calibrated.fitted.design, calibrated.fitted.coefficients
    times, slopes = design.slopes(coefficients)
    share = slopes / times[:, np.newaxis]
    return dict(zip(design.names, map(float, share.mean(axis=0)), strict=True))


def _fitted(calibrated: Calibrated) -> list[str]:
    """One line a routine: its shares of the peaks, and how much of the time they decide."""
    decided = evidence(calibrated)
    table = [["shares of the peaks", *SHARES, "of_time_%"]]
    for word, shares in profile.shares(calibrated).items():
        part = sum(decided.get((resource, word), 0.0) for resource in SHARES)
        table.append(
            [
                word,
                *(
                    f"{shares[resource]:.3g}" if (resource, word) in decided else "-"
                    for resource in SHARES
                ),
                f"{100 * part:.1f}",
            ]
        )
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


def _worst(every: list[Prediction]) -> list[str]:
    return columns(
        [
            [
                o.measured.name,
                o.measured.layer,
                seconds(o.measured.seconds),
                seconds(o.predicted_s),
                f"{100 * o.error:+.0f} %",
                "" if o.inside else "outside its interval",
                o.reason,
            ]
            for o in evaluation.worst(every, WORST)
        ]
    )


def record(calibrated: Calibrated) -> dict[str, Any]:
    """The JSON report."""
    every, decided = outcomes(calibrated), evidence(calibrated)
    return {
        "errors": {
            title: errors.of(
                predicted[calibrated.whole], calibrated.measured[calibrated.whole]
            ).model_dump()
            for title, predicted in compared(calibrated).items()
        },
        "held_out": evaluation.report(every),
        "passes": list(calibrated.way.passes),
        "parameters": [
            {
                "resource": resource,
                "of": word,
                "coefficient": value,
                "share_of_time": decided[resource, word],
            }
            for (resource, word), value in calibrated.fitted.named.items()
        ],
        "calibration": profile.provenance(calibrated, "").model_dump(mode="json"),
        "notes": list(calibrated.notes),
    }


def figure(calibrated: Calibrated) -> Figure:
    """Held-out predictions against measurements."""
    return scatter.figure(outcomes(calibrated), f"{calibrated.base.name}, families held out")
