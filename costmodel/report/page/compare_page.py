"""The page of a comparison: every network on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costmodel.report.compare import accuracy_charts, marks, time_chart
from costmodel.report.numbers import seconds
from costmodel.report.page.figures import ChartPage, TableColumn, figures_page
from costmodel.studies.comparison import Pair
from costmodel.studies.evaluated import INTERVAL

COLUMNS = (
    TableColumn("architecture", "architecture", number=False),
    TableColumn("hardware", "machine", number=False),
    TableColumn("total_time_s", "total", "s"),
    TableColumn(INTERVAL[0], "90 % from", "s"),
    TableColumn(INTERVAL[1], "to", "s"),
    TableColumn("energy_J", "energy", "J"),
    TableColumn("samples_per_s", "samples/s"),
    TableColumn("bound", "bound by", number=False),
    TableColumn("params", "params"),
    TableColumn("macs", "MACs", ""),
    TableColumn("external_bytes", "over the bus", "B"),
    TableColumn("dtype", "dtype", number=False),
    TableColumn("placement", "placement", number=False),
    TableColumn("timing", "timing", number=False),
    TableColumn("standing", "standing", number=False),
    TableColumn("accuracy_pct", "accuracy [%]"),
)


def compare_page(entries: Sequence[Pair]) -> str:
    """The comparison as one HTML file."""
    best = min(entries, key=lambda entry: entry.run.total_time)
    grades = {entry.run.standing.grade: entry.run.standing.graded for entry in entries}
    mixed = "rows of different standing; " if len(grades) > 1 else ""
    records = [entry.record for entry in entries]
    return figures_page(
        ChartPage(
            title="Networks on machines",
            subtitle=f"{len(entries)} pairs, counted by {best.run.policies.timed_convention}, "
            f"batch {best.run.policies.batch}",
            verdict=f"The shortest run is {best.label} on {best.run.profile.name}: "
            f"{seconds(best.run.total_time)}.",
            standing=mixed + "; ".join([*grades.values(), *marks(e.run for e in entries)]),
            caption="Every pair",
            columns=[one for one in COLUMNS if any(_said(row.get(one.key)) for row in records)],
            rows=records,
            charts=[time_chart(entries), *accuracy_charts(entries)],
        )
    )


def _said(value: Any) -> bool:
    """True for what is worth a column."""
    return value is not None and value == value
