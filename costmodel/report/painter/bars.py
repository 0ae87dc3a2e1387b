"""Bars: lying with their names, or upright in their order where they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report.chart import Chart
from costmodel.report.painter.frame import letters, scale_axis, write_beside
from costmodel.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LYING = 120
"""Bars with names that stay readable on one page."""
FEW = 40
"""Bars up to which texts are written beside them."""
UPRIGHT = 600
"""Bars without names; more rows share one."""


def paint_bars(axes: Axes, chart: Chart) -> None:
    """A bar on each line from the top, its parts behind one another."""
    parts = {hue: np.asarray(values, dtype=float) for hue, values in chart["parts"].items()}
    count, base = len(chart["names"]), float(chart.get("base", 0.0))
    if chart.get("ordered") and count > LYING:
        _paint_upright(axes, chart, parts)
        return
    right, left = np.full(count, base), np.full(count, base)
    for hue, values in parts.items():
        for end, mine in ((right, values.clip(min=0)), (left, values.clip(max=0))):
            axes.barh(np.arange(count), mine, 0.78, end.copy(), color=LIGHT[hue], linewidth=0)
            end += mine
    reach = _paint_intervals(axes, chart, right)
    if count <= FEW:
        _write_ends(axes, chart, reach, left)
    axes.set_yticks(range(count), [letters(name) for name in chart["names"]])
    axes.tick_params(axis="y", labelsize=9 if count <= FEW else 7, labelcolor=LIGHT["ink"])
    axes.set_ylim(count - 0.4, -0.6)
    widest = max(reach.max(initial=0.0) - base, base - left.min(initial=base))
    least = left.min(initial=base) - 0.1 * widest if "base" in chart else base
    lowest = reach.min(initial=1.0) / 3 if chart["x"]["log"] else least
    room = 2.0 if chart["x"]["log"] else 1.08
    scale_axis(axes, "x", chart["x"], [lowest, base + room * widest], tight=True)
    axes.grid(visible=False, axis="y")
    if base:
        axes.axvline(base, color=LIGHT["ink"], lw=1)


def _paint_intervals(axes: Axes, chart: Chart, values: Any) -> Any:
    """Intervals where they are known; how far each bar and its interval reach."""
    reach = values.copy()
    ends = zip(chart.get("low", ()), chart.get("high", ()), strict=True)
    for place, (low, high) in enumerate(ends):
        if low is not None:
            sides = [[values[place] - low], [high - values[place]]]
            axes.errorbar(values[place], place, xerr=sides, color=LIGHT["ink"], lw=1.2, capsize=3)
            reach[place] = max(high, values[place])
    return reach


def _write_ends(axes: Axes, chart: Chart, right: Any, left: Any) -> None:
    """Texts at the right ends of bars, or [right, left] at both."""
    for place, texts in enumerate(chart.get("ends", ())):
        both = [texts, ""] if isinstance(texts, str) else texts
        for text, ends, away in zip(both, (right, left), (4, -4), strict=True):
            style = {"va": "center", "ha": "left" if away > 0 else "right", "fontsize": 8}
            write_beside(axes, text, (ends[place], place), (away, 0), **style)


def _paint_upright(axes: Axes, chart: Chart, parts: dict[str, Any]) -> None:
    """Bars upwards in the order of the rows, several rows together where they are very many."""
    count = len(chart["names"])
    each = -(-count // UPRIGHT)
    starts = np.arange(0, count, each)
    bottom = np.zeros(len(starts))
    for hue, values in parts.items():
        sums = np.add.reduceat(values, starts)
        axes.bar(starts, sums, each, bottom, align="edge", color=LIGHT[hue], linewidth=0)
        bottom = bottom + sums
    label = chart["x"]["label"] if each == 1 else f"time of {each} rows together"
    scale_axis(axes, "y", chart["x"] | {"label": label}, [0, 1.05 * bottom.max()], tight=True)
    axes.set(xlim=(0, count), xlabel="row, in the order in which they run")
    axes.grid(visible=False, axis="x")
