"""What a network costs over the sizes of two levels of a machine, each moving its own least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.graph_pass import Pass
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.errors import BadValue, Place, did_you_mean
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.technology.fills import following
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.form import TIMES
from costmodel.studies.scan.forms.level_surface import LevelSurface
from costmodel.studies.simulation import both, simulated

RULES = {"placement": "all_external", "traffic": "tiled", "timing": "serial"}
"""Those under which each level's least is known by itself."""
SIZES = 48
"""Of each level, evenly over its octaves."""


@dataclass(frozen=True, eq=False)
class LevelGrid:
    """Time and energy of a run over the sizes of two levels; bounds, which no schedule undercuts.

    A cell whose inner level would be larger than the outer one is not a number.
    """

    run: Run
    names: tuple[str, str]
    """The two levels, the outer one first."""
    sizes: tuple[Floats, Floats]
    """Their sizes (N,) and (M,), ascending [B]."""
    total_time: Floats
    """(N, M) [s]"""
    energy: Floats | None
    """(N, M) [J]; None where the machine states none."""

    @property
    def record(self) -> dict[str, Any]:
        """The figures under the names of the JSON report."""
        energy = None if self.energy is None else self.energy.tolist()
        return {
            "names": list(self.names),
            "sizes": [sizes.tolist() for sizes in self.sizes],
            "energy_J": energy,
            "total_time_s": self.total_time.tolist(),
        }


def level_grid(
    arch: str | Path | Network,
    hw: str | Path | HardwareProfile,
    levels: Sequence[str],
    *,
    settings: Mapping[str, Any] | None = None,
    batch: int = 1,
    dtype: str | None = None,
    passes: Sequence[str | Pass] | None = None,
) -> LevelGrid:
    """Work out what a network costs over the sizes of two levels of a machine.

    Parameters
    ----------
    arch, hw
        The network, and a machine that states its levels by name.
    levels : sequence of str
        The names of two levels on chip.
    settings, batch, dtype, passes
        As `slope` takes them.

    Returns
    -------
    LevelGrid
        Times [s] and energies [J] over both sizes [B], each level moving the least it could alone.

    Raises
    ------
    InputError
        With every mistake in the files and options.

    """
    network, profile, hw_file = both(arch, hw, settings)
    names = tuple(level.name for level in profile.levels)
    try:
        first, second = _chosen(levels, names[1:])
    except BadValue as error:
        raise error.at(Place("--levels")) from None
    run = simulated(
        network,
        profile,
        hw_file=hw_file,
        batch=batch,
        choices={**RULES, "dtype": dtype},
        passes=passes,
        bounded=True,
    )
    form = closed_form(run.workload, *run.policies.models)
    if not isinstance(form, LevelSurface):
        what = "operands pass levels by, so that sizes count together"
        raise BadValue(what, "scan the sizes instead").at(Place("--levels"))
    places = (names.index(first) - 1, names.index(second) - 1)
    sizes = tuple(_sizes(form, place, run.machine) for place in places)
    outer, inner = (grid.ravel() for grid in np.meshgrid(*sizes, indexing="ij"))
    machine = run.machine.replace(**{f"levels.{first}.size": outer, f"levels.{second}.size": inner})
    found = form.columns(following(run.on_chip_node, machine), len(outer), TIMES)
    shape = (len(sizes[0]), len(sizes[1]))
    inside = inner <= outer
    time, energy = (
        None
        if found.get(word) is None
        else np.where(inside, np.broadcast_to(found[word], inner.shape), np.nan).reshape(shape)
        for word in ("total_time", "energy")
    )
    assert time is not None
    return LevelGrid(run, (first, second), (sizes[0], sizes[1]), time, energy)


def _chosen(levels: Sequence[str], names: Sequence[str]) -> tuple[str, str]:
    """The two levels in the machine's order, the outer one first. Raises BadValue."""
    if not names:
        raise BadValue("the profile states no levels by name", "add 'levels: [...]' to it")
    for word in levels:
        if word not in names:
            raise BadValue(f"no level '{word}' on chip", did_you_mean(word, names))
    if len(levels) != 2 or len(set(levels)) != 2:
        raise BadValue(f"{len(levels)} levels", "name two of them: --levels OUTER,INNER")
    first, second = sorted(levels, key=names.index)
    return first, second


def _sizes(form: LevelSurface, place: int, machine: Machine) -> Floats:
    """Sizes of one level from the smallest tiles on to where nothing changes any more."""
    tables = [one.surface for one in form.boundaries if place in one.levels]
    steps = np.unique(np.concatenate([one.sizes for one in tables]))
    least = max(1.0, *(one.least for one in tables))
    own = float(machine.capacities[place])
    most = max(float(steps[-1]) if len(steps) else own, least, own)
    even = np.geomspace(least, most, SIZES).round()
    return np.unique(np.concatenate([even[even >= least], [own] if own >= least else []]))
