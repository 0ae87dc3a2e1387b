"""The tables of a machine with several levels on chip: what crosses each boundary, by its room."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from costmodel.core.amounts import boundary_amounts, edges
from costmodel.core.arrays import Ints
from costmodel.core.hierarchy import Hierarchy
from costmodel.core.terms import LEVEL_TERMS, Amount, every_amount
from costmodel.core.traffic import BusBytes, Crossing
from costmodel.core.workload import Workload
from costmodel.studies.scan.forms.level_surface import Boundary, LevelSurface
from costmodel.studies.scan.forms.step_table import step_table
from costmodel.studies.scan.forms.surface import Surface

NO_SIZE = np.zeros(1, dtype=np.int64)
WORDS = tuple(term.amount for term in LEVEL_TERMS if isinstance(term.amount, str))


def level_surface(
    workload: Workload, hierarchy: Hierarchy, bus: Surface, *, whole: bool
) -> LevelSurface:
    """Give the closed form of the bounds, whose bytes over the `bus` are tabulated already.

    Where a level's tiles are `whole` outside, rows move what their tiles ask for; else each map is
    outside until the outermost level is as large as it is, and crosses every boundary once.
    """
    names = [f"hw.levels.{name}.size" for name in hierarchy.names]
    outermost = _tiled(workload, 0, hierarchy) if whole else _threshold(workload)
    tables = [bus, outermost]
    places = [0, 0]
    for place in range(1, len(hierarchy.levels)):
        tables.append(_tiled(workload, place, hierarchy))
        places.append(place)
    tables.append(_engine(workload, len(hierarchy.levels)))
    places.append(0)
    nothing: dict[Amount, Any] = dict.fromkeys((*every_amount(), *WORDS), 0.0)
    return LevelSurface(
        tuple(
            Boundary(
                hierarchy.inside(place),
                replace(one, where=names[place], tables=nothing | dict(one.tables)),
            )
            for place, one in zip(places, tables, strict=True)
        )
    )


def _tiled(workload: Workload, place: int, hierarchy: Hierarchy) -> Surface:
    """What crosses between level `place` and the next one inside, which has that place on chip."""
    from costmodel.studies.traffic_by_memory import row_falls, row_steps

    alone = len(hierarchy.inside(place)) == 1
    double, straight = alone and hierarchy.levels[place].double, hierarchy.through(place)
    rows = row_steps(workload, double=double, straight=straight)
    falls, least = row_falls(rows), max(int(steps.memory[0]) for steps in rows)
    fewest, more = (_crossing(one) for one in (falls.fewest, falls.more))
    if place == len(hierarchy.levels) - 1 and workload.words is not None:
        fewest = fewest._replace(copied=workload.words.copied)
    return _table(place, fewest, more, falls.memory, least)


def _threshold(workload: Workload) -> Surface:
    """What crosses the bus where each map is outside until the memory is as large as it is."""
    read, written = workload.state_and_scratch
    always = Crossing(read + workload.param_bytes, written)
    _, tensor = edges(workload)
    readings = len(workload.in_tensor)
    moved = np.concatenate([workload.in_moved, workload.tensor_bytes[workload.out_tensor]])
    inwards = np.arange(len(moved)) < readings
    more = Crossing(np.where(inwards, moved, 0), np.where(inwards, 0, moved))
    return _table(0, always, more, workload.tensor_bytes[tensor], 0)


def _engine(workload: Workload, innermost: int) -> Surface:
    """What the engine takes and gives, whatever the sizes."""
    words = workload.words
    assert words is not None
    nothing = Crossing(np.zeros(1), np.zeros(1))
    return _table(innermost, Crossing(words.taken, words.given), nothing, NO_SIZE, 0)


def _crossing(moved: BusBytes) -> Crossing:
    return Crossing(moved.read + moved.params, moved.write)


def _table(outer: int, fewest: Crossing, more: Crossing, memory: Ints, least: int) -> Surface:
    """The amounts of the levels on both sides of a boundary."""
    nothing = dict.fromkeys(WORDS, np.zeros(1))
    inside = nothing | boundary_amounts(outer, fewest)
    return step_table(inside, memory, nothing | boundary_amounts(outer, more), least, WORDS)
