"""The memory map: addresses against rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from costmodel.report.chart import Chart, axis
from costmodel.report.painter.frame import letters, scale_axis
from costmodel.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY = 300
"""Rectangles from which their edges and names would hide them."""
NAMED = 24
"""Rectangles that get a name, the largest first."""
HUES = ("transfer", "on_chip", "link", "host", "matrix", "launch")


def paint_memory(axes: Axes, chart: Chart) -> None:
    """A rectangle for each map on chip, the bytes alive, and the end of the memory."""
    _paint_boxes(axes, chart)
    if chart["pinned"]:
        axes.axhspan(*chart["pinned"], color=LIGHT["edge"], label="pinned parameters")
    inside = chart["limit"] < chart["top"]
    axes.axhline(
        chart["limit"] if inside else np.nan, color=LIGHT["ink"], lw=1.2,
        ls="--" if inside else " ", label=chart["limit_name"] + ("" if inside else ": far above"),
    )  # fmt: skip
    # of many rows the most of some neighbours, lest the line paint everything over
    alive = np.asarray(chart["alive"])
    starts = np.arange(0, len(alive), -(-len(alive) // MANY))
    most = np.maximum.reduceat(alive, starts)
    axes.step(starts, most, where="mid", color=LIGHT["ink"], lw=1, label="bytes alive")
    scale_axis(axes, "y", axis("address on chip", "B"), [0, chart["top"]], tight=True)
    axes.set(xlim=(-0.5, len(alive) - 0.5), xlabel="row, in the order in which they run")
    axes.locator_params(axis="x", integer=True)
    axes.grid(visible=False, axis="x")


def _paint_boxes(axes: Axes, chart: Chart) -> None:
    """The rectangles, and the names of the largest unless they are too many."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    start, end, offset, size = (
        np.asarray(chart["boxes"][word], dtype=float) for word in ("start", "end", "offset", "size")
    )
    corners = np.column_stack([start, offset])
    shapes = list(map(Rectangle, corners, end - start, size))
    colours = [LIGHT[HUES[n % len(HUES)]] for n in range(len(shapes))]
    axes.add_collection(
        PatchCollection(
            shapes, facecolor=colours, edgecolor=LIGHT["paper"], alpha=0.8,
            linewidth=0.6 if len(shapes) < MANY else 0.0,
        )
    )  # fmt: skip
    largest = np.argsort(-size * (end - start), kind="stable")[:NAMED]
    for n in largest if len(shapes) < MANY else ():
        axes.text(
            (start[n] + end[n]) / 2, offset[n] + size[n] / 2, letters(chart["boxes"]["name"][n]),
            fontsize=6, ha="center", va="center", color="white", clip_on=True,
            rotation=90 if end[n] - start[n] < len(chart["alive"]) / 12 else 0,
        )  # fmt: skip
