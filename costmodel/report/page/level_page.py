"""The page of a plane of two sizes."""

from __future__ import annotations

import numpy as np

from costmodel.report.level_plot import NEAR, level_chart, shown
from costmodel.report.numbers import si
from costmodel.report.page.figures import ChartPage, TableColumn, figures_page
from costmodel.studies.level_grid import LevelGrid


def level_page(grid: LevelGrid) -> str:
    """What a network costs over the sizes of two levels as one HTML file."""
    word, unit, values = shown(grid)
    least = float(np.nanmin(values))
    pairs = np.argwhere(~np.isnan(values))
    rows = [
        {
            "outer": float(grid.sizes[0][row]),
            "inner": float(grid.sizes[1][column]),
            "value": float(values[row, column]),
            "times": float(values[row, column]) / least,
        }
        for row, column in pairs
        if values[row, column] <= NEAR * least
    ]
    outer, inner = grid.names
    return figures_page(
        ChartPage(
            title=f"{grid.run.network.name}: {word} over the sizes of {outer} and {inner}",
            subtitle=f"{grid.run.profile.name}, {grid.run.policies.dtype}, batch "
            f"{grid.run.policies.batch}",
            verdict=f"The least is {si(least, unit)}; {len(rows)} of {len(pairs)} pairs of sizes "
            "come within 10 % of it.",
            standing="a lower bound: each level moves the least that it could alone",
            caption="Pairs within 10 % of the least",
            columns=(
                TableColumn("outer", outer, "B"),
                TableColumn("inner", inner, "B"),
                TableColumn("value", word, unit),
                TableColumn("times", "x least"),
            ),
            rows=rows,
            charts=[level_chart(grid)],
        )
    )
