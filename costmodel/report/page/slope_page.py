"""The page of a slope: traffic against the memory on chip."""

from __future__ import annotations

from costmodel.language.units import show
from costmodel.report.page.figures import ChartPage, TableColumn, figures_page
from costmodel.report.slope_plot import slope_chart, steps
from costmodel.studies.slope import Slope, SlopeCurve

FEW = 1000
"""Steps up to which each has a point of its own."""
EXACT = "counts, exact for the schedules that docs/tiling.md describes"
COLUMNS = (
    TableColumn("memory", "memory on chip", "B"),
    TableColumn("external", "over the bus", "B"),
    TableColumn("times", "x compulsory"),
    TableColumn("energy_J", "energy of a run", "J"),
)


def slope_page(slope: Slope, curve: SlopeCurve) -> str:
    """The step function of a network or a row as one HTML file."""
    rows = steps(curve, energy=slope.energy if curve is slope.network else None)
    points = [[row["memory"], row["external"]] for row in rows] if len(rows) < FEW else []
    moved = None if slope.present is None else curve.at(slope.present)
    now = "" if moved is None else f" The machine's memory moves {show(moved, 'memory')}."
    return figures_page(
        ChartPage(
            title=f"{curve.id}: traffic against the memory on chip",
            subtitle=f"{slope.run.policies.dtype}, batch {slope.run.policies.batch}; the least "
            "over tiled loop nests, nothing staying on chip from row to row",
            verdict=f"{show(curve.knee, 'memory')} come within 10 % of what must move once, "
            f"{show(curve.compulsory, 'memory')}.{now}",
            standing="; ".join([EXACT, *slope.marks]),
            caption="Every step"
            if len(rows) == len(curve.memory)
            else f"{len(rows)} of {len(curve.memory)} steps; --json has them all",
            columns=COLUMNS,
            rows=rows,
            charts=[slope_chart(slope, curve) | {"points": points}],
        )
    )
