"""Energy, or time where no energy is stated, over the sizes of two levels: picture and words."""

from __future__ import annotations

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.language.units import show
from costmodel.report.chart import Chart, about, axis
from costmodel.report.numbers import columns, si
from costmodel.studies.level_grid import LevelGrid

NEAR = 1.1
"""The contour: within 10 % of the least there is."""


def shown(grid: LevelGrid) -> tuple[str, str, Floats]:
    """The word, the unit and the values of what is drawn."""
    if grid.energy is None:
        return "total time", "s", grid.total_time
    return "energy", "J", grid.energy


def level_chart(grid: LevelGrid) -> Chart:
    """A heat map over both sizes; the line encloses what comes within 10 % of the least."""
    word, unit, values = shown(grid)
    names, (outer, inner) = grid.names, grid.sizes
    near = (values <= NEAR * np.nanmin(values)).astype(int)
    # where the inner level would be the larger one nothing is drawn
    drawn = [[None if np.isnan(value) else value for value in row] for row in values.tolist()]
    return {
        "kind": "heat",
        "title": f"{word} over two sizes".capitalize(),
        "about": about(grid.run),
        "x": axis(f"size of {names[1]}", "B", log=True) | {"values": inner.tolist()},
        "y": axis(f"size of {names[0]}", "B", log=True) | {"values": outer.tolist()},
        "values": drawn,
        "unit": unit,
        "label": word,
        "bound": near,
        "regions": ["", "within 10 % of the least"],
        "note": "each level moves the least that it could alone: a lower bound",
    }


def level_lines(grid: LevelGrid) -> list[str]:
    """The least, the smallest sizes near it, and what the machine has."""
    word, unit, values = shown(grid)
    least = float(np.nanmin(values))
    near = np.argwhere(values <= NEAR * least)
    total = [grid.sizes[0][row] + grid.sizes[1][column] for row, column in near]
    row, column = near[int(np.argmin(total))]
    own = [float(grid.run.machine[f"levels.{name}.size"]) for name in grid.names]
    at = [int(np.searchsorted(sizes, size)) for sizes, size in zip(grid.sizes, own, strict=True)]
    table = [
        ["", *grid.names, word],
        ["least", "", "", si(least, unit)],
        ["within 10 %", *_sizes(grid, int(row), int(column)), si(float(values[row, column]), unit)],
    ]
    if all(place < len(sizes) for place, sizes in zip(at, grid.sizes, strict=True)):
        table.append(["as it is", *_sizes(grid, *at), si(float(values[at[0], at[1]]), unit)])
    return [
        *about(grid.run),
        "",
        *columns(table),
        "",
        "A lower bound: each level moves the least that it could alone. 'within 10 %' are the",
        "smallest sizes, added up, that come so near to the least.",
    ]


def _sizes(grid: LevelGrid, row: int, column: int) -> tuple[str, str]:
    return show(float(grid.sizes[0][row]), "memory"), show(float(grid.sizes[1][column]), "memory")
