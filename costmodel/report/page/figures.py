"""The page of a report: a sentence, charts and a table; what a chart is, report/chart.py says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.language.harmless import harmless
from costmodel.report.chart import Chart
from costmodel.report.page.document import document, told

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
    """Those that no row says anything in are left out."""
    rows: Sequence[Mapping[str, Any]] = ()
    """The lines of the table; none where a script of its own fills it."""
    charts: Mapping[str, Chart] | Sequence[Chart] = ()
    scripts: Sequence[str] = ()
    """Its own scripts, which run behind those of every page."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What its own scripts read of the page's data."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Further words of page.html."""


def figures_page(report: ChartPage) -> str:
    """The report as one HTML file."""
    words = {
        word: told(getattr(report, word)) for word in ("title", "subtitle", "verdict", "standing")
    }
    columns = [
        one
        for one in report.columns
        if not report.rows or any(_cell(row.get(one.key)) not in (None, "") for row in report.rows)
    ]
    rows = [{one.key: _cell(row.get(one.key)) for one in columns} for row in report.rows]
    table = {"caption": report.caption, "columns": [vars(one) for one in columns], "rows": rows}
    charts = report.charts if isinstance(report.charts, Mapping) else enumerate(report.charts)
    shown = {
        word: {key: value for key, value in chart.items() if key not in FILES}
        for word, chart in dict(charts).items()
    }
    data = {**report.data, "table": table, "charts": plain(shown)}
    return document({**words, **report.words}, data, report.scripts)


def _cell(value: Any) -> Any:
    """A value for JSON: texts harmless, figures finite or None."""
    if isinstance(value, str):
        return harmless(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain(value: Any) -> Any:
    """Make a value ready for JSON: arrays as lists, texts harmless, figures finite."""
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
