"""The on-chip memory that meets a target: a walk over the steps of the closed form's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from costmodel.core.arrays import Array, Floats
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse import joules
from costmodel.studies.scan.inverse.target import Answer, Reached, Target

if TYPE_CHECKING:
    from costmodel.studies.scan.inverse.question import Question


def memory_that_meets(run: Run, question: Question, target: Target) -> Answer:
    """Give the first memory that meets the target, or the last; the time falls with the memory.

    The energy need not, where a byte on chip takes more than one over the bus: then the first that
    meets a bound from above is given whatever larger ones take.
    """
    limit, lanes = target.limit(run.samples), question.lanes
    # [B] the smallest memory of each step
    steps = lanes.sizes if lanes.least else np.concatenate([[1.0], lanes.sizes])
    at_steps = question.machine.replace(memory=steps)
    times = np.array(question.form.total_time(at_steps))
    energies = _energies(question, steps)
    # what stands against the limit, and its unit
    values, unit = (times, "s") if energies is None else (energies, "J")
    if limit is None:
        values, unit = lanes.external_bytes(steps), "B"
    # rounding decides at the bound itself: there the formula says
    near = () if limit is None else np.flatnonzero(np.abs(values / limit.value - 1) < 1e-9)
    for step in near:
        values[step] = target.reached(run.on(run.machine.replace(memory=float(steps[step]))))
    meets = target.bound.met(values) if limit is None else target.met_in(values, run.samples)
    met, bound = np.flatnonzero(meets), limit or target.bound
    least, (size, side) = bound.at_most, ("unlimited", "smallest")
    if not least:
        size, side = "no", "largest"

    def answer(step: int, value: float | None, possible: bool, why: str) -> Answer:
        energy = None if energies is None else float(energies[step])
        return question.answer(value, possible, why, Reached(float(times[step]), energy))

    if not len(met):
        best = int(values.argmin() if least else values.argmax())
        if values[-1 if least else 0] != values[best]:
            size = f"{steps[best]:.0f} B of"
        why = f"impossible, because even with {size} on-chip memory it is {values[best]:.6g} {unit}"
        return answer(best, None, False, why)
    first = int(met[0] if least else met[-1])
    if not least and first == len(steps) - 1:
        rising = "any value meets it"
        if len(met) < len(steps):
            rising = f"any on-chip memory from {steps[_last_gap(met)]:.0f} B on meets it"
        return question.answer(None, True, rising)
    needed = float(steps[first]) if least else float(steps[first + 1]) - 1
    return answer(first, needed, True, f"the {side} on-chip memory that meets the target")


def _energies(question: Question, steps: Floats) -> Floats | None:
    """The energy at each memory [J]; None where it is not asked about."""
    if not question.on_energy:
        return None
    at_steps = question.machine.replace(memory=steps)
    total = joules.total(question.form, question.lanes, at_steps)
    return np.array(np.broadcast_to(total, steps.shape), dtype=float)


def _last_gap(met: Array) -> int:
    """The first of the steps from which on every one meets the target; `met` ends with the last."""
    gaps = np.flatnonzero(np.diff(met) > 1)
    return int(met[gaps[-1] + 1] if len(gaps) else met[0])
