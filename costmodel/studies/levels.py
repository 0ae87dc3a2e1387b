"""What crosses each level of a machine that states its memories one by one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from costmodel.core.arrays import Array
from costmodel.studies.evaluated import Evaluated


class LevelFigures(NamedTuple):
    """One level, from the external memory inwards."""

    name: str
    bytes: Array
    """(R,) between it and the next level inside; of the innermost one the engine's words [B]."""
    bound: Array | None
    """(R,) what no schedule goes below [B]; None where no schedule was searched."""
    time: Array | None
    """(R,) that these bytes take [s]; None where no bandwidth is stated."""
    energy: Array | None
    """(R,) of what is read and written there [J]; None where no energy is stated."""

    @property
    def record(self) -> dict[str, Any]:
        """The figures of the whole run, under the names of the JSON report."""
        return {
            "name": self.name,
            "bytes": int(self.bytes.sum()),
            "bound_bytes": None if self.bound is None else int(self.bound.sum()),
            "time_s": None if self.time is None else float(self.time.sum()),
            "energy_J": None if self.energy is None else float(self.energy.sum()),
        }

    @property
    def gap(self) -> float | None:
        """By what share more crosses than the bound; None without one."""
        if self.bound is None or not self.bound.sum():
            return None
        return float(self.bytes.sum() / self.bound.sum()) - 1


def level_figures(run: Evaluated) -> list[LevelFigures]:
    """Give every level of a run's machine; none where it states none by name."""
    machine, result = run.machine, run.result
    bounds = [np.asarray(bound[result.point]) for bound in result.placed.bounds]
    levels = []
    for place, name in enumerate(machine.level_names):
        moved = np.asarray(result.amounts[f"level_bytes_{place}"][result.point])
        lane = "transfer" if place == 0 else f"level_{place}"
        levels.append(
            LevelFigures(
                name,
                moved,
                bounds[place] if place < len(bounds) else None,
                result.all_lanes.get(lane),
                _energy(run, place),
            )
        )
    return levels


def _energy(run: Evaluated, place: int) -> Array | None:
    """Joules of each row for what a level reads and writes (R,) [J]."""
    machine, result = run.machine, run.result
    ways = [way for way in ("read", "written") if f"level_{way}_energy_{place}" in machine.figures]
    spent = [
        result.amounts[f"level_{way}_{place}"][result.point]
        * machine[f"level_{way}_energy_{place}"]
        for way in ways
    ]
    return np.asarray(sum(spent)) if spent else None
