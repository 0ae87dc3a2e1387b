"""The page of a slope: traffic against the memory on chip."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.language.units import show
from costmodel.report.page.figures import Column, Figures, axis, figures_page
from costmodel.studies.slope import Curve, Slope

MOST = 4000
"""Steps that the page holds; of more, those that stand nearest to even octaves."""
COLUMNS = (
    Column("memory", "memory on chip", "B"),
    Column("external", "over the bus", "B"),
    Column("times", "x compulsory"),
)


def slope_page(found: Slope, curve: Curve) -> str:
    """The step function of a network or a row as one HTML file."""
    rows = _rows(curve)
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
            charts=[_chart(found, curve, rows)],
        )
    )


def _chart(found: Slope, curve: Curve, rows: list[dict[str, float]]) -> dict[str, Any]:
    """The step function, what moves in any case, and the memory of the machine."""
    points = [[row["memory"], row["external"]] for row in rows]
    floor = [[points[0][0], curve.compulsory], [points[-1][0], curve.compulsory]]
    lines: list[dict[str, Any]] = [
        {"name": "", "points": points, "hue": "transfer", "steps": True},
        {"name": "", "points": floor, "hue": "matrix", "dashes": True},
    ]
    legend = [["transfer", "least traffic"], ["matrix", "compulsory: moves once in any case"]]
    if found.present is not None:
        top = max(row["external"] for row in rows)
        here = [[found.present, curve.compulsory], [found.present, top]]
        legend.append(["ink", "memory of the machine"])
        lines.append({"name": "", "points": here, "hue": "ink", "dashes": True})
    return {
        "kind": "marks",
        "title": "Bytes over the bus",
        "x": axis("memory on chip", "B", log=True),
        "y": axis("over the bus", "B", log=True),
        "lines": lines,
        "legend": legend,
        "points": points if len(points) < MOST // 4 else [],
    }


def _rows(curve: Curve) -> list[dict[str, float]]:
    places = np.arange(len(curve.memory))
    if len(places) > MOST:
        wanted = np.geomspace(max(curve.memory[0], 1), curve.memory[-1], MOST)
        places = np.unique(np.searchsorted(curve.memory, wanted).clip(0, len(places) - 1))
    least = curve.compulsory or 1
    return [
        {
            "memory": int(curve.memory[at]),
            "external": int(curve.external[at]),
            "times": float(curve.external[at] / least),
        }
        for at in places
    ]
