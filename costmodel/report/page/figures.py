"""The page of a report that is charts and one table; what a chart is, charts.js says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from costmodel.core.quantities import RUN_LANES
from costmodel.language.harmless import harmless
from costmodel.report.exposed import exposed_totals
from costmodel.report.page.document import document, told
from costmodel.studies.run import Run

SCRIPTS = ("draw.js", "table.js", "charts.js", "figures.js")
HUES = ("transfer", "matrix", "link", "host", "on_chip", "launch", "overhead", "ink")
"""Colours of page.css, told apart in this order."""
LANES = [[word, lane.label] for word, lane in RUN_LANES.items()]
"""A legend of what time is spent on."""


@dataclass(frozen=True)
class Column:
    """A column of the table; one with a unit holds figures in it, shown with SI prefixes."""

    key: str
    label: str
    unit: str | None = None
    number: bool = True


@dataclass(frozen=True)
class Figures:
    """A report: what it says in a sentence, its charts, and its table."""

    title: str
    subtitle: str
    verdict: str
    standing: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    charts: Sequence[Mapping[str, Any]] = field(default=())
    served: Mapping[str, Any] | None = None
    """What generation.js moves with the sliders of a machine."""


def figures_page(report: Figures) -> str:
    """The report as one HTML file."""
    words = {
        word: told(getattr(report, word)) for word in ("title", "subtitle", "verdict", "standing")
    }
    columns = [
        {"key": one.key, "label": one.label, "number": one.number}
        | ({} if one.unit is None else {"unit": one.unit})
        for one in report.columns
    ]
    rows = [{one.key: _cell(row.get(one.key)) for one in report.columns} for row in report.rows]
    table = {"caption": report.caption, "columns": columns, "rows": rows}
    data = {"table": table, "charts": _safe(report.charts)}
    if report.served is None:
        return document("figures.html", SCRIPTS, words, data)
    scripts = ("model.js", "lanes.js", "units.js", *SCRIPTS, "sliders.js", "generation.js")
    return document("generation.html", scripts, words, data | {"served": report.served})


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _safe(value: Any) -> Any:
    """The same with every text harmless and every figure finite."""
    if isinstance(value, Mapping):
        return {key: _safe(item) for key, item in value.items()}
    # encoded columns are long on purpose
    if isinstance(value, Encoded):
        return str(value)
    if isinstance(value, str) or not isinstance(value, Iterable):
        return _cell(value)
    return [_safe(item) for item in value]


class Encoded(str):
    """Text that this program made: no name."""

    __slots__ = ()


def axis(label: str, unit: str = "", *, log: bool = False, zero: bool = False) -> dict[str, Any]:
    """An axis of a chart."""
    return {"label": label, "unit": unit, "log": log, "zero": zero}


def bar(place: int, name: str, run: Run, total: float) -> dict[str, Any]:
    """A bar as long as `total` [s], its colours the shares of the exposed time of each lane."""
    scale = total / (run.total_time or 1.0)
    parts = {word: time * scale for word, time in exposed_totals(run).items()}
    return {"place": place, "name": name, "value": total, "parts": parts}


def bars(title: str, every: Sequence[Mapping[str, Any]], note: str = "") -> dict[str, Any]:
    """The chart of bars, with a legend of the lanes that they show."""
    used = {word for one in every for word, time in one["parts"].items() if time}
    legend = [lane for lane in LANES if lane[0] in used]
    return {
        "kind": "bars",
        "title": title,
        "unit": "s",
        "bars": every,
        "legend": legend,
        "note": note,
    }
