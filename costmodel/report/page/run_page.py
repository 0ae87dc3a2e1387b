"""The page of one run."""

from __future__ import annotations

from typing import Any

from costmodel.report.numbers import seconds
from costmodel.report.page.document import document, shown, told
from costmodel.report.page.machine_data import machine_data, units_data
from costmodel.studies.run import Run

SCRIPTS = (
    "model.js",
    "lanes.js",
    "units.js",
    "draw.js",
    "table.js",
    "run_state.js",
    "run_verdict.js",
    "run_rows.js",
    "run_time.js",
    "sliders.js",
    "run_table.js",
    "run.js",
)


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
    return document("run.html", SCRIPTS, words, machine_data(run) | {"units": units_data()})


def _standing(run: Run) -> str:
    """The line of the standing, with the interval of a calibrated machine."""
    line = run.standing.line
    if run.interval is None:
        return line
    low, high = run.interval
    return f"{line}; as the profile has it, between {seconds(low)} and {seconds(high)}"


def _items(provenance: dict[str, Any], prefix: str = "") -> list[str]:
    """What must be known to get the figures again, as items of a list."""
    found: list[str] = []
    for key, value in provenance.items():
        if isinstance(value, dict):
            found += _items(value, f"{prefix}{key}.")
        elif value not in (None, "", [], ()):
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            found.append(f"<li><code>{shown(prefix + key)}</code>: {told(text)}</li>")
    return found
