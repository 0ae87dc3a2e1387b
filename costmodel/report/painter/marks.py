"""Areas, lines, roofs and points between two axes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report.chart import Chart
from costmodel.report.painter.frame import letters, scale_axis, shade_bar, shades, write_beside
from costmodel.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHAPES = "osD^vPX"
"""Marks of lines that show their points, in this order."""
MANY = 200
"""Points from which they are drawn small."""


def paint_marks(axes: Axes, chart: Chart) -> None:
    """Areas at the back, then lines and roofs, then points; between axes of any scale."""
    points = np.array(chart.get("points", []), dtype=float).reshape(-1, 2)
    lines, areas = chart.get("lines", []), chart.get("areas")
    reach = [points, *(np.reshape(line["points"], (-1, 2)) for line in lines if "points" in line)]
    if areas:
        hues, names, layers = zip(*areas["layers"], strict=True)
        colours = [LIGHT[hue] for hue in hues]
        axes.stackplot(areas["x"], *layers, colors=colours, labels=names, lw=0)
        reach.append(np.column_stack([areas["x"], 1.08 * np.sum(layers, axis=0)]))
    ends = np.concatenate(reach)
    for word, column in zip("xy", ends.T, strict=True):
        also = [line[word] for line in lines if word in line]
        also += chart[word].get("ends", [])
        scale_axis(axes, word, chart[word], [*column, *also], tight=bool(areas))
    for number, line in enumerate(lines):
        _paint_line(axes, line, number)
    for roof in chart.get("roofs", ()):
        _paint_roof(axes, roof)
    for low, high, hue in chart.get("strip", ()):
        axes.axvspan(low, high, ymin=0.965, color=LIGHT[hue], lw=0)
    if len(points):
        _paint_points(axes, chart, points)


def _paint_line(axes: Axes, line: Chart, number: int) -> None:
    """A line through points, or across everything at one x or y."""
    dashes = line.get("dashes", False)
    style: dict[str, Any] = {
        "color": LIGHT[line["hue"]],
        "linestyle": "--" if dashes else "-",
        "linewidth": 1.2 if dashes else 1.6,
        "label": letters(line["name"]) or None,
    }
    if "points" not in line:
        across = axes.axvline if "x" in line else axes.axhline
        across(line["x"] if "x" in line else line["y"], **style)
        return
    if line.get("marked"):
        style |= {"marker": SHAPES[number % len(SHAPES)], "markersize": 4.5}
    x, y = np.transpose(line["points"])
    axes.plot(x, y, drawstyle="steps-post" if line.get("steps") else "default", **style)


def _paint_roof(axes: Axes, roof: Chart) -> None:
    """What a bandwidth and a rate allow, named at its right end; its ridge as a dotted line."""
    low, high = axes.get_xlim()
    x, colour = np.geomspace(low, high, 200), LIGHT[roof["hue"]]
    top = min(roof["rate"], roof["bandwidth"] * high)
    dashes = roof.get("dashes", False)
    style: dict[str, Any] = {"linestyle": "--", "label": letters(roof["name"])} if dashes else {}
    axes.plot(x, np.minimum(roof["bandwidth"] * x, roof["rate"]), color=colour, **style)
    if dashes:
        return
    axes.axvline(roof["rate"] / roof["bandwidth"], color=colour, lw=0.8, ls=":")
    write_beside(axes, roof["name"], (high / 1.05, top), (0, 4), ha="right", fontsize=8)


def _paint_points(axes: Axes, chart: Chart, points: Any) -> None:
    """Points in their hues, or shaded by a further figure."""
    size = 34 if len(points) <= MANY else 12
    x, y = points.T
    if "shade" in chart:
        values = np.asarray(chart["shade"]["values"], dtype=float)
        painted = axes.scatter(x, y, s=size, c=values, zorder=3, **shades(values))
        shade_bar(axes, painted, chart["shade"], location="bottom", shrink=0.6)
        return
    hues = np.array(chart.get("hues") or ["transfer"] * len(points))
    edges = np.array(chart.get("edges") or [False] * len(points))
    style: Any = {"edgecolor": LIGHT["paper"], "linewidth": 0.5, "zorder": 3}
    for hue, edge in product(dict.fromkeys(hues), (False, True)):
        mine, shape = (hues == hue) & (edges == edge), ">" if edge else "o"
        axes.scatter(x[mine], y[mine], s=size, color=LIGHT[hue], marker=shape, **style)
