"""THE formula as a form, for any placement, traffic and timing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from costmodel.core.formula import Result, evaluate
from costmodel.core.machine import Machine
from costmodel.core.placement import Placement
from costmodel.core.placing import place
from costmodel.core.timing import Timing
from costmodel.core.traffic import Traffic
from costmodel.core.workload import Workload
from costmodel.errors import BadValue, Place
from costmodel.studies.scan.forms.form import NO_COUNTS, TIMES, Columns, Form, Words

VALUES = 1 << 17
"""Rows times points that are evaluated at once."""


@dataclass(frozen=True, eq=False)
class General(Form):
    """A workload and the models that the formula asks."""

    path: ClassVar[str] = "general"
    workload: Workload
    placement: Placement
    timing: Timing
    traffic: Traffic | None = None

    @property
    def asked(self) -> Mapping[Any, Any]:
        """The amounts of each row that are the same in any memory (R,)."""
        return self.workload.row_amounts

    def columns(
        self, machine: Machine, points: int, wanted: Words = TIMES, counts: Columns = NO_COUNTS
    ) -> Columns:
        """Sum the rows of the formula, a few rows times points at a time."""
        step = max(1, VALUES // max(len(self.workload.macs), 1))
        whole = machine.replace(bandwidth=np.broadcast_to(machine.bandwidth, points))
        cuts = (slice(at, at + step) for at in range(0, points, step))
        capacities, placed = machine.capacities, None
        memories = _distinct(capacities)
        models = (self.placement, self.timing, self.traffic)
        try:
            if memories <= step:
                placed = place(self.workload, capacities, self.placement, self.traffic)
            pieces = [
                _summed(evaluate(self.workload, whole.part(cut), *models, placed=placed), wanted)
                for cut in cuts
            ]
        except BadValue as error:
            raise error.at(Place(_memory_axis(self.workload))) from None
        return {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]}


def _distinct(capacities: tuple[Any, ...]) -> int:
    """How many sizes, or combinations of sizes of levels, stand at all points."""
    if len(capacities) == 1:
        return len(np.unique(capacities[0]))
    each = np.broadcast_arrays(*(np.atleast_1d(size) for size in capacities))
    return len(np.unique(np.stack(each, axis=1), axis=0))


def _memory_axis(workload: Workload) -> str:
    """The axis that is told where tiles do not fit."""
    if workload.hierarchy is None:
        return "hw.on_chip_memory"
    return f"hw.levels.{workload.hierarchy.names[0]}.size"


def _summed(result: Result, wanted: Words) -> dict[str, Any]:
    """The outputs `wanted` and two more, all rows together, at the points of a result (N,)."""
    sums: dict[str, Any] = {"total_time": result.total_time, "overhead_time": result.overhead}
    for word, times in result.all_lanes.items():
        if f"{word}_time" in wanted:
            sums[f"{word}_time"] = times.sum(axis=-1)
    if "external_bytes" in wanted:
        sums["external_bytes"] = result.placed.moved.total.sum(axis=-1)[result.point]
    if "energy" in wanted and (energy := result.total_energy) is not None:
        sums["energy"] = energy
    points = np.shape(result.machine.bandwidth)
    return {word: np.broadcast_to(value, points) for word, value in sums.items()}
