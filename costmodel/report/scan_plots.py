"""Pictures of a scan: time along one axis, a heat map over two, the Pareto front."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.core.quantities import RUN_LANES, dimension_of
from costmodel.language import units
from costmodel.report.plots import COLOURS, label, named, new_figure, save, shown
from costmodel.studies.scan.plane import Plane, Side
from costmodel.studies.scan.results import Outcome
from costmodel.studies.scan.sensitivity import Effect

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from costmodel.studies.scan.axes import Axis

MOST = 400
"""Values of an axis that a picture can show."""
CELLS = 120
"""Of a heat map whose times can be written into it."""
NAMED = 12
"""Labelled points of a front."""


def write(directory: Path, outcome: Outcome) -> list[Path]:
    """The pictures that suit the scan's axes, into `directory`. Raises InputError."""
    space = outcome.plan.space
    found = []
    if space.sample == "grid" and len(space.axes) == 1 and max(space.shape) <= MOST * 100:
        found.append(save(along(outcome, space.axes[0]), directory / "time.png"))
    plane = Plane.of(outcome, MOST * MOST)
    if plane is not None:
        found.append(save(heat(outcome, plane), directory / "heat.png"))
    if outcome.front:
        found.append(save(front(outcome), directory / "pareto.png"))
    return found


def _label(word: str) -> str:
    """A quantity with its SI unit, for an axis."""
    kind = dimension_of(word)
    return f"{word} [{units.SI_UNITS[kind]}]" if kind else word


def _columns(outcome: Outcome) -> dict[str, Any]:
    """All points of the first model: a picture shows one combination of structural values."""
    space = outcome.plan.space
    return outcome.plan.columns(0, space.per_model)[1]


def _lanes(columns: dict[str, Any], points: int) -> dict[str, Any]:
    """The time of each lane that is shown, at every point (points,) [s]."""
    return shown(
        {
            word: np.broadcast_to(columns[f"{word}_time"], points)
            for word in RUN_LANES
            if f"{word}_time" in columns
        }
    )


def along(outcome: Outcome, axis: Axis) -> Figure:
    """Time against one axis, stacked by resource; the background tells the bottleneck."""
    columns = _columns(outcome)
    x = np.asarray(columns[axis.name], dtype=float)
    parts = {word: times * 1e3 for word, times in _lanes(columns, len(x)).items()}
    figure = new_figure(9.5, 4.8)
    axes = figure.add_subplot()
    colours, names = [COLOURS[word] for word in parts], [label(word) for word in parts]
    axes.stackplot(x, *parts.values(), colors=colours, labels=names)
    bound = np.argmax(np.stack(list(parts.values())), axis=0)
    edges = np.flatnonzero(np.diff(bound)) + 1
    for low, high in zip([0, *edges], [*edges, len(x)], strict=True):
        word = list(parts)[bound[low]]
        right = x[min(high, len(x) - 1)]
        axes.axvspan(x[low], right, ymin=0.965, color=COLOURS[word], lw=0)
        if high < len(x):
            axes.axvline(right, color="#444444", lw=0.8, ls=":")
    axes.set(
        xscale="log" if axis.scale == "log" else "linear",
        xlim=(x[0], x[-1]),
        ylim=(0, 1.08 * float(sum(p.max() for p in parts.values()))),
        xlabel=_label(axis.name),
        ylabel="time [ms]",
        title=f"{_title(outcome)}\nthe strip at the top names the bottleneck",
    )
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return figure


def heat(outcome: Outcome, plane: Plane) -> Figure:
    """Total time over two axes; lines where the bottleneck moves."""
    figure = new_figure(8.2, 5.6)
    axes = figure.add_subplot()
    total = plane.total * 1e3
    y, x = _places(plane.y), _places(plane.x)
    mesh = axes.pcolormesh(x, y, total, shading="nearest", cmap="viridis_r", norm=_norm(total))
    figure.colorbar(mesh, label="total time [ms]")
    moves = False
    if plane.y.structural or plane.x.structural:
        _write_cells(axes, x, y, total)
    else:
        moves = _write_bound(axes, x, y, shown(plane.lanes))
    for side, word in ((plane.x, "x"), (plane.y, "y")):
        scale = "log" if side.logarithmic else "linear"
        axes.set(**{f"{word}scale": scale, f"{word}label": _label(side.name)})
        if side.structural:
            getattr(axes, f"set_{word}ticks")(
                _places(side), [_value(side.name, v) for v in side.values]
            )
    axes.set_title(_title(outcome) + ("\nwhite: where the bottleneck moves" if moves else ""))
    return figure


def _places(side: Side) -> Any:
    """Where the values of an axis stand: choices side by side."""
    return np.arange(len(side.values)) if side.structural else np.asarray(side.values, dtype=float)


def _write_cells(axes: Axes, x: Any, y: Any, total: Any) -> None:
    """The time in each cell, where there is room for it."""
    if total.size > CELLS:
        return
    for (row, column), value in np.ndenumerate(total):
        axes.text(
            x[column],
            y[row],
            f"{value:.3g}",
            ha="center",
            va="center",
            fontsize=8,
            color="white",
            bbox={"facecolor": "black", "alpha": 0.45, "lw": 0, "pad": 1.5},
        )


def _write_bound(axes: Axes, x: Any, y: Any, lanes: dict[str, Any]) -> bool:
    """Name what takes most, region by region, and draw the lines between; False: there are none."""
    bound = np.stack(list(lanes.values())).argmax(axis=0)
    parts = np.unique(bound)
    if min(bound.shape) > 1:
        for number in parts[1:]:
            axes.contour(x, y, bound >= number, levels=[0.5], colors="white", linewidths=1.2)
    for number, word in enumerate(lanes):
        rows, places = np.nonzero(bound == number)
        if len(rows) > 0.02 * bound.size:
            axes.text(
                x[int(np.median(places))],
                y[int(np.median(rows))],
                label(word),
                color="white",
                ha="center",
                fontsize=9,
                fontweight="bold",
                bbox={"facecolor": "black", "alpha": 0.45, "lw": 0},
            )
    return len(parts) > 1


def _norm(values: Any) -> Any:
    from matplotlib.colors import LogNorm

    low, high = float(values.min()), float(values.max())
    return LogNorm(low, high) if low > 0 and high > 3 * low else None


def front(outcome: Outcome) -> Figure:
    """The Pareto front over its first two objectives; some points are labelled by their axes."""
    objectives = outcome.plan.pareto[:2]
    points = np.array([vector for vector, _, _ in outcome.front])
    signs = [objective.sign for objective in objectives]
    figure = new_figure(9.5, 5.2)
    axes = figure.add_subplot()
    x = points[:, 0] * signs[0]
    y = points[:, 1] * signs[1] if len(objectives) > 1 else np.zeros(len(x))
    # the third objective as colour
    if len(outcome.plan.pareto) > 2:
        third = outcome.plan.pareto[2]
        shown = axes.scatter(
            x, y, s=9, c=points[:, 2] * third.sign, norm=_norm(points[:, 2] * third.sign)
        )
        figure.colorbar(shown, label=_label(third.word), location="bottom", shrink=0.6)
    else:
        axes.plot(x, y, "o-", ms=4, lw=0.8, color=COLOURS["transfer"])
    for axis, values in (("x", x), ("y", y)):
        if values.min() > 0 and values.max() > 20 * values.min():
            axes.set(**{f"{axis}scale": "log"})
    chosen = np.unique(np.linspace(0, len(x) - 1, min(NAMED, len(x))).astype(int))
    _name_front(axes, outcome, x, y, chosen)
    axes.set(
        xlabel=_label(objectives[0].word),
        title=_title(outcome),
        ylabel=_label(objectives[1].word) if len(objectives) > 1 else "",
    )
    axes.grid(alpha=0.25)
    axes.legend(
        fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, handlelength=0
    )
    return figure


def _name_front(axes: Axes, outcome: Outcome, x: Any, y: Any, chosen: Any) -> None:
    """Number some points; the legend says what they are."""
    words = [*outcome.plan.space.models[0].labels, *(a.name for a in outcome.plan.space.axes)]
    for number, at in enumerate(chosen, start=1):
        (row,) = outcome.plan.rows([outcome.front[at][1]])
        parts = [f"{w.removeprefix('hw.')} {_value(w, row[w])}" for w in words]
        axes.annotate(
            str(number), (x[at], y[at]), xytext=(4, 5), textcoords="offset points", fontsize=8
        )
        axes.plot([], [], " ", label=f"{number}  {', '.join(parts)}")


def _value(word: str, value: Any) -> str:
    kind = dimension_of(word)
    if kind and kind != "time":
        return units.show(float(f"{value:.4g}"), kind)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _title(outcome: Outcome) -> str:
    space = outcome.plan.space
    if len({model.title for model in space.models}) > 1:
        return f"Scan of {space.points} points"
    labels = space.models[0].labels if len(space.models) == 1 else {}
    chosen = ", ".join(f"{key}={value}" for key, value in labels.items())
    return f"{named(space.models[0].title)}, scan of {space.points} points" + (
        f" ({chosen})" if labels else ""
    )


def tornado(effects: list[Effect], total: float, title: str) -> Figure:
    """The total with each resource halved and doubled, the strongest on top."""
    figure = new_figure(8.5, 3.4)
    axes = figure.add_subplot()
    for place, effect in enumerate(effects):
        for value, colour in (
            (effect.halved_s, COLOURS["matrix"]),
            (effect.doubled_s, COLOURS["transfer"]),
        ):
            axes.barh(place, (value - total) * 1e3, left=total * 1e3, color=colour, height=0.6)
            if value != total:
                side = "left" if value > total else "right"
                axes.annotate(
                    f" {100 * (value / total - 1):+.1f} % ",
                    (value * 1e3, place),
                    ha=side,
                    va="center",
                    fontsize=8,
                )
    axes.axvline(total * 1e3, color="#444444", lw=1)
    axes.set_yticks(range(len(effects)), [e.resource.replace("_", " ") for e in effects])
    axes.set(xlabel="total time [ms]", title=title, ylim=(len(effects) - 0.5, -0.5))
    axes.margins(x=0.15)
    axes.plot([], [], "s", color=COLOURS["matrix"], label="halved")
    axes.plot([], [], "s", color=COLOURS["transfer"], label="doubled")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return figure
