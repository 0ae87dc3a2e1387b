"""Paints chart specifications (costmodel.report.chart) with matplotlib, as files or figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from costmodel.report.chart import Chart
from costmodel.report.painter.bars import LYING, paint_bars
from costmodel.report.painter.frame import STYLE, letters, new_figure, write_labels
from costmodel.report.painter.heat import paint_heat
from costmodel.report.painter.lanes import paint_lanes
from costmodel.report.painter.levels import paint_levels
from costmodel.report.painter.marks import paint_marks
from costmodel.report.painter.memory import paint_memory
from costmodel.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAINTERS: dict[str, Callable[[Axes, Chart], None]] = {
    "bars": paint_bars,
    "marks": paint_marks,
    "heat": paint_heat,
    "lanes": paint_lanes,
    "levels": paint_levels,
    "memory": paint_memory,
}


def figure(*charts: Chart) -> Figure:
    """Paint charts below one another. The figure needs no display."""
    from matplotlib import rc_context

    sizes = [_size(chart) for chart in charts]
    heights = [high for _, high in sizes]
    with rc_context(STYLE):
        painted = new_figure(max(wide for wide, _ in sizes), sum(heights))
        panels = painted.subplots(len(charts), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, chart in zip(panels, charts, strict=True):
            PAINTERS[chart["kind"]](axes, chart)
            _title(axes, chart)
            _legend(axes, chart)
        # fixes the layout, so that the boxes of labels can be told apart
        painted.draw_without_rendering()
        for axes, chart in zip(panels, charts, strict=True):
            write_labels(axes, chart.get("labels", ()))
    return painted


def _size(chart: Chart) -> tuple[float, float]:
    """Width and height of a chart [inch]."""
    if chart["kind"] == "bars":
        count, ordered = len(chart["names"]), chart.get("ordered", False)
        return 11, 5 if ordered and count > LYING else 1.5 + (0.17 if ordered else 0.3) * count
    if chart["kind"] == "lanes":
        return 12, 1.4 + 0.62 * len(chart["lanes"])
    key = chart.get("key", ())
    return (12 if key else 10), max(5.4, 0.185 * len(key) + 1)


def _title(axes: Axes, chart: Chart) -> None:
    """The title, and in smaller letters under it by which rules."""
    first, *rules = chart.get("about", [""])
    lines = [letters(text) for text in (*rules, chart.get("note")) if text]
    title = f"{chart['title']}: {first}" if first else chart["title"]
    axes.set_title(letters(title), pad=8 + 13 * len(lines))
    place: Any = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate("\n".join(lines), (0, 1), (0, 7), color=LIGHT["faint"], **place)


def _legend(axes: Axes, chart: Chart) -> None:
    """At the right: hues, lines that bear names, and what labels stand for."""
    for hue, text in chart.get("legend", ()):
        axes.plot([], [], "s", color=LIGHT[hue], label=letters(text))
    for mark, text in chart.get("key", ()):
        axes.plot([], [], " ", label=letters(f"{mark}  {text}"))
    if axes.get_legend_handles_labels()[0]:
        size = 7.5 if chart.get("key") else 9
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.01, 1.02), fontsize=size,
            title=chart.get("legend_title"), title_fontsize=size, alignment="left",
        )  # fmt: skip
