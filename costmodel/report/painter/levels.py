"""Memories inside one another, with arrows for what crosses between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report.chart import Chart
from costmodel.report.painter.frame import letters, shade_bar, shades
from costmodel.report.palette import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAINT = 0.08
"""How much of its hue fills a box."""
HEAD = 0.014
"""Of the width, the head of an arrow."""


def paint_levels(axes: Axes, chart: Chart) -> None:
    """The boxes, the arrows coloured by what their level takes, and figures beside them."""
    from matplotlib.patches import Rectangle

    axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.set_frame_on(False)
    for box in chart["boxes"]:
        corner, hue = (box["left"], box["top"]), LIGHT[box["hue"]]
        shape: Any = (corner, box["wide"], box["high"])
        axes.add_patch(Rectangle(*shape, facecolor=LIGHT["paper"], edgecolor="none"))
        axes.add_patch(Rectangle(*shape, facecolor=hue, alpha=FAINT, edgecolor="none"))
        axes.add_patch(Rectangle(*shape, facecolor="none", edgecolor=hue, lw=1.2))
        place = {"x": box["left"] + 0.008, "va": "top", "ha": "left"}
        axes.text(y=box["top"] + 0.015, s=letters(box["name"]), weight="bold", **place)
        axes.text(
            y=box["top"] + 0.055, s=letters(box["under"]), color=LIGHT["faint"], fontsize=8, **place
        )
    _paint_arrows(axes, chart)
    for text in chart["texts"]:
        axes.text(
            text["left"],
            text["top"],
            "\n".join(map(letters, text["lines"])),
            va="top",
            fontsize=8.5,
        )


def _paint_arrows(axes: Axes, chart: Chart) -> None:
    """Arrows as wide as their bytes; one hue where no energy is stated."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.patches import Polygon

    stated = [arrow["value"] for arrow in chart["arrows"] if arrow["value"] is not None]
    whole = len(stated) == len(chart["arrows"])
    mapped = ScalarMappable(**shades(np.array(stated))) if whole else None
    for arrow in chart["arrows"]:
        if arrow["thick"]:
            colour = mapped.to_rgba(arrow["value"]) if mapped else LIGHT["transfer"]
            axes.add_patch(Polygon(_outline(arrow), facecolor=colour, edgecolor=LIGHT["edge"]))
    if mapped is not None:
        shade_bar(axes, mapped, chart)


def _outline(arrow: dict[str, float]) -> list[tuple[float, float]]:
    """The corners of an arrow: its shaft, and a head twice as wide."""
    way = 1 if arrow["to"] > arrow["from"] else -1
    neck, half, middle = arrow["to"] - way * HEAD, arrow["thick"] / 2, arrow["middle"]
    wide = half + 0.012
    above = [(arrow["from"], middle - half), (neck, middle - half), (neck, middle - wide)]
    below = [(x, 2 * middle - y) for x, y in reversed(above)]
    return [*above, (arrow["to"], middle), *below]
