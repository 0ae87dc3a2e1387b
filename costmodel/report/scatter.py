"""Predicted against measured times, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from costmodel.report.compare import PALETTE
from costmodel.report.plots import named, new_figure
from costmodel.studies.calibration.evaluation import Outcome, figures, worst

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED = 6
"""Points with a name, the worst."""


def figure(outcomes: Sequence[Outcome], machine: str) -> Figure:
    """Draw the time per sample: measured to the right, predicted upwards.

    Each family has one colour, and a prediction on the diagonal is right.
    """
    drawn = new_figure(8.5, 6)
    axes = drawn.add_subplot()
    families = sorted({o.measured.family for o in outcomes})
    for number, family in enumerate(families):
        mine = [o for o in outcomes if o.measured.family == family]
        axes.scatter(
            [1e3 * o.measured.seconds / o.measured.batch for o in mine],
            [1e3 * o.predicted_s / o.measured.batch for o in mine],
            s=26,
            color=PALETTE[number % len(PALETTE)],
            edgecolor="white",
            linewidth=0.4,
            label=family or "networks",
        )
    _guides(axes, outcomes)
    found = figures(outcomes)
    axes.set(
        xlabel="measured time per sample [ms]",
        ylabel="predicted time per sample [ms]",
        title=f"{machine}\n{found['n']} measurements, mean error {100 * found['mape']:.1f} %, "
        f"median {100 * found['median_ape']:.1f} %",
    )
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        fontsize=8,
        frameon=False,
        title="dotted: a factor of two",
        title_fontsize=8,
    )
    return drawn


def _guides(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    """The diagonal, a factor of two to either side, and the names of the worst."""
    every = [
        1e3 * t / o.measured.batch for o in outcomes for t in (o.measured.seconds, o.predicted_s)
    ]
    ends = np.array([min(every) / 1.5, max(every) * 1.5])
    axes.plot(ends, ends, color="#222222", lw=1)
    for factor in (0.5, 2):
        axes.plot(ends, ends * factor, color="#bbbbbb", lw=0.8, ls=":")
    for one in worst(outcomes, NAMED):
        axes.annotate(
            named(one.measured.name),
            (
                1e3 * one.measured.seconds / one.measured.batch,
                1e3 * one.predicted_s / one.measured.batch,
            ),
            xytext=(5, -3),
            textcoords="offset points",
            fontsize=6.5,
        )
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.grid(alpha=0.25)
