"""The page of an evaluation: predicted times beside measured ones."""

from __future__ import annotations

from collections.abc import Sequence

from costmodel.hardware.profile import HardwareProfile
from costmodel.report.calibration.scatter import scatter_chart
from costmodel.report.page.figures import ChartPage, TableColumn, figures_page
from costmodel.studies.calibration import evaluation
from costmodel.studies.calibration.evaluation import Prediction

COLUMNS = (
    TableColumn("network", "network", number=False),
    TableColumn("family", "family", number=False),
    TableColumn("batch", "batch"),
    TableColumn("dtype", "dtype", number=False),
    TableColumn("measured_s", "measured", "s"),
    TableColumn("predicted_s", "predicted", "s"),
    TableColumn("error_pct", "error", "%"),
    TableColumn("inside", "in its interval", number=False),
    TableColumn("reason", "most likely why", number=False),
)


def evaluation_page(outcomes: Sequence[Prediction], profile: HardwareProfile) -> str:
    """Return predictions beside measurements as one HTML file."""
    every = evaluation.figures(list(outcomes))
    rows = [
        {
            **outcome.record,
            "network": outcome.measured.name,
            "error_pct": 100 * outcome.error,
            "inside": {None: "", True: "yes", False: "no"}[outcome.inside],
            "reason": outcome.reason,
        }
        for outcome in outcomes
    ]
    known = profile.calibration
    return figures_page(
        ChartPage(
            title=f"Predicted and measured times: {profile.name}",
            subtitle=f"{len(rows)} measurements",
            verdict=f"Predicted times are {100 * every['mape']:.1f} % off on average (median "
            f"{100 * every['median_ape']:.1f} %, 90th percentile {100 * every['p90_ape']:.1f} %).",
            standing="nothing was fitted to the machine"
            if known is None
            else f"the profile was "
            f"calibrated on {known.count} measurements; these may be among them",
            caption="Every measurement",
            columns=COLUMNS,
            rows=rows,
            charts=[scatter_chart(outcomes, profile.name)],
        )
    )
