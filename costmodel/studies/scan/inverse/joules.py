"""What a bound on the energy says of a figure: the energy is linear in it, or in the time it sets.

    E = N + P T

with N the energy of what is counted (bytes, operations), P the power that is drawn all the time and
T the total time. A bound on E is therefore one of (E - N) / P on T where a figure sets times alone;
an energy per count e with n counts is (E - rest) / n, and the power itself (E - N) / T. For example
5 mJ, of which 2 mJ are counted, at 1 W leave 3 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.core.lanes import ENERGY, RUN_LANES, SECONDS
from costmodel.core.machine import Machine
from costmodel.core.terms import entries, paced_by
from costmodel.studies.scan.forms.form import energy
from costmodel.studies.scan.inverse.target import Bound

if TYPE_CHECKING:
    from costmodel.studies.scan.forms.overlapped import Overlapped
    from costmodel.studies.scan.forms.surface import Surface
    from costmodel.studies.scan.inverse.question import Question


def counted(lanes: Surface, machine: Machine) -> Any:
    """Energy of what is counted, at points of one shape [J]."""
    return lanes.sum_of(machine, ENERGY)


def power(machine: Machine) -> Any:
    """Power that is drawn all the time [W]; 0 where the machine states none."""
    return sum(
        entry.applied(1.0, machine[entry.figure])
        for entry in entries(machine.figures, ENERGY)
        if entry.amounts == (SECONDS,)
    )


def total(form: Surface | Overlapped, lanes: Surface, machine: Machine) -> Any:
    """Energy of runs on machines that state energies, at points of one shape [J]."""
    return energy(machine, form.total_time(machine), counted(lanes, machine))


def seconds(lanes: Surface, machine: Machine, joules: Bound) -> Bound | None:
    """A bound on the energy [J] as one on the time [s]; None where no time takes any energy."""
    drawn = float(power(machine))
    if not drawn:
        return None
    spare = joules.value - float(np.asarray(counted(lanes, machine)))
    return Bound(joules.sign, spare / drawn)


def weight(question: Question) -> float:
    """The energy of a unit of what a figure has to do, and of its counts, all together.

    It is 0 where the energy does not depend on the figure.
    """
    machine, fields = question.machine, question.quantity.fields
    return float(power(machine)) * question.work + counts(question, fields)


def counts(question: Question, fields: tuple[str, ...]) -> float:
    """How many counts, or how long a time, the energies among some figures are multiplied with."""
    step, known = question.lanes.steps(question.machine.memory), question.machine.figures
    drawn = any(
        entry.figure in fields for entry in entries(known, ENERGY) if entry.amounts == (SECONDS,)
    )
    return (question.time if drawn else 0.0) + sum(
        float(amounts[step] if np.ndim(amounts) else amounts)
        for entry, amounts in question.lanes.summands(question.machine, ENERGY)
        if entry.figure in fields
    )


def sets_time_and_energy(fields: tuple[str, ...]) -> bool:
    """True where figures pace both, so that the energy is linear in neither."""
    lanes = {term.lane for term in paced_by(fields)}
    return ENERGY in lanes and bool(lanes & RUN_LANES.keys())
