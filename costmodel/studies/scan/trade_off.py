"""Two rates can together just meet a target.

They lie on the curve w1 / r1 + w2 / r2 = what the rest leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.core.quantities import MACHINE
from costmodel.errors import BadValue, did_you_mean
from costmodel.studies.run import Run
from costmodel.studies.scan.solve import Question, form_of, rest_of, stated, unmoved
from costmodel.studies.scan.surface import Surface
from costmodel.studies.scan.target import Target

POINTS = 50
"""Of a curve."""
NEAREST, FARTHEST = 1.01, 100.0
"""Times the least first rate; at 1 the second would be infinite."""


@dataclass(frozen=True)
class Curve:
    """Pairs of two rates [SI], or the reason why there is none."""

    resource: tuple[str, str]
    possible: bool
    reason: str
    points: list[dict[str, float]] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """The JSON form."""
        return {**vars(self), "resource": list(self.resource)}


@dataclass(frozen=True)
class _Pair:
    """Two rates, and the work that each has to do [B or op]."""

    words: tuple[str, str]
    works: tuple[float, float]

    @property
    def idle(self) -> list[str]:
        """Those of the rates on which nothing depends."""
        return [word for word, work in zip(self.words, self.works, strict=True) if not work]

    def points(self, spare: float, rest: float, count: int) -> list[dict[str, float]]:
        """Pairs whose times add up to `spare` [s], beside the `rest` of the run [s]."""
        (first, second), (work, other) = self.words, self.works
        # with an infinite second rate
        least = work / spare
        points = []
        for value in np.geomspace(least * NEAREST, least * FARTHEST, count):
            needed = other / (spare - work / value)
            time = work / value + other / needed + rest
            points.append({first: float(value), second: float(needed), "total_time_s": float(time)})
        return points


def trade_off(run: Run, first: str, second: str, target: Target, count: int = POINTS) -> Curve:
    """`count` pairs of two rates that just meet a target on the time or the throughput.

    From where `second` would have to be infinite to where it no longer matters. Raises BadValue for
    the same rate twice, something that is no rate, or a run without closed form.
    """
    form = form_of(run)
    if not isinstance(form, Surface):
        raise BadValue(
            f"no trade-off curve under timing '{run.policies.timing}'", "use --timing serial"
        )
    questions = [_rate(form, run, word) for word in (first, second)]
    if first == second:
        raise BadValue(f"'{first}' is named twice", "name two different rates")
    seconds = target.seconds(run.samples)
    if seconds is None:
        fixed = unmoved(questions[0], target)
        reason = fixed.reason.replace(first, f"{first} or {second}")
        return Curve((first, second), fixed.possible, reason)
    pair = _Pair((first, second), (questions[0].work, questions[1].work))
    rest = rest_of(form, run.machine, *(question.quantity for question in questions))
    spare = seconds.value - rest
    possible, reason = _verdict(pair, spare, rest, seconds.at_most, bool(seconds.met(rest)))
    points = [] if reason else pair.points(spare, rest, count)
    side = "smallest" if seconds.at_most else "largest"
    why = reason or f"each {first} with the {side} {second} that meets the target"
    return Curve(pair.words, possible, why, points)


def _rate(form: Surface, run: Run, word: str) -> Question:
    """The question about one rate. Raises BadValue where the word is none."""
    rates = [name for name, q in MACHINE.items() if q.lane and q.more_is_faster]
    if word not in rates:
        raise BadValue(f"no trade-off curve over '{word}'", did_you_mean(word, rates))
    return stated(Question(form, run.machine, MACHINE[word]))


def _verdict(pair: _Pair, spare: float, rest: float, at_most: bool, met: bool) -> tuple[bool, str]:
    """Whether the target can be met, and why there is no curve; "" where there is one."""
    first, second = pair.words
    if len(pair.idle) == 2:
        return met, f"nothing depends on {first} or {second}"
    if not at_most and spare <= 0:
        return True, "any values meet it: the rest alone takes long enough"
    if spare <= 0:
        return False, f"impossible, because even with both infinite the run takes {rest:.6g} s"
    if pair.idle:
        other = first if pair.idle[0] == second else second
        return (
            True,
            f"nothing depends on {pair.idle[0]}; {other} alone decides: solve --for {other}",
        )
    return True, ""
