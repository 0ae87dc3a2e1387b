"""Two rates that together just meet a target: the curve w1 / r1 + w2 / r2 = what the rest leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.errors import BadValue, did_you_mean
from costmodel.run import Run
from costmodel.scan.solve import form_of, rest_of, unmoved, work
from costmodel.scan.target import Target

POINTS = 50  # of a curve
NEAREST, FARTHEST = 1.01, 100.0  # times the least first rate; at 1 the second would be infinite


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


def trade_off(run: Run, first: str, second: str, target: Target, count: int = POINTS) -> Curve:
    """`count` pairs of two rates that just meet a target on the time or the throughput.

    From where `second` would have to be infinite to where it no longer matters. Raises BadValue for
    the same rate twice, something that is no rate, or a run without closed form.
    """
    form, machine = form_of(run), run.machine
    todo = work(form, machine)
    for name in (first, second):
        if name not in todo:
            raise BadValue(f"no trade-off curve over '{name}'", did_you_mean(name, todo))
    if first == second:
        raise BadValue(f"'{first}' is named twice", "name two different rates")
    seconds, pair = target.seconds(run.policies.batch), (first, second)
    if seconds is None:
        fixed = unmoved(form, machine, target, first)
        return Curve(pair, fixed.possible, fixed.reason.replace(first, f"{first} or {second}"))
    rest = rest_of(form, machine, first, second)
    spare = seconds.value - rest
    idle = [name for name in pair if not todo[name]]
    if len(idle) == 2:
        return Curve(pair, bool(seconds.met(rest)), f"nothing depends on {first} or {second}")
    if not seconds.at_most and spare <= 0:
        return Curve(pair, True, "any values meet it: the rest alone takes long enough")
    if spare <= 0:
        return Curve(
            pair, False, f"impossible, because even with both infinite the run takes {rest:.6g} s"
        )
    if idle:
        other = first if idle[0] == second else second
        why = f"nothing depends on {idle[0]}; {other} alone decides: solve --for {other}"
        return Curve(pair, True, why)
    side = "smallest" if seconds.at_most else "largest"
    why = f"each {first} with the {side} {second} that meets the target"
    return Curve(pair, True, why, _points(pair, todo, spare, rest, count))


def _points(pair: tuple[str, str], todo: dict[str, float], spare: float, rest: float,
            count: int) -> list[dict[str, float]]:  # fmt: skip
    first, second = pair
    least = todo[first] / spare  # with infinite `second`
    points = []
    for value in np.geomspace(least * NEAREST, least * FARTHEST, count):
        needed = todo[second] / (spare - todo[first] / value)
        time = todo[first] / value + todo[second] / needed + rest
        points.append({first: float(value), second: float(needed), "total_time_s": float(time)})
    return points
