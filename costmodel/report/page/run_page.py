"""The page of one run, with sliders for the machine."""

from __future__ import annotations

from typing import Any

from costmodel.report.chart import ALWAYS, Chart, axis
from costmodel.report.numbers import seconds
from costmodel.report.page.document import shown, told
from costmodel.report.page.figures import ChartPage, TableColumn, figures_page
from costmodel.report.page.run_data import run_data
from costmodel.report.page.units_data import units_data
from costmodel.report.pictures.levels import LevelsPicture
from costmodel.report.pictures.roofline import Roofline
from costmodel.report.pictures.time import TimeBars
from costmodel.report.pictures.timeline import Timeline
from costmodel.studies.run import Run

COLUMNS = (
    TableColumn("number", "#"),
    TableColumn("id", "row", number=False),
    TableColumn("kind", "kind", number=False),
    TableColumn("shape", "output", number=False),
    TableColumn("params", "params"),
    TableColumn("macs", "MACs", ""),
    TableColumn("ops", "ops", ""),
    TableColumn("external", "bus", "B"),
    TableColumn("transfer", "bus time", "s"),
    TableColumn("compute", "compute", "s"),
    TableColumn("total", "total", "s"),
    TableColumn("share", "share", "%"),
    TableColumn("energy", "energy", "J"),
    TableColumn("bound", "bound by", number=False),
)


def run_page(run: Run) -> str:
    """Return the report of a run as one HTML file."""
    chosen = run.policies
    items = "".join(_items(run.provenance))
    return figures_page(
        ChartPage(
            title=f"{run.network.name} on {run.profile.name}",
            subtitle=f"{len(run.workload.rows)} rows; {chosen.timed_convention}, "
            f"placement {chosen.placement}, traffic {chosen.traffic}, timing {chosen.timing}, "
            f"{chosen.dtype}, batch {chosen.batch}",
            verdict="",
            standing=_standing(run),
            caption="Every row of the network, in the order in which they run",
            columns=[one for one in COLUMNS if one.key != "energy" or run.energy is not None],
            charts=_charts(run),
            scripts=("run_charts.js", "run_table.js", "run.js"),
            data=run_data(run) | {"units": units_data(), "always": ALWAYS},
            words={
                "aside": "",
                "machine": "The machine",
                "further": f"<h2>How to reproduce these figures</h2>\n<ul>{items}</ul>",
            },
        )
    )


def _charts(run: Run) -> dict[str, Chart]:
    """Specify the charts; what the figures of the machine move, the page fills in."""
    moved = run.policies.timing_model.exponent is not None
    levels = LevelsPicture()
    return {
        **({"levels": levels.chart(run)} if levels.applies(run) else {}),
        "time": TimeBars().frame(),
        "roofline": Roofline().frame(run),
        "timeline": {"kind": "lanes", "title": "Timeline"} if moved else Timeline().chart(run),
        "memory": {"kind": "memory", "title": "Maps on chip"},
        "traffic": {
            "kind": "marks",
            "title": "Traffic against the memory on chip",
            "x": axis("memory on chip", "B", log=True),
            "y": axis("over the bus", "B", zero=True),
        },
    }


def _standing(run: Run) -> str:
    """The line of the standing, with the interval of a calibrated machine."""
    line = run.standing.line
    if run.energy_standing is not None:
        line = f"{line}; energy {run.energy_standing.line}"
    if run.on_chip_node:
        line += "; the energy of a byte on chip stays as it is while the memory is moved"
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
