"""Pictures of a scan: time along one axis, a heat map over two, the Pareto front; and a tornado."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.core.lanes import RUN_LANES
from costmodel.core.quantities import MACHINE, MachineQuantity, dimension_of
from costmodel.language import units
from costmodel.report.chart import Chart, about, axis, lanes_shown, legend_of, line, named, numbered
from costmodel.report.numbers import si
from costmodel.report.plots import write_charts
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.sensitivity import Effect
from costmodel.studies.scan.running.heat_map import HeatMap, Side
from costmodel.studies.scan.running.results import ScanOutcome

if TYPE_CHECKING:
    from costmodel.studies.scan.space.axes import Axis

MOST = 400
"""Values of an axis that a picture can show."""
NAMED = 12
"""Labelled points of a front."""
WIDE = 20
"""Times the least figure from which an axis is logarithmic."""


def write(directory: Path, outcome: ScanOutcome) -> list[Path]:
    """The pictures that suit the scan's axes, into `directory`. Raises InputError."""
    space = outcome.plan.space
    charts: dict[str, Chart | None] = {"heat": heat(outcome, MOST * MOST), "pareto": front(outcome)}
    if space.sample == "grid" and len(space.axes) == 1 and max(space.shape) <= MOST * 100:
        charts["time"] = along(outcome, space.axes[0])
    about = {"about": _about(outcome)}
    drawn = {f"{word}.png": [chart | about] for word, chart in charts.items() if chart}
    return write_charts(directory, drawn)


def unit_of(word: str) -> str:
    """The SI unit of a quantity's word; empty for plain numbers."""
    kind = dimension_of(word)
    return units.SI_UNITS[kind] if kind else ""


def along(outcome: ScanOutcome, side: Axis) -> Chart:
    """Time against one axis, stacked by lane, or side by side where lanes hide one another.

    A picture shows the first combination of structural values; the strip tells the bottleneck.
    """
    space = outcome.plan.space
    columns = outcome.plan.columns(0, space.per_variant)[1]
    x = np.asarray(columns[side.name], dtype=float)
    timed = [word for word in RUN_LANES if f"{word}_time" in columns]
    lanes = lanes_shown({word: np.broadcast_to(columns[f"{word}_time"], len(x)) for word in timed})
    total, busy = columns["total_time"], np.stack(list(lanes.values()))
    bound = np.array(list(lanes))[busy.argmax(axis=0)]
    edges = [0, *(np.flatnonzero(bound[1:] != bound[:-1]) + 1), len(x)]
    across = {"hue": "faint", "name": "", "dashes": True}
    chart: Chart = {
        "kind": "marks",
        "title": "Time",
        "note": "the strip at the top tells the bottleneck",
        "x": axis(side.name, unit_of(side.name), log=side.scale == "log"),
        "y": axis("time", "s", zero=True),
        "strip": [[x[low], x[min(high, len(x) - 1)], bound[low]] for low, high in pairwise(edges)],
        "lines": [across | {"x": x[edge]} for edge in edges[1:-1]],
    }
    if np.allclose(busy.sum(axis=0), total, rtol=1e-9, atol=0):
        layers = [[word, RUN_LANES[word].label, times] for word, times in lanes.items()]
        return chart | {"areas": {"x": x, "layers": layers}}
    chart["lines"] += [line(np.column_stack([x, total]), "ink", "total")]
    chart["lines"] += [
        line(np.column_stack([x, times]), word, f"{RUN_LANES[word].label}, busy")
        for word, times in lanes.items()
    ]
    return chart


def heat(outcome: ScanOutcome, most: int) -> Chart | None:
    """Total time, or energy, over two axes, and where the bottleneck moves; None without two."""
    plane = HeatMap.of(outcome, most)
    if plane is None:
        return None
    mapped = {"total_time": "total time", "edp": "energy-delay product"}.get(plane.word, plane.word)
    chart: Chart = {
        "kind": "heat",
        "title": mapped.capitalize(),
        "x": _side(plane.x),
        "y": _side(plane.y),
        "values": plane.total,
        "unit": unit_of(plane.word),
        "label": mapped,
    }
    if plane.x.structural or plane.y.structural or plane.word != "total_time":
        return chart
    lanes = lanes_shown(plane.lanes)
    bound = np.stack(list(lanes.values())).argmax(axis=0)
    chart |= {"bound": bound, "regions": [name for _, name in legend_of(lanes)]}
    return chart | {"note": "white lines: where the bottleneck moves"}


def _side(side: Side) -> Chart:
    """Describe one of the two axes of a heat map."""
    made = axis(side.name, unit_of(side.name), log=side.logarithmic) | {"values": side.values}
    if side.structural:
        made["choices"] = [value_text(side.name, value) for value in side.values]
    return made


def front(outcome: ScanOutcome) -> Chart | None:
    """The Pareto front over its first two objectives, a third one as shades; some points named."""
    objectives = outcome.plan.pareto
    if not outcome.front:
        return None
    vectors = np.array([vector for vector, _, _ in outcome.front])
    figures = vectors * [objective.sign for objective in objectives]
    points = np.column_stack([figures, np.zeros(len(figures))])[:, :2]
    words = [objective.word for objective in objectives]
    x, y = (
        axis(word, unit_of(word), log=bool(v.min() > 0 and v.max() > WIDE * v.min()))
        for word, v in zip([*words, ""], points.T, strict=False)
    )
    chosen = np.unique(np.linspace(0, len(points) - 1, min(NAMED, len(points))).astype(int))
    texts = _point_texts(outcome, chosen)
    chart: Chart = {
        "kind": "marks",
        "title": "Pareto front",
        "x": x,
        "y": y,
        "points": points,
        **numbered(points[chosen], texts),
    }
    if len(words) > 2:
        shade = {"values": figures[:, 2], "label": words[2], "unit": unit_of(words[2])}
        return chart | {"shade": shade}
    return chart | {"lines": [line(points, "transfer")]}


def _point_texts(outcome: ScanOutcome, chosen: Any) -> list[str]:
    """The values of every axis at the chosen points of the front."""
    words = [*outcome.plan.space.variants[0].labels, *(a.name for a in outcome.plan.space.axes)]
    rows = outcome.plan.rows([outcome.front[at][1] for at in chosen])
    return [
        ", ".join(f"{word.removeprefix('hw.')} {value_text(word, row[word])}" for word in words)
        for row in rows
    ]


def value_text(word: str, value: Any) -> str:
    """A value of an axis or an output in words."""
    kind = dimension_of(word)
    if kind == "time":
        return si(value, "s")
    if kind:
        return units.show(float(f"{value:.4g}"), kind)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _about(outcome: ScanOutcome) -> list[str]:
    """Which networks on which machines, and of how many points."""
    models, points = outcome.plan.space.variants, outcome.plan.space.points
    labels = models[0].labels if len(models) == 1 else {}
    chosen = ", ".join(f"{key}={value}" for key, value in labels.items())
    one = len({model.title for model in models}) == 1
    scan = f"scan of {points} points" + (f" ({chosen})" if chosen else "")
    return [named(models[0].title), scan] if one else [scan]


def _of_energy_alone(quantity: MachineQuantity) -> bool:
    """True for a figure on which no time depends."""
    return not quantity.lane and "memory" not in quantity.fields


def tornado(effects: list[Effect], run: Run) -> Chart:
    """The total with each resource halved and doubled, the strongest on top."""
    total = run.total_time
    # figures that the energy alone depends on have no bar
    effects = [one for one in effects if not _of_energy_alone(MACHINE[one.resource])]
    ends = [sorted((effect.halved_s, effect.doubled_s), reverse=True) for effect in effects]
    return {
        "kind": "bars",
        "title": "Each resource halved and doubled",
        "about": about(run),
        "x": axis("total time", "s"),
        "names": [effect.resource.replace("_", " ") for effect in effects],
        "base": total,
        "parts": {
            "matrix": [effect.halved_s - total for effect in effects],
            "transfer": [effect.doubled_s - total for effect in effects],
        },
        "ends": [
            [f"{100 * (time / total - 1):+.1f} %" if time != total else "" for time in both]
            for both in ends
        ],
        "legend": [["matrix", "halved"], ["transfer", "doubled"]],
    }
