"""The energy of runs: what it needs, where it goes, what it rests on, and what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from costmodel.core.density import DENSE
from costmodel.core.lanes import ENERGY, SECONDS
from costmodel.core.quantities import MACHINE
from costmodel.core.terms import entries, single_operations
from costmodel.errors import BadValue
from costmodel.hardware.technology.fills import fills_of
from costmodel.studies.evaluated import Evaluated
from costmodel.studies.levels import level_figures

REMEDY = "state e.g. 'energy: {external_byte: 20 pJ, static: 1 W}' or a 'technology' in it"
PARTS = {
    "external_byte_energy": "external memory",
    "on_chip_byte_energy": "on-chip memory",
    "mac_energy": "multiply-adds",
    "operation_energy": "operations",
    "static_power": "static power",
}
"""How reports name what energy goes into, by the figure of the machine."""


def unstated(machines: Sequence[str]) -> BadValue:
    """Give the error of asking for the energy of machines that state none."""
    named = ", ".join(f"'{name}'" for name in machines)
    several = "s" if len(machines) > 1 else ""
    states = "state" if several else "states"
    return BadValue(f"the profile{several} {named} {states} no energy", REMEDY)


def energy_of(run: Evaluated) -> float:
    """Give the energy of a run [J]. Raises BadValue where its machine states none."""
    if run.energy is None:
        raise unstated([run.profile.name])
    return run.energy


def drawn_power(run: Evaluated) -> float:
    """Give the power that the machine of a run draws all the time [W]; 0 where it states none."""
    figures = run.machine.figures
    drawn = (e.figure for e in entries(figures, ENERGY) if e.amounts == (SECONDS,))
    return sum(float(figures[figure]) for figure in drawn)


def part_label(figure: str, level_names: Sequence[str] = ()) -> str:
    """Name what the energy of a figure of the machine goes into; of a level its own name."""
    if figure.startswith("level_"):
        return level_names[int(figure.rpartition("_")[2])]
    labels = (quantity.label for quantity in MACHINE.values() if figure in quantity.fields)
    return PARTS.get(figure) or next(labels, figure.replace("_", " "))


def parts(run: Evaluated) -> dict[str, float]:
    """Give the energy of a run by what it goes into [J]; the values add up to the total."""
    spent: dict[str, float] = {}
    for figure, energy in run.result.energy_by_figure.items():
        label = part_label(figure, run.machine.level_names)
        spent[label] = spent.get(label, 0.0) + float(energy)
    return spent


class EnergyStanding(NamedTuple):
    """How far an energy can be trusted."""

    grade: str
    """`stated` by the profile, or `assumed` where a table of technologies fills any of it."""
    reasons: tuple[str, ...]
    """What the figures rest on."""
    left_out: dict[str, str]
    """What costs nothing for want of a figure, by the word of the quantity, and why."""

    @property
    def line(self) -> str:
        """All in one line."""
        missing = [f"{word} ({why})" for word, why in self.left_out.items()]
        return "; ".join(
            [
                f"{self.grade}: {', '.join(self.reasons)}" if self.reasons else self.grade,
                *([f"left out: {', '.join(missing)}"] if missing else []),
            ]
        )

    def record(self) -> dict[str, Any]:
        """All under the names of the JSON report."""
        return {"grade": self.grade, "reasons": list(self.reasons), "left_out": self.left_out}


def energy_standing(run: Evaluated) -> EnergyStanding | None:
    """Say what is behind the energy of a run; None where its machine states none."""
    if run.energy is None:
        return None
    known, stated = fills_of(run.profile, run.policies.dtype), run.profile.energy
    missing = {word: known.unlisted.get(word, "not stated") for word in _left_out(run)}
    if stated is not None and stated.whole:
        missing = {}
    grade, reasons = ("assumed", [*known.reasons]) if known.figures else ("stated", [])
    if stated is not None and stated.basis:
        reasons.append(stated.basis)
    dense = all(row.density == DENSE for row in run.network.rows)
    if stated is not None and stated.gated and dense:
        reasons.append("zeros are gated, and no row says its 'density': every multiply-add counts")
    return EnergyStanding(grade, tuple(reasons), missing)


def _left_out(run: Evaluated) -> list[str]:
    """The energies that the machine does not have, of things that the run asks for."""
    asked, known = run.result.amounts, run.machine.figures
    work = "mac_energy" if "mac_energy" in known else "operation_energy"
    wanted = {
        "energy.external_byte": asked["external_bytes"],
        "energy.on_chip_byte": asked["external_bytes"] + asked["engine_bytes"],
        "energy.mac": asked["macs"] if work not in known else 0,
        "energy.operation": single_operations(asked),
        "energy.static": run.total_time,
    }
    levels = [
        name
        for name, one in zip(run.machine.level_names, level_figures(run), strict=True)
        if one.energy is None
    ]
    if run.machine.level_names:
        wanted = {word: wanted[word] for word in list(wanted)[2:]}
    return [f"levels.{name}" for name in levels] + [
        word
        for word, amount in wanted.items()
        if MACHINE[word].field not in known and np.any(np.asarray(amount) > 0)
    ]
