"""What a calibration found, as text, records and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.calibration import evaluation, profile
from costmodel.calibration.calibrate import STYLES, Calibrated
from costmodel.calibration.design import Floats
from costmodel.calibration.evaluation import Outcome
from costmodel.report import scatter
from costmodel.report.numbers import columns, seconds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORST = 10  # held-out networks that are named


def outcomes(found: Calibrated) -> list[Outcome]:
    """Every measurement beside its held-out prediction."""
    held = found.held_out
    return [evaluation.held_out(one, run, time, ends) for one, run, time, ends in
            zip(found.measurements, found.runs, held.predicted, zip(held.low, held.high, strict=True), strict=True)]  # fmt: skip


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
    style = next(
        (word for word, passes in STYLES.items() if passes == found.choice.passes), "as asked"
    )
    return [
        f"{len(every)} measurements of {len({o.measured.network for o in every})} networks on {found.base.name}; "
        f"graphs taken as {style}: {', '.join(found.choice.passes) or 'no rewrite'}",
        "", *_errors(found), "", *_families(found, every), "",
        f"90 % interval: {low:.3g} to {high:.3g} times the predicted total; "
        f"{100 * (inside or 0):.0f} % of held-out networks lie in one made without their family",
        "", *_fitted(found), "", "Worst of the held out", *_worst(every), *(f"note: {note}" for note in found.notes),
    ]  # fmt: skip


def _errors(found: Calibrated) -> list[str]:
    table = [["absolute error", "mean_%", "median_%", "p90_%"]]
    for title, predicted in compared(found).items():
        size = profile.errors(predicted[found.whole], found.measured[found.whole])
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


def parameters(found: Calibrated) -> list[dict[str, Any]]:
    """The fitted parameters and, as evidence, the share of the predicted times that each explains."""
    design, coefficients = found.choice.design, found.fitted.coefficients
    times = design.slopes(coefficients)
    share = (times / times.sum(axis=1, keepdims=True)).mean(axis=0)
    return [{"resource": resource, "kind": kind, "coefficient": float(value), "share_of_time": float(part)}
            for (resource, kind), value, part in zip(design.names, coefficients, share, strict=True)]  # fmt: skip


def _fitted(found: Calibrated) -> list[str]:
    """One line a kind: shares of the peaks, and how much of the time they decide."""
    by_kind: dict[str, dict[str, dict[str, Any]]] = {}
    for one in parameters(found):
        by_kind.setdefault(one["kind"] or one["resource"], {})[one["resource"]] = one
    table = [["fitted", "compute", "bandwidth", "of_time_%"]]
    order = sorted(
        by_kind.items(), key=lambda item: -sum(p["share_of_time"] for p in item[1].values())
    )
    for kind, shares in order:
        cells = [
            f"{1 / shares[r]['coefficient']:.3g}" if r in shares else "-"
            for r in ("compute", "bandwidth")
        ]
        if kind == "launch":
            cells = [f"{shares[kind]['coefficient']:.3g} us", "a row"]
        table.append(
            [kind, *cells, f"{100 * sum(p['share_of_time'] for p in shares.values()):.1f}"]
        )
    return columns(table)


def _worst(every: list[Outcome]) -> list[str]:
    return columns([[o.measured.name, o.measured.layer, seconds(o.measured.seconds), seconds(o.predicted_s), f"{100 * o.error:+.0f} %",
                     "" if o.inside else "outside its interval", o.reason] for o in evaluation.worst(every, WORST)])  # fmt: skip


def record(found: Calibrated) -> dict[str, Any]:
    """The JSON report."""
    every = outcomes(found)
    return {
        "errors": {title: profile.errors(predicted[found.whole], found.measured[found.whole]).model_dump()
                   for title, predicted in compared(found).items()},
        "held_out": evaluation.report(every), "passes": list(found.choice.passes),
        "parameters": parameters(found), "calibration": profile.provenance(found, "").model_dump(mode="json"),
        "notes": list(found.notes),
    }  # fmt: skip


def figure(found: Calibrated) -> Figure:
    """Held-out predictions against measurements."""
    return scatter.figure(outcomes(found), f"{found.base.name}, families held out")
