"""What surrounds a chart: style, axes with their units, labels that cover nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.language.harmless import harmless
from costmodel.report.chart import Chart
from costmodel.report.numbers import prefix, si
from costmodel.report.palette import LIGHT, SEQUENTIAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE: Any = {
    "font.size": 9,
    "text.color": LIGHT["ink"],
    "axes.edgecolor": LIGHT["edge"],
    "axes.labelcolor": LIGHT["faint"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 11,
    "grid.color": LIGHT["grid"],
    "xaxis.labellocation": "right",
    **{f"{word}tick.color": LIGHT["faint"] for word in "xy"},
    **{f"{word}tick.{size}.size": 0 for word in "xy" for size in ("major", "minor")},
    "legend.frameon": False,
}
SIDES = [
    (4, 3), (4, -9), (-11, 3), (-11, -9), (-3, 7), (-3, -13), (9, -3), (-17, -3), (-3, 15),
    (-3, -21), (14, 8), (-20, 10), (14, -16), (-20, -18),
]  # fmt: skip
"""Where a label may stand around its point [pt], nearest first."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure [inch] that needs no display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def letters(text: str) -> str:
    """A text as matplotlib may show it: harmless, and dollars are no formulas."""
    return harmless(text).replace("$", r"\$")


def write_beside(
    axes: Axes, text: str, place: Any, away: tuple[float, float], **style: Any
) -> None:
    """Write a text so far away [pt] from a place in the data."""
    axes.annotate(letters(text), place, xytext=away, textcoords="offset points", **style)


def scale_axis(
    axes: Axes, word: str, side: Chart, values: Sequence[float] | Any, *, tight: bool = False
) -> None:
    """Fit the axis `word`, x or y, to `values`, and label it with the unit that suits them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite) & ((finite > 0) | (not side["log"]))]
    low, high = (finite.min(), finite.max()) if len(finite) else (1.0, 10.0)
    unit, lines = side["unit"], getattr(axes, f"{word}axis")
    if side["log"]:
        room = 1.0 if tight else max((high / low) ** 0.06, 1.1)
        getattr(axes, f"set_{word}scale")("log")
        getattr(axes, f"set_{word}lim")(low / room, high * room)
        decades = np.log10(high / low) if low else 1.0
        subs = (1, 2, 5) if decades < 2 else (1, 3) if decades < 3 else (1,)
        lines.set_major_locator(LogLocator(subs=subs, numticks=12))
        lines.set_major_formatter(
            FuncFormatter(lambda value, _: si(value, unit, 3) if unit else f"{value:.12g}")
        )
        lines.set_minor_formatter(NullFormatter())
        bracket = ""
    else:
        room = 0.0 if tight else 0.05 * (high - low or abs(high) or 1.0)
        low = 0.0 if side.get("zero") else low - room
        getattr(axes, f"set_{word}lim")(low, high + room if high + room > low else low + 1.0)
        words, factor = prefix(max(abs(low), abs(high))) if unit or high >= 1e5 else ("", 1.0)
        lines.set_major_formatter(FuncFormatter(lambda value, _: f"{value / factor:.6g}"))
        bracket = f"{words}{unit}"
    label = f"{side['label']} [{bracket}]" if bracket else side["label"]
    getattr(axes, f"set_{word}label")(letters(label))


def shades(values: Any) -> dict[str, Any]:
    """The colours of figures; by their logarithms where they span more than a factor of three.

    What is not a number has none.
    """
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    norm = (LogNorm if low > 0 and high > 3 * low else Normalize)(low, high)
    return {"cmap": LinearSegmentedColormap.from_list("sequential", SEQUENTIAL), "norm": norm}


def shade_bar(axes: Axes, painted: Any, shade: Chart, **options: Any) -> None:
    """The key of shaded figures, five of them in words."""
    # before the bar is made, which widens what spans nothing
    ticks = painted.norm.inverse(np.linspace(0, 1, 5))
    bar = axes.figure.colorbar(painted, ax=axes, label=shade["label"], **options)
    bar.minorticks_off()
    bar.set_ticks(ticks.tolist(), labels=[si(tick, shade["unit"], 3) for tick in ticks])
    bar.outline.set_visible(False)


def write_labels(axes: Axes, labels: Sequence[Any]) -> None:
    """Write [x, y, text] beside their points where no label covers a point or another label."""
    # [pixel/pt]
    scale = axes.figure.dpi / 72
    places = axes.transData.transform([label[:2] for label in labels] or np.empty((0, 2)))
    taken = [(x - 3 * scale, y - 3 * scale, x + 3 * scale, y + 3 * scale) for x, y in places]
    # from the top, where most is free
    for index in np.argsort(-places[:, 1], kind="stable"):
        (x, y), text = places[index], str(labels[index][2])
        width = 4.4 * len(text) * scale
        boxes = [
            (x + dx * scale, y + dy * scale, x + dx * scale + width, y + (dy + 6) * scale)
            for dx, dy in SIDES
        ]
        free = [n for n, box in enumerate(boxes) if not any(_meet(box, one) for one in taken)]
        side = free[0] if free else 0
        taken.append(boxes[side])
        write_beside(axes, text, labels[index][:2], SIDES[side], fontsize=7)


def _meet(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
