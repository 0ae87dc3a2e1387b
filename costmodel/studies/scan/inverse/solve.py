"""Inverse questions about one resource, answered from the closed form.

Under a timing that adds, T = sum of amounts over rates (and counts times times), so a target t on
the time gives each figure directly: a rate r with work w and the rest's time c is w / (t - c), a
time is (t - c) over its count. Under `overlap` times fall with a rate all the same, and the formula
is bisected. The memory walks the tables of the closed form. Nothing is sampled, and the formula
itself is asked whether the answer meets the target.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.core.machine import Machine
from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.errors import BadValue, did_you_mean
from costmodel.language import units
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.overlapped import Overlapped
from costmodel.studies.scan.forms.surface import Surface
from costmodel.studies.scan.inverse.outermost import outermost
from costmodel.studies.scan.inverse.target import Answer, Bound, Target

MEMORY = MACHINE["on_chip_memory"]


def form_of(run: Run) -> Surface | Overlapped:
    """The closed form of a run. Raises BadValue where it has none."""
    form = closed_form(run.workload, *run.policies.models)
    if form is None and run.policies.traffic_model.fuses:
        raise BadValue(
            f"traffic '{run.policies.traffic}' runs rows in groups and has no closed form",
            "solve with traffic tiled, or scan the figure",
        )
    if form is None:
        raise BadValue(
            f"placement '{run.policies.placement}' with timing '{run.policies.timing}' has no "
            "closed form",
            "solve with placement per_tensor and timing serial or overlap",
        )
    return form


@dataclass(frozen=True, eq=False)
class Question:
    """A run's closed form on its machine, asked about one figure of it."""

    form: Surface | Overlapped
    machine: Machine
    quantity: MachineQuantity
    marks: Mapping[str, str] = field(default_factory=dict)
    """The engines of the run that compute in a wider type than was asked for."""

    @property
    def lanes(self) -> Surface:
        """What each lane takes by itself."""
        return self.form if isinstance(self.form, Surface) else self.form.lanes

    @property
    def unit(self) -> str:
        """The SI unit of the figure that is asked about."""
        return units.SI_UNITS[self.quantity.dimension]

    @property
    def time(self) -> float:
        """The total time on the machine [s]."""
        return float(self.form.total_time(self.machine)[0])

    def answer(self, value: float | None, met: bool, why: str, time: float | None = None) -> Answer:
        """An answer about the figure; without a `time` [s] the run's own one is told."""
        taken = self.time if time is None else time
        told = told_beside(self.marks, self.quantity.word)
        return Answer(self.quantity.word, value, self.unit, taken, met, why, self.crossing, told)

    def _with(self, value: Any) -> Machine:
        """The machine with another value of the figure."""
        return self.machine.with_quantity(self.quantity, value)

    @property
    def work(self) -> float:
        """What the figure has to do: bytes, operations, or a count, over the shares reached."""
        step = self.lanes.steps(self.machine.memory)
        return sum(
            float(amounts[step] if np.ndim(amounts) else amounts)
            for entry, amounts in self.lanes.summands(self.machine)
            if entry.figure in self.quantity.fields
        )

    @property
    def rest(self) -> float:
        """The time that does not depend on it [s]."""
        return rest_of(self.form, self.machine, self.quantity)

    @property
    def crossing(self) -> float | None:
        """The value at which it stops being the bottleneck: its time equals the largest other."""
        if not (work := self.work):
            return None
        free = self._with(self.quantity.idle)
        others = max(float(time) for time in self.lanes.times(free).values())
        if not others:
            return None
        return work / others if self.quantity.more_is_faster else others / work

    def just_meets(self, seconds: float) -> float:
        """The figure with which a run takes so many seconds, if lanes add up.

        A rate is infinite, a time 0, where the rest takes as long or longer.
        """
        spare = max(seconds - self.rest, 0.0)
        if not self.quantity.more_is_faster:
            return spare / self.work
        return self.work / spare if spare else math.inf


def told_beside(marks: Mapping[str, str], *asked: str) -> tuple[str, ...]:
    """What is told of widened engines whose rates are not what is `asked` for."""
    return tuple(what for word, what in marks.items() if word not in asked)


def rest_of(form: Surface | Overlapped, machine: Machine, *quantities: MachineQuantity) -> float:
    """The time that does not depend on some figures [s]."""
    for quantity in quantities:
        machine = machine.with_quantity(quantity, quantity.idle)
    return float(form.total_time(machine)[0])


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
        A bound on the time, the throughput or the external bytes. For one that much work meets
        (``total_time >= ...``) the largest figure is given; for a launch, a time itself, it is the
        other way round.

    Returns
    -------
    Answer
        The figure [SI]; without a value where the target cannot be met, or any figure meets it.

    Raises
    ------
    BadValue
        For an unknown resource, one that the machine does not state, or a run without closed form.

    """
    if resource not in MACHINE:
        known = [*MACHINE, "batch", "context", "prompt"]
        raise BadValue(f"unknown resource '{resource}'", did_you_mean(resource, known))
    question = stated(Question(form_of(run), run.machine, MACHINE[resource], run.marks))
    target = target.on(run)
    seconds = target.seconds(run.samples)
    if question.quantity is MEMORY:
        return _memory(run, question, target, seconds)
    if seconds is None:
        return unmoved(question, target)
    return _pace(run, question, target, seconds)


def stated(question: Question) -> Question:
    """The question, if the machine states the figure it asks about. Raises BadValue."""
    word = question.quantity.word
    if question.machine[question.quantity.field] is None:
        group, _, name = word.rpartition(".")
        added = f"{group}: {{{name}: ...}}" if group else f"{word}: ..."
        raise BadValue(f"the profile states no '{word}'", f"add '{added}' to it, and ask again")
    return question


def unmoved(question: Question, target: Target) -> Answer:
    """The answer where the bytes over the bus are bounded and rates asked for."""
    word = question.quantity.word
    moved = float(question.lanes.external_bytes(question.machine.memory))
    why = f"external_bytes do not depend on {word}; they are {moved:.0f} B"
    return question.answer(None, bool(target.bound.met(moved)), why)


def _pace(run: Run, question: Question, target: Target, seconds: Bound) -> Answer:
    """Answer for a rate or a launch r with work w, where the rest takes the time c.

    For a rate, w / r + c stands against the limit; for a launch, w r + c does. The value is where
    the formula itself, row by row, just meets it.
    """
    word, faster = question.quantity.word, question.quantity.more_is_faster

    def time_at(value: float) -> float:
        return float(run.on(run.machine.with_quantity(question.quantity, value)).total_time)

    def meets(value: float) -> bool:
        return bool(target.met_in(time_at(value), run.samples))

    least = time_at(question.quantity.idle)
    if question.work == 0:
        return question.answer(None, bool(seconds.met(least)), f"nothing depends on {word}")
    if not seconds.at_most and seconds.met(least):
        return question.answer(None, True, "any value meets it")
    adds, smallest = isinstance(question.form, Surface), seconds.at_most == faster
    start = question.just_meets(seconds.value)
    endless = adds and start == math.inf
    if endless and not seconds.at_most:
        return question.answer(None, True, "any value meets it")
    value = None
    if not seconds.at_most or (seconds.value >= least and not endless):
        value = outermost(meets, start, smallest=smallest, known=adds)
    if value is None:
        best = f"infinite {word}" if faster else f"no {word} at all"
        why = f"impossible, because even with {best} the run takes {least:.6g} s"
        return question.answer(None, False, why, least)
    why = f"the {'smallest' if smallest else 'largest'} {word} that meets the target"
    return question.answer(value, True, why, time_at(value))


def _memory(run: Run, question: Question, target: Target, seconds: Bound | None) -> Answer:
    """Walk the steps of the tables: the first memory that meets the target, or the last."""
    lanes = question.lanes
    # [B] the smallest memory of each step
    steps = lanes.sizes if lanes.least else np.concatenate([[1.0], lanes.sizes])
    times = np.array(question.form.total_time(question.machine.replace(memory=steps)))
    bound, value, unit = seconds or target.bound, times, "s"
    # rounding decides at the bound itself: there the formula says
    near = () if seconds is None else np.flatnonzero(np.abs(times / seconds.value - 1) < 1e-9)
    for step in near:
        times[step] = run.on(run.machine.replace(memory=float(steps[step]))).total_time
    if seconds is None:
        value, unit = lanes.external_bytes(steps), "B"
    met = np.flatnonzero(bound.met(value) if seconds is None else target.met_in(times, run.samples))
    least, (size, side) = bound.at_most, ("unlimited", "smallest")
    if not least:
        size, side = "no", "largest"
    if not len(met):
        best, time = (float(each.min() if least else each.max()) for each in (value, times))
        why = f"impossible, because even with {size} on-chip memory it is {best:.6g} {unit}"
        return question.answer(None, False, why, time)
    first = int(met[0] if least else met[-1])
    if not least and first == len(steps) - 1:
        return question.answer(None, True, "any value meets it")
    needed = float(steps[first]) if least else float(steps[first + 1]) - 1
    why = f"the {side} on-chip memory that meets the target"
    return question.answer(needed, True, why, float(times[first]))
