"""Time per row, stacked by what the row is busy with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from costmodel.core.output import Picture
from costmodel.report import plots
from costmodel.report.numbers import seconds
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 120
"""Bars with names that stay readable on one page."""
COLUMNS = 600
"""Bars without names; more rows share one."""


class TimeBars(Picture):
    """Time per row, stacked by lane: with names, or in execution order where there are too many."""

    source: ClassVar[str] = "this project"

    def figure(self, run: Run) -> Figure:
        """One bar for each row, its lanes one behind the other; all in the unit that suits them."""
        lanes = plots.shown(run.result.all_lanes)
        count = len(run.workload.rows)
        few = count <= MOST_ROWS
        figure = plots.new_figure(11, 1.8 + 0.17 * count if few else 5)
        axes = figure.add_subplot()
        _with_names(axes, run, lanes) if few else _in_order(axes, run, lanes)
        total = f"total {seconds(run.total_time)}"
        if run.result.overhead:
            total += f"\nof it overhead {seconds(float(run.result.overhead))}"
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=9, title=total
        )
        axes.set_axisbelow(True)
        return figure


def _labels(lanes: dict[str, Any]) -> dict[str, str]:
    return {
        word: f"{plots.label(word)} {seconds(float(times.sum()))}" for word, times in lanes.items()
    }


def _with_names(axes: Axes, run: Run, lanes: dict[str, Any]) -> None:
    """Bars from left to right, a row on each line."""
    count, labels = len(run.workload.rows), _labels(lanes)
    unit, many = plots.unit_of(float(np.sum([*lanes.values()], axis=0).max(initial=0.0)))
    places, left = np.arange(count), np.zeros(count)
    for word, times in lanes.items():
        axes.barh(places, times * many, 0.8, left, color=plots.COLOURS[word], label=labels[word])
        left = left + times * many
    axes.set_yticks(places, [plots.named(row.id) for row in run.workload.rows], fontsize=7)
    axes.set(
        ylim=(count - 0.4, -0.6),
        xlabel=f"time per row [{unit}]",
        title=plots.title(run, "Time per row"),
    )
    axes.grid(axis="x", alpha=0.25)


def _in_order(axes: Axes, run: Run, lanes: dict[str, Any]) -> None:
    """Bars upwards in the order of the rows, several of them together where they are many."""
    labels, count = _labels(lanes), len(run.workload.rows)
    each = -(-count // COLUMNS)
    starts = np.arange(0, count, each)
    sums = {word: np.add.reduceat(times, starts) for word, times in lanes.items()}
    unit, many = plots.unit_of(float(np.sum([*sums.values()], axis=0).max()))
    bottom = np.zeros(len(starts))
    for word, times in sums.items():
        axes.bar(
            starts, times * many, each, bottom, align="edge", color=plots.COLOURS[word],
            label=labels[word], linewidth=0,
        )  # fmt: skip
        bottom = bottom + times * many
    what = "time per row" if each == 1 else f"time of {each} rows together"
    axes.set(
        xlim=(0, count),
        xlabel="row, in execution order",
        ylabel=f"{what} [{unit}]",
        title=plots.title(run, f"Time of {count} rows"),
    )
    axes.grid(axis="y", alpha=0.25)
