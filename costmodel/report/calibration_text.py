"""What a calibration found, as text, records and a picture."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report import scatter
from costmodel.report.numbers import columns, seconds
from costmodel.studies.calibration import evaluation, profile
from costmodel.studies.calibration import relative_errors as errors
from costmodel.studies.calibration.calibrate import Calibrated
from costmodel.studies.calibration.candidates import STYLES
from costmodel.studies.calibration.design import Floats
from costmodel.studies.calibration.evaluation import Outcome
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
def outcomes(found: Calibrated) -> list[Outcome]:
    """Set every measurement beside its held-out prediction.

    Where the time goes is said by the fit to all of them.
    """
    held = found.held_out
    runs = found.bench.on(profile.model(found), None)
    return [
        evaluation.held_out(one, run, time, ends)
        for one, run, time, ends in zip(
            found.measurements,
            runs,
            held.predicted,
            zip(held.low, held.high, strict=True),
            strict=True,
        )
    ]


def compared(found: Calibrated) -> dict[str, Floats]:
    """The models that are set side by side, and their times (N,) [s]."""
    return {
        "base profile, nothing fitted": found.uncalibrated,
        "crude additive model, families held out": found.crude_held_out,
        "calibrated, families held out": found.held_out.predicted,
        "calibrated, seen in the fit": found.fitted.predict(np.arange(len(found.measured))),
    }


def lines(found: Calibrated) -> list[str]:
    """The whole text report."""
    every = outcomes(found)
    inside = evaluation.coverage([o for o, whole in zip(every, found.whole, strict=True) if whole])
    low, high = profile.provenance(found, "").interval_90
    way = found.way
    style = next(
        (word for word, known in STYLES.items() if known == way.passes), "rewritten as asked"
    )
    kernels = f", {way.engine.words}" if way.engine else ""
    return [
        f"{len(every)} measurements of {len({o.measured.network for o in every})} networks "
        f"on {found.base.name}; "
        f"software: {style} ({', '.join(map(str, way.passes)) or 'no rewrite'}), "
        f"timing {way.timing}, placement {way.placement}{kernels}",
        "",
        *_errors(found),
        "",
        *_families(found, every),
        "",
        f"90 % interval: {low:.3g} to {high:.3g} times the predicted total; "
        f"{100 * (inside or 0):.0f} % of held-out networks lie in one made without their family",
        "",
        *_fitted(found),
        "",
        "Worst of the held out",
        *_worst(every),
        *(f"note: {note}" for note in found.notes),
    ]


def _errors(found: Calibrated) -> list[str]:
    table = [["absolute error", "mean_%", "median_%", "p90_%"]]
    for title, predicted in compared(found).items():
        size = errors.of(predicted[found.whole], found.measured[found.whole])
        table.append(
            [title, *(f"{100 * value:.1f}" for value in (size.mean, size.median, size.p90))]
        )
    return columns(table)


def _families(found: Calibrated, every: list[Outcome]) -> list[str]:
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


def evidence(found: Calibrated) -> dict[tuple[str, str], float]:
    """Return the share of the predicted times that each parameter decides.

    It is the mean over the measurements.
    """
    design, coefficients = found.fitted.design, found.fitted.coefficients
    times, slopes = design.slopes(coefficients)
    share = slopes / times[:, np.newaxis]
    return dict(zip(design.names, map(float, share.mean(axis=0)), strict=True))


def _fitted(found: Calibrated) -> list[str]:
    """One line a routine: its shares of the peaks, and how much of the time they decide."""
    decided = evidence(found)
    table = [["shares of the peaks", *SHARES, "of_time_%"]]
    for word, shares in profile.shares(found).items():
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
    for (resource, word), value in found.fitted.named.items():
        if resource in TIMES:
            what, unit = TIMES[resource]
            lines.append(
                f"{what.format(word)}: {value:.3g} {unit}, "
                f"{100 * decided[resource, word]:.1f} % of the time"
            )
    return [*lines, *_bounded(found)]


def _bounded(found: Calibrated) -> list[str]:
    """The shares that ended at 1 and decide some of the time: the truth may lie beyond."""
    decided = evidence(found)
    ended = [
        f"{resource} of {word}"
        for (resource, word), value in found.fitted.named.items()
        if resource in SHARES and value <= 1 + AT_BOUND and decided[resource, word] > NOTABLE
    ]
    return [f"at their bound (a share is at most 1): {', '.join(ended)}"] if ended else []


def _worst(every: list[Outcome]) -> list[str]:
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


def record(found: Calibrated) -> dict[str, Any]:
    """The JSON report."""
    every, decided = outcomes(found), evidence(found)
    return {
        "errors": {
            title: errors.of(predicted[found.whole], found.measured[found.whole]).model_dump()
            for title, predicted in compared(found).items()
        },
        "held_out": evaluation.report(every),
        "passes": list(found.way.passes),
        "parameters": [
            {
                "resource": resource,
                "of": word,
                "coefficient": value,
                "share_of_time": decided[resource, word],
            }
            for (resource, word), value in found.fitted.named.items()
        ],
        "calibration": profile.provenance(found, "").model_dump(mode="json"),
        "notes": list(found.notes),
    }


def figure(found: Calibrated) -> Figure:
    """Held-out predictions against measurements."""
    return scatter.figure(outcomes(found), f"{found.base.name}, families held out")
