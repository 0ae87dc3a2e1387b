"""Time per row, stacked by what the row is busy with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from costmodel.report import plots
from costmodel.report.numbers import seconds
from costmodel.studies.output import Picture
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 120
"""Bars that stay readable on one page."""


class TimeBars(Picture):
    """Time per row, stacked by lane; the slowest rows if there are too many."""

    source: ClassVar[str] = "this project"

    def figure(self, run: Run) -> Figure:
        """One bar for each row, its lanes one behind the other [ms]."""
        count = len(run.workload.rows)
        rows = np.arange(count)
        if count > MOST_ROWS:
            rows = np.sort(np.argsort(-run.result.total, kind="stable")[:MOST_ROWS])
        figure = plots.new_figure(10, 1.6 + 0.17 * len(rows))
        axes = figure.add_subplot()
        places, left = np.arange(len(rows)), np.zeros(len(rows))
        for word, times in plots.shown(run.result.all_lanes).items():
            width = times[rows] * 1e3
            text = f"{plots.label(word)} {seconds(float(times.sum()))}"
            axes.barh(places, width, 0.8, left, color=plots.COLOURS[word], label=text)
            left = left + width
        axes.set_yticks(places, [run.workload.rows[r].id for r in rows], fontsize=7)
        what = "Time per row" if len(rows) == count else f"The {MOST_ROWS} slowest rows"
        axes.set(
            ylim=(len(rows) - 0.4, -0.6),
            xlabel="time per row [ms]",
            title=plots.title(run, what),
        )
        axes.grid(axis="x", alpha=0.25)
        axes.set_axisbelow(True)
        total = f"total {seconds(run.total_time)}"
        if run.result.overhead:
            total += f", of it overhead {seconds(float(run.result.overhead))}"
        axes.legend(loc="lower right", fontsize=9, title=total)
        return figure
