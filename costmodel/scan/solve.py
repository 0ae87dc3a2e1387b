"""Inverse questions about one resource, answered from the closed form.

With T(BW, M, F, G) = W(M)/BW + A/F + B/G + C(M) a target t on the time gives each rate directly, e.g.
BW = W(M) / (t - A/F - B/G - C(M)); the memory walks the tables of W and C. Nothing is sampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from costmodel import units
from costmodel.errors import BadValue, did_you_mean
from costmodel.hardware import Machine
from costmodel.run import Run
from costmodel.scan.models import model
from costmodel.scan.surface import Surface
from costmodel.scan.target import Answer, Bound, Target

RESOURCES = {"bandwidth": "bandwidth", "on_chip_memory": "memory", "matrix": "rate", "host": "rate"}


def form_of(run: Run) -> Surface:
    """The closed form of a run. Raises BadValue where it has none."""
    form = model(run).form
    if not isinstance(form, Surface):
        raise BadValue(f"placement '{run.policies.placement}' with timing '{run.policies.timing}' has "
                       "no closed form", "solve with per_tensor and serial")  # fmt: skip
    return form


def solve(run: Run, resource: str, target: Target) -> Answer:
    """The smallest value of `resource` that meets a target of the kind 'small is good'.

    For a bound the other way round (total_time >= ...) it is the largest; under a strict bound the
    next number a computer can hold. Raises BadValue for an unknown resource or a run without closed form.
    """
    if resource not in RESOURCES:
        raise BadValue(
            f"unknown resource '{resource}'", did_you_mean(resource, [*RESOURCES, "batch"])
        )
    form, machine = form_of(run), run.machine
    seconds = target.seconds(run.policies.batch)
    if resource == "on_chip_memory":
        return _memory(form, machine, target, seconds)
    if seconds is None:
        return unmoved(form, machine, target, resource)
    return _rate(form, machine, resource, seconds)


def unmoved(form: Surface, machine: Machine, target: Target, resource: str) -> Answer:
    """The answer where the bytes over the bus are bounded and rates asked for: they change nothing."""
    moved = float(form.external_bytes(machine.memory))
    why = f"external_bytes do not depend on {resource}; they are {moved:.0f} B"
    return Answer(resource, None, units.SI_UNITS[RESOURCES[resource]], time_on(form, machine),
                  bool(target.bound.met(moved)), why, crossing(form, machine, resource))  # fmt: skip


def time_on(form: Surface, machine: Machine) -> float:
    """The total time on one machine [s]."""
    return float(form.total_time(machine)[0])


def work(form: Surface, machine: Machine) -> dict[str, float]:
    """What each rate has to do: bytes over the bus [B], matrix and host operations [op], each over the share that is reached."""
    return {"bandwidth": float(form.taken_bytes(machine.memory)), "matrix": form.matrix_ops,
            "host": form.host_ops}  # fmt: skip


def rest_of(form: Surface, machine: Machine, *resources: str) -> float:
    """The time that does not depend on the rates `resources` [s]."""
    todo = work(form, machine)
    busy = sum(todo[name] / getattr(machine, name) for name in todo if name not in resources)
    return float(busy + form.fixed_time(machine.memory))


def _rate(form: Surface, machine: Machine, resource: str, seconds: Bound) -> Answer:
    """A rate r with work w and the rest's time c: w / r + c against the limit."""
    todo = work(form, machine)
    rest = rest_of(form, machine, resource)
    unit = units.SI_UNITS[RESOURCES[resource]]
    moves = crossing(form, machine, resource)
    spare = seconds.value - rest
    if todo[resource] == 0 or (not seconds.at_most and spare < 0):
        possible = bool(seconds.met(rest))
        why = f"nothing depends on {resource}" if todo[resource] == 0 else "any value meets it"
        return Answer(resource, None, unit, time_on(form, machine), possible, why, moves)
    if spare <= 0 and seconds.at_most:
        why = f"impossible, because even with infinite {resource} the run takes {rest:.6g} s"
        return Answer(resource, None, unit, rest, False, why, moves)
    if spare == 0:
        return Answer(
            resource, None, unit, time_on(form, machine), True, "any value meets it", moves
        )
    value = _nudge(todo[resource] / spare,
                   lambda v: bool(seconds.met(time_on(form, replace(machine, **{resource: v})))),
                   math.inf if seconds.at_most else 0.0)  # fmt: skip
    time = time_on(form, replace(machine, **{resource: value}))
    why = f"the {'smallest' if seconds.at_most else 'largest'} {resource} that meets the target"
    return Answer(resource, value, unit, time, True, why, moves)


def _nudge(value: float, meets: Callable[[float], bool], towards: float) -> float:
    """`value` moved by last bits, ever more of them, so that rounding does not miss the target."""
    step = float(np.nextafter(value, towards)) - value
    for doubling in range(16):
        if meets(value):
            return value
        value += step * 2**doubling
    return value


def _memory(form: Surface, machine: Machine, target: Target, seconds: Bound | None) -> Answer:
    """Walk the steps of W(M): the first memory that meets the target, or the last that does."""
    steps = np.concatenate([[1.0], form.sizes])  # [B] the smallest memory of each step
    external = form.external_bytes(steps)
    times = form.total_time(replace(machine, memory=steps))
    bound, value = (target.bound, external) if seconds is None else (seconds, times)
    met = np.flatnonzero(bound.met(value))
    if not len(met):
        best = float(value.min() if bound.at_most else value.max())
        unit = "B" if seconds is None else "s"
        why = (f"impossible, because even with {'unlimited' if bound.at_most else 'no'} on-chip memory "
               f"it is {best:.6g} {unit}")  # fmt: skip
        time = float(times.min() if bound.at_most else times.max())
        return Answer("on_chip_memory", None, "B", time, False, why)
    step = int(met[0] if bound.at_most else met[-1])
    if not bound.at_most and step == len(steps) - 1:
        return Answer(
            "on_chip_memory", None, "B", time_on(form, machine), True, "any value meets it"
        )
    size = float(steps[step]) if bound.at_most else float(steps[step + 1]) - 1
    why = f"the {'smallest' if bound.at_most else 'largest'} on-chip memory that meets the target"
    return Answer("on_chip_memory", size, "B", float(times[step]), True, why)


def crossing(form: Surface, machine: Machine, resource: str) -> float | None:
    """The value of a rate at which it stops being the bottleneck: its time equals the largest other."""
    todo = work(form, machine)
    if resource not in todo or todo[resource] == 0:
        return None
    others = max(todo[name] / getattr(machine, name) for name in todo if name != resource)
    return todo[resource] / others if others else None
