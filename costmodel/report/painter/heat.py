"""A heat map: a figure for each pair of two axes' values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report.chart import Chart
from costmodel.report.numbers import si
from costmodel.report.painter.frame import letters, scale_axis, shade_bar, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELLS = 120
"""Cells whose figures can be written into them."""
BOX = {"facecolor": "black", "alpha": 0.45, "lw": 0, "pad": 1.5}


def paint_heat(axes: Axes, chart: Chart) -> None:
    """A cell for each pair; lines where what takes most changes, or figures where cells are few."""
    values = np.asarray(chart["values"], dtype=float)
    x, y = (_stand(axes, word, chart[word]) for word in "xy")
    mesh = axes.pcolormesh(x, y, values, shading="nearest", **shades(values))
    shade_bar(axes, mesh, chart)
    axes.grid(visible=False)
    if "bound" in chart:
        _paint_regions(axes, x, y, np.asarray(chart["bound"]), chart["regions"])
    elif values.size <= CELLS:
        for (row, column), value in np.ndenumerate(values):
            _write(axes, x[column], y[row], si(value, chart["unit"], 3), 8)


def _paint_regions(axes: Axes, x: Any, y: Any, bound: Any, names: list[str]) -> None:
    """The names of the numbers in `bound` (Y, X), region by region, and lines between them."""
    for number in np.unique(bound)[1:]:
        if min(bound.shape) > 1:
            axes.contour(x, y, bound >= number, levels=[0.5], colors="white", linewidths=1.4)
    for number, name in enumerate(names):
        rows, columns = np.nonzero(bound == number)
        if name and len(rows) > 0.02 * bound.size:
            _write(axes, x[int(np.median(columns))], y[int(np.median(rows))], name, 9)


def _write(axes: Axes, x: float, y: float, text: str, size: float) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=size, color="white", bbox=BOX)


def _stand(axes: Axes, word: str, side: Chart) -> Any:
    """Where the values of a side stand: choices next to each other."""
    if not side.get("choices"):
        scale_axis(axes, word, side, side["values"], tight=True)
        return np.asarray(side["values"], dtype=float)
    places = np.arange(len(side["choices"]))
    getattr(axes, f"set_{word}ticks")(places, [letters(text) for text in side["choices"]])
    getattr(axes, f"set_{word}label")(letters(side["label"]))
    return places
