"""Who works when: one lane for each thing that can be busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from costmodel.core.quantities import OVERHEAD
from costmodel.report import plots
from costmodel.report.numbers import seconds
from costmodel.report.timeline import Segment, segments
from costmodel.studies.output import Picture
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PREFETCH = "#228833"
MOST = 4000
"""Segments in a picture; the trace holds them all."""


class Timeline(Picture):
    """Lanes over time; prefetched parameters in their own colour."""

    source: ClassVar[str] = "this project"

    def figure(self, run: Run) -> Figure:
        """The lanes from top to bottom, time from left to right [ms]."""
        overhead = {OVERHEAD.word: np.array([float(run.result.overhead)])}
        lanes = plots.shown(run.result.all_lanes | overhead)
        figure = plots.new_figure(12, 1.4 + 0.67 * len(lanes))
        axes = figure.add_subplot()
        parts = sorted(segments(run), key=lambda s: -s.length)[:MOST]
        for number, lane in enumerate(lanes):
            _draw(axes, number, [s for s in parts if s.lane == lane])
        labels = [
            f"{plots.label(lane)}\n{_share(float(times.sum()), run.total_time)}"
            for lane, times in lanes.items()
        ]
        axes.set_yticks(range(len(lanes)), labels)
        axes.set(
            xlim=(0, run.total_time * 1e3 or 1),
            ylim=(len(lanes) - 0.5, -0.5),
            xlabel="time [ms]",
            title=plots.title(run, f"Timeline, {seconds(run.total_time)}"),
        )
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower right", fontsize=8)
        axes.grid(axis="x", alpha=0.25)
        axes.set_axisbelow(True)
        return figure


def _draw(axes: Axes, number: int, parts: list[Segment]) -> None:
    """The segments of one lane."""
    for prefetch in (False, True):
        spans = [(s.start * 1e3, s.length * 1e3) for s in parts if s.prefetch == prefetch]
        if spans:
            axes.broken_barh(
                spans,
                (number - 0.38, 0.76),
                facecolor=PREFETCH if prefetch else plots.COLOURS[parts[0].lane],
                edgecolor="white",
                linewidth=0.3,
                label="parameters of later rows" if prefetch else None,
            )


def _share(busy: float, total: float) -> str:
    return f"busy {100 * busy / total:.0f} %" if total else "idle"
