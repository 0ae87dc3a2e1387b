"""The page of a slope: traffic against the memory on chip."""

from __future__ import annotations

from costmodel.language.units import show
from costmodel.report.page.figures import Column, Figures, figures_page
from costmodel.report.slope_plot import slope_chart, steps
from costmodel.studies.slope import Curve, Slope

FEW = 1000
"""Steps up to which each has a point of its own."""
COLUMNS = (
    Column("memory", "memory on chip", "B"),
    Column("external", "over the bus", "B"),
    Column("times", "x compulsory"),
)


def slope_page(found: Slope, curve: Curve) -> str:
    """The step function of a network or a row as one HTML file."""
    rows = _rows(curve)
    points = [[row["memory"], row["external"]] for row in rows] if len(rows) < FEW else []
    moved = None if found.present is None else curve.at(found.present)
    now = "" if moved is None else f" The machine's memory moves {show(moved, 'memory')}."
    return figures_page(
        Figures(
            title=f"{curve.id}: traffic against the memory on chip",
            subtitle=f"{found.run.policies.dtype}, batch {found.run.policies.batch}; the least "
            "over tiled loop nests, nothing staying on chip from row to row",
            verdict=f"{show(curve.knee, 'memory')} come within 10 % of what must move once, "
            f"{show(curve.compulsory, 'memory')}.{now}",
            standing="counts, exact for the schedules that docs/tiling.md describes",
            caption="Every step"
            if len(rows) == len(curve.memory)
            else f"{len(rows)} of {len(curve.memory)} steps; --json has them all",
            columns=COLUMNS,
            rows=rows,
            charts=[slope_chart(found, curve) | {"points": points}],
        )
    )


def _rows(curve: Curve) -> list[dict[str, float]]:
    least = curve.compulsory or 1
    return [
        {
            "memory": int(curve.memory[at]),
            "external": int(curve.external[at]),
            "times": float(curve.external[at] / least),
        }
        for at in steps(curve)
    ]
