"""Inverse questions about one resource, answered from the closed form.

Under a timing that adds, T = sum of amounts over rates (and counts times times), so a target t on
the time gives each figure directly: a rate r with work w and the rest's time c is w / (t - c), a
time is (t - c) over its count. A bound on the energy is one on the time, or gives an energy figure
as simply (`costmodel.studies.scan.inverse.joules`). Under `overlap` times fall with a rate all the
same, and the formula is bisected. The memory walks the tables of the closed form (`solve_memory`).
Nothing is sampled, and the formula itself is asked whether the answer meets the target.
"""

from __future__ import annotations

import math

from costmodel.core.formula import Result
from costmodel.core.quantities import ALIASES, MACHINE
from costmodel.errors import BadValue
from costmodel.studies.energy import energy_of
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.outermost import outermost
from costmodel.studies.scan.inverse.question import Question, form_of, stated
from costmodel.studies.scan.inverse.solve_levels import solve_levels
from costmodel.studies.scan.inverse.solve_memory import memory_that_meets
from costmodel.studies.scan.inverse.solve_size import solve_size
from costmodel.studies.scan.inverse.target import Answer, Bound, Reached, Target

MEMORY = MACHINE["on_chip_memory"]


def solve(run: Run, resource: str, target: Target) -> Answer:
    """Find the least figure of the machine that meets a target, exactly.

    Under a strict bound it is the next number that a computer can hold.

    Parameters
    ----------
    run : Run
        A simulation; the machine's other figures stay as they are there.
    resource : str
        A figure that the machine states, such as 'bandwidth', 'on_chip_memory' or 'launch'.
    target : Target
        A bound on the time, the throughput, the energy or the external bytes. For one that much
        work meets (``total_time >= ...``) the largest figure is given; for a launch or an energy,
        which multiply a count, it is the other way round.

    Returns
    -------
    Answer
        The figure [SI]; without a value where the target cannot be met, or any figure meets it.

    Raises
    ------
    BadValue
        For an unknown resource, one that the machine does not state, a run without closed form, or
        a bound on the energy of a machine that states none.

    """
    resource = ALIASES.get(resource, resource)
    if resource not in MACHINE:
        return solve_size(run, resource, target)
    if target.on_energy:
        energy_of(run)
    quantity = MACHINE[resource]
    if run.workload.hierarchy is not None:
        return solve_levels(run, quantity, target)
    question = stated(Question(form_of(run), run.machine, quantity, run.marks, target.on_energy))
    target = target.on(run)
    limit = target.limit(run.samples)
    if quantity is MEMORY and target.on_energy and run.on_chip_node:
        raise BadValue(
            "the energy of a byte on chip follows the memory by the table of "
            f"{run.on_chip_node}, which has no steps to solve for",
            "scan hw.on_chip_memory, or state 'energy: {on_chip_byte: ...}'",
        )
    if quantity is MEMORY:
        return memory_that_meets(run, question, target)
    if limit is None:
        return unmoved(question, target)
    return _pace(run, question, target, limit)


def unmoved(question: Question, target: Target) -> Answer:
    """The answer where the bytes over the bus are bounded and rates asked for."""
    word = question.quantity.word
    moved = float(question.lanes.external_bytes(question.machine.memory))
    why = f"external_bytes do not depend on {word}; they are {moved:.0f} B"
    return question.answer(None, bool(target.bound.met(moved)), why)


def _pace(run: Run, question: Question, target: Target, limit: Bound) -> Answer:
    """Answer for a rate or a launch r with work w, where the rest takes the time c.

    For a rate, w / r + c stands against the limit; for what multiplies, w r + c does. The value is
    where the formula itself, row by row, just meets it. Energies are bounded in the same way.
    """
    word, faster = question.quantity.word, question.quantity.more_is_faster

    def result_at(value: float) -> Result:
        return run.on(run.machine.with_quantity(question.quantity, value))

    best = result_at(question.quantity.idle)
    least = target.reached(best)
    if question.weight == 0:
        return question.answer(None, bool(limit.met(least)), _independent(question))
    if not limit.at_most and limit.met(least):
        return question.answer(None, True, "any value meets it")
    stretch, smallest = question.stretch(limit), limit.at_most == faster
    start = stretch.value(limit.value, faster=faster) if stretch else None
    endless = start == math.inf
    if endless and not limit.at_most:
        return question.answer(None, True, "any value meets it")
    value = None
    if not limit.at_most or (limit.value >= least and not endless):
        own = run.machine[question.quantity.field]
        value = outermost(
            lambda v: bool(target.met_in(target.reached(result_at(v)), run.samples)),
            own if start is None else start,
            smallest=smallest,
            known=stretch is not None and stretch.exact,
        )
    if value is None:
        best_word = f"infinite {word}" if faster else f"no {word} at all"
        unit = "J" if target.on_energy else "s"
        why = f"impossible, because even with {best_word} the run takes {least:.6g} {unit}"
        return question.answer(None, False, why, _reached(question, best))
    why = f"the {'smallest' if smallest else 'largest'} {word} that meets the target"
    return question.answer(value, True, why, _reached(question, result_at(value)))


def _reached(question: Question, result: Result) -> Reached:
    """What a result takes, as an answer tells it."""
    energy = float(result.total_energy or 0.0) if question.on_energy else None
    return Reached(float(result.total_time), energy)


def _independent(question: Question) -> str:
    """Why nothing depends on the figure that is asked about."""
    word = question.quantity.word
    if question.on_energy and question.work:
        return f"the energy does not depend on {word}: the machine states no static power"
    return f"nothing depends on {word}"
