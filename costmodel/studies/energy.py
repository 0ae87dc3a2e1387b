"""The energy of runs: what it needs, where it goes, and what a machine leaves out of it."""

from __future__ import annotations

from collections.abc import Sequence

from costmodel.core.terms import ENERGY, SECONDS, entries
from costmodel.errors import BadValue
from costmodel.studies.evaluated import Evaluated

REMEDY = "state e.g. 'energy: {external_byte: 20 pJ, static: 1 W}' or a 'technology' in it"


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
