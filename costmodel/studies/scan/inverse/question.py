"""A question about one figure of a machine, put to the closed form of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from costmodel.core.machine import Machine
from costmodel.core.quantities import MachineQuantity
from costmodel.errors import BadValue
from costmodel.language import units
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.overlapped import Overlapped
from costmodel.studies.scan.forms.surface import Surface
from costmodel.studies.scan.inverse import joules
from costmodel.studies.scan.inverse.target import Answer, Bound, Reached


def form_of(run: Run) -> Surface | Overlapped:
    """The closed form of a run. Raises BadValue where it has none."""
    form = closed_form(run.workload, *run.policies.models)
    if run.workload.hierarchy is not None:
        names = ", ".join(run.workload.hierarchy.names)
        what = f"a machine with the levels {names} has no closed form of its time alone"
        raise BadValue(what, "scan the figure: --axis hw.levels.NAME.size, hw.bandwidth, ...")
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
    assert isinstance(form, Surface | Overlapped)
    return form


@dataclass(frozen=True, eq=False)
class Question:
    """A run's closed form on its machine, asked about one figure of it."""

    form: Surface | Overlapped
    machine: Machine
    quantity: MachineQuantity
    marks: Mapping[str, str] = field(default_factory=dict)
    """The engines of the run that compute in a wider type than was asked for."""
    on_energy: bool = False
    """True: it is asked about for the energy of a run."""

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

    def time_at(self, value: float) -> float:
        """The total time with another value of the figure [s]."""
        return float(self.form.total_time(self._with(value))[0])

    @property
    def energy(self) -> float:
        """The energy on the machine, which states some [J]."""
        return float(np.sum(joules.total(self.form, self.lanes, self.machine)))

    def answer(
        self, value: float | None, met: bool, why: str, reached: Reached | None = None
    ) -> Answer:
        """An answer about the figure; without `reached` that of the run itself is told."""
        taken = reached or Reached(self.time, self.energy if self.on_energy else None)
        told = told_beside(self.marks, self.quantity.word)
        word, unit, crossing = self.quantity.word, self.unit, self.crossing
        return Answer(word, value, unit, taken.time, met, why, crossing, told, taken.energy)

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

    @property
    def weight(self) -> float:
        """What the time, or the energy that is asked about, has of the figure; 0: nothing."""
        return joules.weight(self) if self.on_energy else self.work

    def stretch(self, limit: Bound) -> Stretch | None:
        """How the time, or the energy, follows the figure; None where the formula is bisected.

        The `limit` is on the time [s], or on the energy [J].
        """
        if not self.on_energy:
            return self._time_stretch()
        fields = self.quantity.fields
        if joules.sets_time_and_energy(fields):
            return None
        if counts := joules.counts(self, fields):
            free = replace(self, machine=self._with(self.quantity.idle))
            return Stretch(counts, free.energy)
        seconds = joules.seconds(self.lanes, self.machine, limit)
        times = None if seconds is None else self._time_stretch()
        if times is None:
            return None
        drawn, counted = joules.power(self.machine), joules.counted(self.lanes, self.machine)
        return Stretch(drawn * times.work, drawn * times.rest + float(counted), exact=False)

    def _time_stretch(self) -> Stretch | None:
        """None where rows take the longer of two times, and the formula is bisected."""
        adds = isinstance(self.form, Surface)
        return Stretch(self.work, self.rest) if adds else None


class Stretch(NamedTuple):
    """Values of a rate r between which T = work / r + rest, or E where the energy is bounded.

    Through 6 s at a rate of 2 and 4 s at a rate of 4 go a work of 8 and a rest of 2 s.
    """

    work: float
    rest: float
    """[s], or [J]"""
    exact: bool = True
    """False: it is worked out from the difference of two times, which rounding spoils."""

    def value(self, limit: float, *, faster: bool) -> float:
        """The rate at which a run takes so long, or the time where no figure is `faster`.

        It is endless, or none at all, where the rest takes as long or longer.
        """
        spare = max(limit - self.rest, 0.0)
        if not faster:
            return spare / self.work if self.work else 0.0
        return self.work / spare if spare else math.inf


def told_beside(marks: Mapping[str, str], *asked: str) -> tuple[str, ...]:
    """What is told of widened engines whose rates are not what is `asked` for."""
    return tuple(what for word, what in marks.items() if word not in asked)


def rest_of(form: Surface | Overlapped, machine: Machine, *quantities: MachineQuantity) -> float:
    """The time that does not depend on some figures [s]."""
    for quantity in quantities:
        machine = machine.with_quantity(quantity, quantity.idle)
    return float(form.total_time(machine)[0])


def stated(question: Question) -> Question:
    """The question, if the machine states the figure it asks about. Raises BadValue."""
    word = question.quantity.word
    if any(question.machine[name] is None for name in question.quantity.fields):
        group, _, name = word.rpartition(".")
        added = f"{group}: {{{name}: ...}}" if group else f"{word}: ..."
        raise BadValue(f"the profile states no '{word}'", f"add '{added}' to it, and ask again")
    return question
