"""Which runs have a closed form, and how it is tabulated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from costmodel.core.amounts import bus_amounts, edges, on_and_off_chip
from costmodel.core.placement import Placement
from costmodel.core.timing import Timing
from costmodel.core.traffic import Traffic
from costmodel.core.workload import Workload
from costmodel.studies.scan.forms.level_surface import LevelSurface
from costmodel.studies.scan.forms.levels import level_surface
from costmodel.studies.scan.forms.overlapped import Overlapped
from costmodel.studies.scan.forms.step_table import step_table
from costmodel.studies.scan.forms.surface import Surface


def closed_form(
    workload: Workload, placement: Placement, timing: Timing, traffic: Traffic | None = None
) -> Surface | Overlapped | LevelSurface | None:
    """The closed form of a workload, or None where its models have none.

    The placement must keep nothing on chip, rows tiled or not, or be a threshold per tensor where
    each map crosses the bus once. The timing must add up; or take the longer of a row's two times,
    where no row works on both engines. There is none either where rows choose among algorithms on
    the link: the quickest depends on its figures; nor where rows run in groups. Of several levels
    on chip their bounds have one, under a timing that adds up.
    """
    costs = workload.costs
    hierarchy = workload.hierarchy
    on_both_engines = (costs.matrix_work != 0) & (costs.host_work != 0)
    overlaps = timing.overlaps and not on_both_engines.any() and hierarchy is None
    if not (timing.additive or overlaps) or len(costs.link_bytes) > 1:
        return None
    tiles = traffic is not None and traffic.tiles
    # operands that pass levels by are charged by where they go, which sums over rows do not tell
    searched = tiles and hierarchy is not None and (hierarchy.attained or not hierarchy.holds_all)
    if searched or (traffic is not None and traffic.fuses):
        return None
    if placement.keeps_nothing:
        lanes = _by_row(workload)
    elif placement.threshold and not tiles:
        lanes = _threshold(workload)
    else:
        return None
    if hierarchy is not None:
        return level_surface(workload, hierarchy, lanes, whole=placement.keeps_nothing)
    if timing.additive:
        return lanes
    return Overlapped(replace(workload, rows=()), placement, timing, traffic, lanes=lanes)


def _by_row(workload: Workload) -> Surface:
    """The sum of all rows' step functions; below the least memory nothing is asked for."""
    from costmodel.studies.traffic_by_memory import row_falls, row_steps

    rows = row_steps(workload)
    least, falls = max(int(steps.memory[0]) for steps in rows), row_falls(rows)
    numbers = np.array([steps.row for steps in rows])
    inside = bus_amounts(falls.fewest, workload.costs, numbers) | {"on_chip_bytes": np.zeros(1)}
    outside = bus_amounts(falls.more, workload.costs, falls.row) | {"on_chip_bytes": np.zeros(1)}
    always = workload.row_amounts | inside
    return step_table(always, falls.memory, dict.fromkeys(always, np.zeros(1)) | outside, least)


def _threshold(workload: Workload) -> Surface:
    """Every map is outside until the memory is as large as it is."""
    inside, outside = on_and_off_chip(workload)
    _, tensor = edges(workload)
    return step_table(inside, workload.tensor_bytes[tensor], outside)
