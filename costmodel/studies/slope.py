"""How much crosses the bus as a function of the on-chip memory: a network's slope, row by row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.core.arrays import Ints
from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network
from costmodel.core.quantities import MACHINE
from costmodel.errors import BadValue
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.run import Run
from costmodel.studies.simulation import both, simulated
from costmodel.studies.traffic_by_memory import RowTraffic, added, row_steps

ANY = HardwareProfile(name="any machine", source="none was named")
NEAR = 1.1
"""The knee: the least memory that moves at most so many times the compulsory bytes."""


@dataclass(frozen=True, eq=False)
class SlopeCurve:
    """A step function: from each memory on, the least external bytes (S,) [B]."""

    id: str
    """Of the row; the network's name for all rows together."""
    memory: Ints
    external: Ints
    compulsory: int
    """What crosses the bus once whatever the memory [B]."""

    @property
    def knee(self) -> int:
        """The least memory that moves at most `NEAR` times the compulsory bytes [B]."""
        return int(self.memory[np.argmax(self.external <= NEAR * self.compulsory)])

    def at(self, memory: float) -> int | None:
        """What moves in a memory [B]; None below the smallest tiles."""
        step = int(np.searchsorted(self.memory, memory, side="right")) - 1
        return int(self.external[step]) if step >= 0 else None

    @property
    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "id": self.id,
            "memory_bytes": self.memory.tolist(),
            "external_bytes": self.external.tolist(),
            "compulsory_bytes": self.compulsory,
            "knee_bytes": self.knee,
        }


@dataclass(frozen=True, eq=False)
class Slope:
    """The curves of a network, nothing staying on chip from row to row."""

    run: Run
    present: float | None = None
    """The on-chip memory of the machine that was named [B]."""

    @cached_property
    def _steps(self) -> list[RowTraffic]:
        return row_steps(self.run.workload)

    @cached_property
    def rows(self) -> list[SlopeCurve]:
        """Every row's curve; rows that stream have one step."""
        named = self.run.workload.rows
        return [
            SlopeCurve(named[one.row].id, one.memory, one.external, int(one.external[-1]))
            for one in self._steps
        ]

    @cached_property
    def network(self) -> SlopeCurve:
        """All rows together, from the least memory in which all of them can be tiled."""
        total = added([(one.memory, one.external[:, None].astype(float)) for one in self._steps])
        external = total.values[:, 0].astype(np.int64)
        return SlopeCurve(self.run.network.name, total.memory, external, int(external[-1]))

    def row(self, name: str) -> SlopeCurve:
        """The curve of one row. Raises BadValue for an unknown one."""
        found = {curve.id: curve for curve in self.rows}
        if name not in found:
            near = get_close_matches(name, found, 3, 0.5)
            remedy = f"did you mean {' or '.join(near)}?" if near else "'simulate' prints the ids"
            raise BadValue(f"there is no row '{name}'", remedy)
        return found[name]

    @property
    def record(self) -> dict[str, Any]:
        """For JSON."""
        network = self.network.record
        rows = [curve.record for curve in self.rows]
        present = {} if self.present is None else {"present_memory_bytes": self.present}
        return {"network": network, "rows": rows, **present, "provenance": self.run.provenance}


def slope(
    arch: str | Path | Network,
    hw: str | Path | HardwareProfile | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    batch: int = 1,
    dtype: str | None = None,
    passes: Sequence[str | Pass] | None = None,
) -> Slope:
    """Least external bytes of a network as a function of the on-chip memory.

    A machine tells its memory, its element type, the width of its sums and whether it has second
    buffers; without one, elements are fp32 unless `dtype` says otherwise. Raises InputError with
    every mistake. Source: docs/tiling.md.
    """
    network, profile, hw_file = both(arch, ANY if hw is None else hw, settings)
    endless = profile.model_copy(update={"on_chip_memory": math.inf, "usable": None})
    choices = {"placement": "all_external", "traffic": "tiled", "dtype": dtype}
    run = simulated(
        network,
        endless,
        hw_file=hw_file,
        batch=batch,
        choices=choices,
        passes=passes,
        given=list(MACHINE),
    )
    present = profile.machine(run.policies.dtype, ()).memory
    return Slope(run, present if math.isfinite(present) else None)
