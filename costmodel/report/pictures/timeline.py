"""Who works when: one lane for each thing that can be busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from costmodel.core.output import Picture
from costmodel.core.quantities import OVERHEAD
from costmodel.report import plots
from costmodel.report.numbers import seconds
from costmodel.report.timeline import Segment, segments
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PREFETCH = "#228833"
MOST = 1500
"""Segments that are told apart; of more, each lane shows the part of the time it is busy."""
COLUMNS = 1000
"""Stretches of time in such a picture."""


class Timeline(Picture):
    """Lanes over time; prefetched parameters in their own colour."""

    source: ClassVar[str] = "this project"

    def figure(self, run: Run) -> Figure:
        """The lanes from top to bottom, time from left to right."""
        overhead = {OVERHEAD.word: np.array([float(run.result.overhead)])}
        lanes = plots.shown(run.result.all_lanes | overhead)
        figure = plots.new_figure(12, 1.4 + 0.67 * len(lanes))
        axes = figure.add_subplot()
        parts, (unit, many) = segments(run), plots.unit_of(run.total_time)
        draw = _draw if len(parts) <= MOST else _shares
        for number, lane in enumerate(lanes):
            draw(axes, number, [s for s in parts if s.lane == lane], many)
        labels = [
            f"{plots.label(lane)}\n{_share(float(times.sum()), run.total_time)}"
            for lane, times in lanes.items()
        ]
        axes.set_yticks(range(len(lanes)), labels)
        axes.set(
            xlim=(0, run.total_time * many or 1),
            ylim=(len(lanes) - 0.5, -0.5),
            xlabel=f"time [{unit}]" if draw is _draw else f"time [{unit}]; height: part of it busy",
            title=plots.title(run, f"Timeline, {seconds(run.total_time)}"),
        )
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8)
        axes.grid(axis="x", alpha=0.25)
        axes.set_axisbelow(True)
        return figure


def _draw(axes: Axes, number: int, parts: list[Segment], many: float) -> None:
    """The segments of one lane, in a unit of which `many` make a second."""
    for prefetch in (False, True):
        spans = [(s.start * many, s.length * many) for s in parts if s.prefetch == prefetch]
        if spans:
            axes.broken_barh(
                spans,
                (number - 0.38, 0.76),
                facecolor=PREFETCH if prefetch else plots.COLOURS[parts[0].lane],
                edgecolor="none",
                label="parameters of later rows" if prefetch else None,
            )


def _shares(axes: Axes, number: int, parts: list[Segment], many: float) -> None:
    """How much of each stretch of time one lane is busy, as a height."""
    # of one lane no two segments are at work at once
    ends = np.array(sorted((part.start, part.start + part.length) for part in parts)).ravel()
    if not len(ends):
        return
    worked = np.concatenate([[0.0], np.cumsum(np.diff(ends) * (np.arange(len(ends) - 1) % 2 == 0))])
    edges = np.linspace(0, ends[-1], COLUMNS + 1)
    share = np.diff(np.interp(edges, ends, worked)) / np.diff(edges)
    axes.bar(
        edges[:-1] * many,
        -0.76 * share,
        np.diff(edges) * many,
        number + 0.38,
        align="edge",
        color=plots.COLOURS[parts[0].lane],
        linewidth=0,
    )


def _share(busy: float, total: float) -> str:
    return f"busy {100 * busy / total:.0f} %" if total else "idle"
