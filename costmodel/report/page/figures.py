"""The page of a report that is charts and one table; what a chart is, charts.js says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.language.harmless import harmless
from costmodel.report.page.document import document, told

SCRIPTS = ("draw.js", "table.js", "charts.js", "parallel.js", "figures.js")
FILES = ("about", "key", "labels", "legend_title")
"""What a page says elsewhere: in its head, and of what is pointed at."""


@dataclass(frozen=True)
class TableColumn:
    """A column of the table; one with a unit holds figures in it, shown with SI prefixes."""

    key: str
    label: str
    unit: str | None = None
    number: bool = True


@dataclass(frozen=True)
class ChartPage:
    """A report: what it says in a sentence, its charts, and its table."""

    title: str
    subtitle: str
    verdict: str
    standing: str
    caption: str
    columns: Sequence[TableColumn]
    rows: Sequence[Mapping[str, Any]]
    charts: Sequence[Mapping[str, Any]] = field(default=())
    served: Mapping[str, Any] | None = None
    """What generation.js moves with the sliders of a machine."""


def figures_page(report: ChartPage) -> str:
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
    charts = [{key: chart[key] for key in chart if key not in FILES} for chart in report.charts]
    data = {"table": table, "charts": plain(charts)}
    if report.served is None:
        return document("figures.html", SCRIPTS, words, data)
    scripts = ("model.js", "lanes.js", "units.js", *SCRIPTS, "sliders.js", "generation.js")
    return document("generation.html", scripts, words, data | {"served": report.served})


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain(value: Any) -> Any:
    """The same for JSON: arrays as lists, every text harmless, every figure finite."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    # encoded columns are long on purpose
    if isinstance(value, Encoded):
        return str(value)
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, str) or not isinstance(value, Iterable):
        return _cell(value)
    return [plain(item) for item in value]


class Encoded(str):
    """Text that this program made: no name."""

    __slots__ = ()
