"""Two rates can together just meet a target.

They lie on the curve w1 / r1 + w2 / r2 = what the rest leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from costmodel.core.quantities import MACHINE
from costmodel.errors import BadValue, did_you_mean
from costmodel.studies.energy import energy_of
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.form import energy
from costmodel.studies.scan.forms.surface import Surface
from costmodel.studies.scan.inverse import joules
from costmodel.studies.scan.inverse.question import (
    Question,
    form_of,
    rest_of,
    stated,
    told_beside,
)
from costmodel.studies.scan.inverse.solve import unmoved
from costmodel.studies.scan.inverse.target import Bound, Target

POINTS = 50
"""How many a curve has."""
NEAREST, FARTHEST = 1.01, 100.0
"""Times the least first rate; at 1 the second would be infinite."""


@dataclass(frozen=True)
class TradeOff:
    """Pairs of two rates [SI] with what a run takes there, or the reason why there is none."""

    resource: tuple[str, str]
    possible: bool
    reason: str
    points: list[dict[str, float]] = field(default_factory=list)
    marks: tuple[str, ...] = ()
    """The engines that compute in a wider type than was asked for."""

    def record(self) -> dict[str, Any]:
        """The answer as a record of the JSON file."""
        return {**vars(self), "resource": list(self.resource)}


def trade_off(run: Run, first: str, second: str, target: Target, count: int = POINTS) -> TradeOff:
    """Give `count` pairs of two rates that just meet a target.

    From where `second` would have to be infinite to where it no longer matters. Two rates that have
    1 B and 2 op to do in 3 s lie on 1 / r1 + 2 / r2 = 3: (1, 1), (2, 0.8), ...

    Parameters
    ----------
    run : Run
        A simulation whose models have a closed form that adds up.
    first, second : str
        Two different rates of the machine, such as 'bandwidth' and 'matrix'.
    target : Target
        A bound on the time, the throughput or the energy.
    count : int
        Points of the curve.

    Returns
    -------
    TradeOff
        The pairs [B/s, op/s], from the smallest first rate on.

    Raises
    ------
    BadValue
        For the same rate twice, something that is no rate, or a run without closed form.

    """
    if target.on_energy:
        energy_of(run)
    curve = _curve(run, (first, second), target, count)
    return replace(curve, marks=told_beside(run.marks, first, second))


def _curve(run: Run, words: tuple[str, str], target: Target, count: int) -> TradeOff:
    """The pairs of two rates, or the reason why there are none."""
    form = form_of(run)
    if not isinstance(form, Surface):
        raise BadValue(
            f"no trade-off curve under timing '{run.policies.timing}'", "use --timing serial"
        )
    first, second = words
    questions = [_rate(form, run, word, target) for word in words]
    if first == second:
        raise BadValue(f"'{first}' is named twice", "name two different rates")
    limit = target.limit(run.samples)
    if limit is None:
        fixed = unmoved(questions[0], target)
        reason = fixed.reason.replace(first, f"{first} or {second}")
        return TradeOff(words, fixed.possible, reason)
    seconds: Bound | None = limit
    if target.on_energy:
        seconds = joules.seconds(form, run.machine, limit)
    if seconds is None:
        why = f"the energy does not depend on {first} or {second}: no static power is stated"
        return TradeOff(words, bool(limit.met(energy_of(run))), why)
    curve = _within(form, run, questions, seconds, count)
    if not target.on_energy:
        return curve
    points = [
        one | {"energy_J": _energy_in(form, run, one["total_time_s"])} for one in curve.points
    ]
    return replace(curve, points=points)


def _within(
    form: Surface, run: Run, questions: list[Question], seconds: Bound, count: int
) -> TradeOff:
    """The pairs of two rates with which the run takes so many seconds, or why there are none."""
    first, second = words = (questions[0].quantity.word, questions[1].quantity.word)
    works = {question.quantity.word: question.work for question in questions}
    rest = rest_of(form, run.machine, *(question.quantity for question in questions))
    spare = seconds.value - rest
    idle = [word for word, work in works.items() if not work]
    if len(idle) == 2:
        return TradeOff(words, bool(seconds.met(rest)), f"nothing depends on {first} or {second}")
    if spare <= 0 and not seconds.at_most:
        return TradeOff(words, True, "any values meet it: the rest alone takes long enough")
    if spare <= 0:
        joule = f" and {_energy_in(form, run, rest):.6g} J" if questions[0].on_energy else ""
        why = f"impossible, because even with both infinite the run takes {rest:.6g} s{joule}"
        return TradeOff(words, False, why)
    if idle:
        other = first if idle == [second] else second
        why = f"nothing depends on {idle[0]}; {other} alone decides: solve --for {other}"
        return TradeOff(words, True, why)
    side = "smallest" if seconds.at_most else "largest"
    why = f"each {first} with the {side} {second} that meets the target"
    return TradeOff(words, True, why, _points(works, spare, rest, count))


def _energy_in(form: Surface, run: Run, seconds: float) -> float:
    """The energy of the run if it takes so long [J]."""
    return float(energy(run.machine, seconds, joules.counted(form, run.machine)))


def _rate(form: Surface, run: Run, word: str, target: Target) -> Question:
    """The question about one rate. Raises BadValue where the word is none."""
    rates = [name for name, q in MACHINE.items() if q.lane and q.more_is_faster]
    if word not in rates:
        raise BadValue(f"no trade-off curve over '{word}'", did_you_mean(word, rates))
    return stated(Question(form, run.machine, MACHINE[word], on_energy=target.on_energy))


def _points(
    works: dict[str, float], spare: float, rest: float, count: int
) -> list[dict[str, float]]:
    """Pairs whose times add up to `spare` [s], beside the `rest` of the run [s]."""
    (first, work), (second, other) = works.items()
    # with an infinite second rate
    least = work / spare
    points = []
    for value in np.geomspace(least * NEAREST, least * FARTHEST, count):
        needed = other / (spare - work / value)
        time = work / value + other / needed + rest
        points.append({first: float(value), second: float(needed), "total_time_s": float(time)})
    return points
