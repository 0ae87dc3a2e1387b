"""The page of an evaluation: predicted times beside measured ones."""

from __future__ import annotations

from collections.abc import Sequence

from costmodel.hardware.profile import HardwareProfile
from costmodel.report.page.figures import Column, Figures, figures_page
from costmodel.report.scatter import scatter_chart
from costmodel.studies.calibration import evaluation
from costmodel.studies.calibration.evaluation import Outcome

COLUMNS = (
    Column("network", "network", number=False),
    Column("family", "family", number=False),
    Column("batch", "batch"),
    Column("dtype", "dtype", number=False),
    Column("measured_s", "measured", "s"),
    Column("predicted_s", "predicted", "s"),
    Column("error_pct", "error [%]"),
    Column("inside", "in its interval", number=False),
    Column("reason", "most likely why", number=False),
)


def evaluation_page(found: Sequence[Outcome], profile: HardwareProfile) -> str:
    """Errors as one HTML file."""
    every = evaluation.figures(list(found))
    rows = [
        {
            **one.record,
            "network": one.measured.name,
            "error_pct": 100 * one.error,
            "inside": "" if one.inside is None else "yes" if one.inside else "no",
            "reason": one.reason,
        }
        for one in found
    ]
    known = profile.calibration
    return figures_page(
        Figures(
            title=f"Predicted and measured times: {profile.name}",
            subtitle=f"{len(rows)} measurements",
            verdict=f"Predictions are {100 * every['mape']:.1f} % off in the mean, "
            f"{100 * every['median_ape']:.1f} % in the median, {100 * every['p90_ape']:.1f} % in "
            "the worst tenth.",
            standing="nothing was fitted to the machine"
            if known is None
            else f"the profile was "
            f"calibrated on {known.count} measurements; these may be among them",
            caption="Every measurement",
            columns=[one for one in COLUMNS if one.key != "inside" or known is not None],
            rows=rows,
            charts=[scatter_chart(found, profile.name)],
        )
    )
