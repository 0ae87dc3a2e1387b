"""Predicted against measured times."""

from __future__ import annotations

from collections.abc import Sequence

from costmodel.report.chart import Chart, axis, line, named, series
from costmodel.studies.calibration.evaluation import Prediction, figures, worst

NAMED = 6
"""Points with a name, the worst."""


def scatter_chart(outcomes: Sequence[Prediction], machine: str) -> Chart:
    """Time per sample: measured to the right, predicted upwards, each family in a hue of its own.

    A prediction on the diagonal is right; dashed lines stand a factor of two to either side.
    """
    families = sorted({outcome.measured.family for outcome in outcomes})
    hues = {family: series(number) for number, family in enumerate(families)}
    points = [_place(outcome) for outcome in outcomes]
    low, high = min(map(min, points)) / 1.5, max(map(max, points)) * 1.5
    every = figures(outcomes)
    return {
        "kind": "marks",
        "title": "Predicted against measured",
        "about": [
            named(machine),
            f"{every['n']} measurements, mean error {100 * every['mape']:.1f} %, "
            f"median {100 * every['median_ape']:.1f} %; dashed: a factor of two",
        ],
        "x": axis("measured time per sample", "s", log=True),
        "y": axis("predicted time per sample", "s", log=True),
        "lines": [
            line([[low, low], [high, high]], "ink"),
            *(
                line([[low, factor * low], [high, factor * high]], "faint", dashes=True)
                for factor in (0.5, 2)
            ),
        ],
        "points": points,
        "hues": [hues[outcome.measured.family] for outcome in outcomes],
        "legend": [[hues[family], named(family) or "networks"] for family in families],
        "labels": [
            [*_place(outcome), named(outcome.measured.name)] for outcome in worst(outcomes, NAMED)
        ],
    }


def _place(outcome: Prediction) -> tuple[float, float]:
    """Measured and predicted time of a sample [s]."""
    batch = outcome.measured.batch
    return outcome.measured.seconds / batch, outcome.predicted_s / batch
