"""The page of one run."""

from __future__ import annotations

from typing import Any

from costmodel.report.chart import Chart
from costmodel.report.numbers import seconds
from costmodel.report.page.document import document, shown, told
from costmodel.report.page.figures import plain
from costmodel.report.page.machine_data import machine_data, units_data
from costmodel.report.pictures.roofline import Roofline
from costmodel.report.pictures.time import TimeBars
from costmodel.report.pictures.timeline import Timeline
from costmodel.studies.run import Run

SCRIPTS = (
    "model.js",
    "lanes.js",
    "units.js",
    "draw.js",
    "table.js",
    "run_state.js",
    "run_verdict.js",
    "charts.js",
    "lanes_chart.js",
    "memory_chart.js",
    "run_charts.js",
    "sliders.js",
    "run_table.js",
    "run.js",
)

FILLED = ("names", "parts", "ends", "points", "hues", "edges", "places", "labels", "key", "legend",
          "legend_title")  # fmt: skip
"""Columns of the charts that run_charts.js works out, and what only a file shows."""


def run_page(run: Run) -> str:
    """The report of a run as one HTML file."""
    chosen = run.policies
    subtitle = (
        f"{len(run.workload.rows)} rows; {chosen.timed_convention}, placement {chosen.placement}, "
        f"traffic {chosen.traffic}, timing {chosen.timing}, {chosen.dtype}, batch {chosen.batch}"
    )
    words = {
        "title": shown(f"{run.network.name} on {run.profile.name}"),
        "subtitle": shown(subtitle),
        "standing": told(_standing(run)),
        "provenance": "".join(_items(run.provenance)),
    }
    data = machine_data(run) | {"units": units_data(), "charts": _charts(run)}
    return document("run.html", SCRIPTS, words, data)


def _charts(run: Run) -> dict[str, Chart]:
    """The specifications of the charts; what the figures of the machine move, the page fills in."""
    moved = run.policies.timing_model.exponent is not None
    charts = {
        "time": TimeBars().chart(run),
        "roofline": Roofline().chart(run),
        "timeline": {"kind": "lanes", "title": "Timeline"} if moved else Timeline().chart(run),
        "memory": {"kind": "memory", "title": "Memory map"},
    }
    return {
        word: plain({key: chart[key] for key in chart if key not in FILLED})
        for word, chart in charts.items()
    }


def _standing(run: Run) -> str:
    """The line of the standing, with the interval of a calibrated machine."""
    line = run.standing.line
    if run.interval is None:
        return line
    low, high = run.interval
    return (
        f"{line}; with the profile's figures, 90 % lie between {seconds(low)} and {seconds(high)}"
    )


def _items(provenance: dict[str, Any], prefix: str = "") -> list[str]:
    """What must be known to get the figures again, as items of a list."""
    items: list[str] = []
    for key, value in provenance.items():
        if isinstance(value, dict):
            items += _items(value, f"{prefix}{key}.")
        elif value not in (None, "", [], ()):
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            items.append(f"<li><code>{shown(prefix + key)}</code>: {told(text)}</li>")
    return items
