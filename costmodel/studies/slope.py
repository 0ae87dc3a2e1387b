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

from costmodel.core.arrays import Floats, Ints
from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network
from costmodel.core.placing import place
from costmodel.core.quantities import MACHINE
from costmodel.errors import BadValue, Place
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.technology.fills import NO_TABLE, Follows, following, on_chip_node
from costmodel.studies.energy import drawn_power
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.general import General
from costmodel.studies.simulation import both, simulated
from costmodel.studies.traffic_by_memory import RowTraffic, added, row_steps

ANY = HardwareProfile(name="any machine", source="none was named")
POINTS = 48
"""Memories at which rows are fused, evenly over octaves."""
NEAR = 1.1
"""The knee: the least memory that moves at most so many times the compulsory bytes."""


@dataclass(frozen=True, eq=False)
class SlopeCurve:
    """A step function: from each memory on [B], the least external bytes [B], shape (S,) each."""

    id: str
    """The id of the row; the network's name for all rows together."""
    memory: Ints
    external: Ints

    @property
    def compulsory(self) -> int:
        """What crosses the bus once whatever the memory [B]."""
        return int(self.external[-1])

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
        """The curve under the names of the JSON report."""
        return {
            "id": self.id,
            "memory_bytes": self.memory.tolist(),
            "external_bytes": self.external.tolist(),
            "compulsory_bytes": self.compulsory,
            "knee_bytes": self.knee,
        }


@dataclass(frozen=True, eq=False)
class Slope:
    """The curves of a network, nothing staying on chip from row to row.

    Of a run with `traffic` fused there is a further curve, in which rows run depth first.
    """

    run: Run
    present: float | None = None
    """The on-chip memory of the machine that was named [B]."""
    on_chip_node: Follows = NO_TABLE
    """The technology by whose table the energy of a byte on chip follows the memory, if any."""

    @cached_property
    def _steps(self) -> list[RowTraffic]:
        return row_steps(self.run.workload)

    @cached_property
    def rows(self) -> list[SlopeCurve]:
        """Every row's curve; rows that stream have one step."""
        named = self.run.workload.rows
        return [SlopeCurve(named[one.row].id, one.memory, one.external) for one in self._steps]

    @cached_property
    def network(self) -> SlopeCurve:
        """All rows together, from the least memory in which all of them can be tiled."""
        total = added([(one.memory, one.external[:, None].astype(float)) for one in self._steps])
        external = total.values[:, 0].astype(np.int64)
        return SlopeCurve(self.run.network.name, total.memory, external)

    @cached_property
    def fused(self) -> SlopeCurve | None:
        """All rows together, in groups where that moves less; None where that was not asked.

        Exact at some memories; between two of them what the smaller one moves is enough.
        """
        placement, _, traffic = self.run.policies.models
        if not traffic.fuses:
            return None
        alone = self.network.memory
        endless = place(self.run.workload, math.inf, placement, traffic)
        most = max(int(alone[-1]), int(np.max(endless.held, initial=0)), 2)
        wanted = np.geomspace(max(int(alone[0]), 1), most, POINTS)
        memories = np.unique(np.append(np.ceil(wanted[:-1]).astype(np.int64), most))
        memories = memories[memories >= alone[0]]
        moved = place(self.run.workload, memories, placement, traffic).moved.total.sum(axis=1)
        falls = np.flatnonzero(np.diff(moved, prepend=moved[0] + 1))
        return SlopeCurve(self.run.network.name, memories[falls], moved[falls])

    @cached_property
    def energy(self) -> Floats | None:
        """The energy of a run at each memory of `network`, shape (S,) [J].

        None where no machine that states energies was named, or where what it draws all the time
        would need a rate that it does not state.
        """
        run, memory = self.run, self.network.memory.astype(float)
        paces = [run.machine[name] for name in ("bandwidth", "matrix", "host")]
        if run.energy is None or (drawn_power(run) and not all(map(math.isfinite, paces))):
            return None
        models = run.policies.models
        form = closed_form(run.workload, *models) or General(run.workload, *models)
        machine = following(self.on_chip_node, run.machine.replace(memory=memory))
        columns = form.columns(machine, len(memory), ("energy",))
        return np.array(np.broadcast_to(columns["energy"], memory.shape), dtype=float)

    def row(self, name: str) -> SlopeCurve:
        """The curve of one row. Raises BadValue for an unknown one."""
        curves = {curve.id: curve for curve in self.rows}
        if name not in curves:
            near = get_close_matches(name, curves, 3, 0.5)
            remedy = f"did you mean {' or '.join(near)}?" if near else "'simulate' prints the ids"
            raise BadValue(f"there is no row '{name}'", remedy)
        return curves[name]

    @property
    def marks(self) -> list[str]:
        """What is not in the curves, in words; empty where all is."""
        missing = self.run.network.facts.missing
        return [missing] if missing else []

    @property
    def record(self) -> dict[str, Any]:
        """The figures of all curves, under the names of the JSON report."""
        energies = {} if self.energy is None else {"energy_J": self.energy.tolist()}
        return {
            "network": self.network.record | energies,
            "rows": [curve.record for curve in self.rows],
            **({} if self.fused is None else {"fused": self.fused.record}),
            **({} if self.present is None else {"present_memory_bytes": self.present}),
            "marks": self.marks,
            "provenance": self.run.provenance,
        }


def slope(
    arch: str | Path | Network,
    hw: str | Path | HardwareProfile | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    batch: int = 1,
    dtype: str | None = None,
    passes: Sequence[str | Pass] | None = None,
    traffic: str | None = None,
) -> Slope:
    """Work out how few bytes must cross the bus, as a function of the on-chip memory.

    Nothing stays on chip from row to row. Source: docs/tiling.md.

    Parameters
    ----------
    arch : str, Path or Network
        The network, as `simulate` takes it.
    hw : str, Path or HardwareProfile, optional
        The machine tells its memory, its element type, the width of its sums and whether it has
        second buffers; without one, elements are fp32 unless `dtype` says otherwise.
    settings : mapping, optional
        Variables of the architecture, and their values.
    batch : int
        Samples that one run computes at once [count].
    dtype : str, optional
        The element type, such as 'fp16' or 'int8'.
    passes : sequence of str or Pass, optional
        What rewrites the graph, one after the other; by default the passes of the profile.
    traffic : {'tiled', 'fused'}, optional
        'fused' adds the curve of rows that run depth first, at 48 memories.

    Returns
    -------
    Slope
        The step function of the `network` and those of its `rows`, memories and external bytes of
        shape (S,) each [B].

    Raises
    ------
    InputError
        With every mistake in the files and options.

    Examples
    --------
    AlexNet's 62 378 344 parameters, in fp32, cross the bus whatever the memory, and maps besides.

    >>> curve = slope("alexnet").network
    >>> curve.compulsory > 4 * 62378344, curve.at(1e12) == curve.compulsory
    (True, True)

    """
    if traffic not in (None, "tiled", "fused"):
        what = f"traffic '{traffic}' has no curve over the memory"
        raise BadValue(what, "use tiled or fused").at(Place("--traffic"))
    network, profile, hw_file = both(arch, ANY if hw is None else hw, settings)
    endless = profile.model_copy(update={"on_chip_memory": math.inf, "usable": None})
    run = simulated(
        network,
        endless,
        hw_file=hw_file,
        batch=batch,
        choices={"placement": "all_external", "traffic": traffic or "tiled", "dtype": dtype},
        passes=passes,
        given=list(MACHINE),
    )
    present = profile.machine(run.policies.dtype, ()).memory
    node = on_chip_node(profile, run.policies.dtype)
    return Slope(run, present if math.isfinite(present) else None, node)
