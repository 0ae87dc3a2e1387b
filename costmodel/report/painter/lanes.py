"""A timeline: when each lane is busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report.chart import Chart, axis
from costmodel.report.painter.frame import scale_axis
from costmodel.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 1500
"""Spans that are told apart; of more, each lane shows the part of the time it is busy."""
COLUMNS = 1000
"""Stretches of time in such a picture."""
TALL = 0.76
"""The part of a lane's room that it fills."""


def paint_lanes(axes: Axes, chart: Chart) -> None:
    """The lanes from top to bottom, time from left to right; early work in a hue of its own."""
    lanes, few = chart["lanes"], sum(len(lane["start"]) for lane in chart["lanes"]) <= MOST
    for number, lane in enumerate(lanes):
        spans = np.column_stack([lane["start"], lane["length"]])
        if not few:
            _paint_shares(axes, number, spans, LIGHT[lane["hue"]])
            continue
        early = np.asarray(lane["early"], dtype=bool)
        for ahead, hue in ((False, lane["hue"]), (True, chart["early_hue"])):
            if (early == ahead).any():
                room = (number - TALL / 2, TALL)
                axes.broken_barh(spans[early == ahead], room, facecolor=LIGHT[hue], lw=0)
    axes.set_yticks(range(len(lanes)), [f"{lane['name']}\n{lane['share']}" for lane in lanes])
    axes.tick_params(axis="y", labelcolor=LIGHT["ink"])
    axes.set_ylim(len(lanes) - 0.5, -0.5)
    label = "time" if few else "time; height: the part of it that is busy"
    scale_axis(axes, "x", axis(label, "s"), [0, chart["total"] or 1], tight=True)
    axes.grid(visible=False, axis="y")


def _paint_shares(axes: Axes, number: int, spans: Any, colour: str) -> None:
    """How much of each stretch of time one lane is busy, as a height."""
    if not len(spans):
        return
    # of one lane no two spans are at work at once
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    ends = np.column_stack([spans[:, 0], spans.sum(axis=1)]).ravel()
    worked = np.concatenate([[0.0], np.cumsum(np.diff(ends) * (np.arange(len(ends) - 1) % 2 == 0))])
    edges = np.linspace(0, ends[-1], COLUMNS + 1)
    shares = np.diff(np.interp(edges, ends, worked)) / np.diff(edges)
    axes.bar(
        edges[:-1], -TALL * shares, np.diff(edges), number + TALL / 2, align="edge", color=colour,
        linewidth=0,
    )  # fmt: skip
