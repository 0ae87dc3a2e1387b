"""Inverse questions, answered from the closed form.

With T(BW, M, F, G) = W(M)/BW + A/F + B/G a target t on the time gives each rate directly, e.g.
BW = W(M) / (t - A/F - B/G); the memory walks the table of W; the batch walks the intervals in which the
total is linear in it. Nothing is sampled.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from costmodel import units
from costmodel.errors import BadValue, did_you_mean
from costmodel.hardware import Machine
from costmodel.run import Run
from costmodel.scan.request import model
from costmodel.scan.surface import Surface
from costmodel.workload import LIMIT

RESOURCES = {"bandwidth": "bandwidth", "on_chip_memory": "memory", "matrix": "rate", "host": "rate"}
TARGET = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(.+?)\s*")
QUANTITIES = {"total_time": "time", "throughput": "frequency", "external_bytes": "memory"}
MOST = 1_000_000  # [samples] a batch beyond which nothing is asked


@dataclass(frozen=True)
class Target:
    """A bound on one quantity, e.g. total_time <= 0.01 [s]."""

    word: str
    at_most: bool
    value: float  # SI
    text: str

    @classmethod
    def read(cls, text: str) -> Target:
        """``total_time <= 10 ms``, ``throughput >= 100 /s``, ``external_bytes <= 5 MB``. Raises BadValue."""
        match = TARGET.fullmatch(text)
        if match is None:
            raise BadValue(f"'{text}' is no target", "write e.g. 'total_time <= 10 ms'")
        word, sign, quantity = match.groups()
        if word not in QUANTITIES:
            raise BadValue(f"unknown quantity '{word}' in '{text}'", did_you_mean(word, QUANTITIES))
        if word == "throughput" and re.fullmatch(r"[\d.eE+-]+", quantity):
            quantity += " /s"
        return cls(word, sign[0] == "<", float(units.parse(quantity, QUANTITIES[word])), text)

    def limit(self, batch: int) -> tuple[float, bool]:
        """The same as a bound on the time of a run: (seconds, at most)."""
        if self.word == "throughput":
            return batch / self.value, not self.at_most
        return self.value, self.at_most


@dataclass(frozen=True)
class Answer:
    """What it takes. `value` is None where it is impossible, or where any value does."""

    resource: str
    value: float | None
    unit: str
    achieved_total_time_s: float
    possible: bool
    reason: str
    crossing: float | None = None  # where the bottleneck moves

    def record(self) -> dict[str, Any]:
        """The JSON form."""
        return dict(vars(self))


def form_of(run: Run) -> Surface:
    """The closed form of a run. Raises BadValue where it has none."""
    form = model(run).form
    if not isinstance(form, Surface):
        raise BadValue(f"placement '{run.policies.placement}' with timing '{run.policies.timing}' has "
                       "no closed form", "solve with per_tensor and serial")  # fmt: skip
    return form


def solve(run: Run, resource: str, target: Target) -> Answer:
    """The smallest value of `resource` that meets a target of the kind 'small is good'.

    For a bound the other way round (total_time >= ...) it is the largest. Raises BadValue for an
    unknown resource or a run without closed form.
    """
    if resource not in RESOURCES:
        raise BadValue(
            f"unknown resource '{resource}'", did_you_mean(resource, [*RESOURCES, "batch"])
        )
    form, machine = form_of(run), run.profile.machine()
    seconds, at_most = target.limit(run.policies.batch)
    if resource == "on_chip_memory":
        return _memory(form, machine, target, seconds, at_most)
    if target.word == "external_bytes":
        met = _meets(form.external_bytes(machine.memory), target.value, at_most)
        unit = units.SI_UNITS[RESOURCES[resource]]
        why = f"external_bytes do not depend on {resource}; they are {form.external_bytes(machine.memory):.0f} B"
        return Answer(
            resource,
            None,
            unit,
            _time(form, machine),
            bool(met),
            why,
            crossing(form, machine, resource),
        )
    return _rate(form, machine, resource, seconds, at_most)


def _time(form: Surface, machine: Machine) -> float:
    return float(form.total_time(machine)[0])


def _meets(value: float, bound: float, at_most: bool) -> bool:
    return value <= bound if at_most else value >= bound


def work(form: Surface, machine: Machine) -> dict[str, float]:
    """What each rate has to do: bytes over the bus [B], matrix and host operations [op]."""
    return {"bandwidth": float(form.external_bytes(machine.memory)), "matrix": form.matrix_ops,
            "host": form.host_ops}  # fmt: skip


def _rate(form: Surface, machine: Machine, resource: str, seconds: float, at_most: bool) -> Answer:
    """A rate r with work w and the rest's time c: w / r + c against the limit."""
    todo = work(form, machine)
    rest = sum(todo[name] / getattr(machine, name) for name in todo if name != resource)
    unit = units.SI_UNITS[RESOURCES[resource]]
    moves = crossing(form, machine, resource)
    spare = seconds - rest
    if todo[resource] == 0 or (not at_most and spare <= 0):
        possible = _meets(rest, seconds, at_most)
        why = f"nothing depends on {resource}" if todo[resource] == 0 else "any value meets it"
        return Answer(resource, None, unit, _time(form, machine), possible, why, moves)
    if spare <= 0:
        why = f"impossible, because even with infinite {resource} the run takes {rest:.6g} s"
        return Answer(resource, None, unit, rest, False, why, moves)
    value = todo[resource] / spare
    value = _nudge(value, lambda v: _meets(_time(form, replace(machine, **{resource: v})), seconds, at_most),
                   math.inf if at_most else 0.0)  # fmt: skip
    time = _time(form, replace(machine, **{resource: value}))
    side = "smallest" if at_most else "largest"
    return Answer(
        resource, value, unit, time, True, f"the {side} {resource} that meets the target", moves
    )


def _nudge(value: float, meets: Callable[[float], bool], towards: float) -> float:
    """`value` moved by a few last bits, so that rounding does not miss the target."""
    for _ in range(8):
        if meets(value):
            return value
        value = float(np.nextafter(value, towards))
    return value


def _memory(
    form: Surface, machine: Machine, target: Target, seconds: float, at_most: bool
) -> Answer:
    """Walk the steps of W(M): the first memory that meets the target, or the last that does."""
    steps = np.concatenate([[1.0], form.sizes])  # [B] the smallest memory of each step
    external = form.external_bytes(steps)
    rest = form.matrix_ops / machine.matrix + form.host_ops / machine.host
    value = external if target.word == "external_bytes" else external / machine.bandwidth + rest
    bound = target.value if target.word == "external_bytes" else seconds
    met = np.flatnonzero(value <= bound if at_most else value >= bound)
    if not len(met):
        best = float(value.min() if at_most else value.max())
        time = float(external.min() / machine.bandwidth + rest) if at_most else float(value.max())
        unit = "B" if target.word == "external_bytes" else "s"
        why = f"impossible, because even with {'unlimited' if at_most else 'no'} on-chip memory it is {best:.6g} {unit}"
        return Answer("on_chip_memory", None, "B", time, False, why)
    step = int(met[0] if at_most else met[-1])
    if not at_most and step == len(steps) - 1:
        return Answer("on_chip_memory", None, "B", _time(form, machine), True, "any value meets it")
    size = float(steps[step]) if at_most else float(steps[step + 1]) - 1
    time = float(external[step] / machine.bandwidth + rest)
    side = "smallest" if at_most else "largest"
    return Answer(
        "on_chip_memory", size, "B", time, True, f"the {side} on-chip memory that meets the target"
    )


def crossing(form: Surface, machine: Machine, resource: str) -> float | None:
    """The value of a rate at which it stops being the bottleneck: its time equals the largest other."""
    todo = work(form, machine)
    if resource not in todo or todo[resource] == 0:
        return None
    others = max(todo[name] / getattr(machine, name) for name in todo if name != resource)
    return todo[resource] / others if others else None


def trade_off(
    run: Run, first: str, second: str, target: Target, count: int = 50
) -> list[dict[str, float]]:
    """Pairs of two rates that just meet a target on the time: the curve of the smallest values.

    From where `second` would have to be infinite to where it no longer matters. Raises BadValue.
    """
    form, machine = form_of(run), run.profile.machine()
    seconds, _ = target.limit(run.policies.batch)
    todo = work(form, machine)
    for name in (first, second):
        if name not in todo:
            raise BadValue(f"no trade-off curve over '{name}'", did_you_mean(name, todo))
    rest = sum(todo[n] / getattr(machine, n) for n in todo if n not in (first, second))
    spare = seconds - rest
    if spare <= 0 or not todo[first] or not todo[second]:
        return []
    least = todo[first] / spare  # with infinite `second`
    points = []
    for value in np.geomspace(least * 1.01, least * 100, count):
        needed = todo[second] / (spare - todo[first] / value)
        time = todo[first] / value + todo[second] / needed + rest
        points.append({first: float(value), second: float(needed), "total_time_s": float(time)})
    return points


def largest_batch(prepare: Callable[[int], Run], target: Target) -> Answer:
    """The largest batch that meets a target. `prepare` simulates a batch.

    Between the batches at which a map stops fitting on chip the total is linear in the batch, so each
    such interval is solved exactly. Raises BadValue for a run without closed form.
    """
    single = prepare(1)
    form_of(single)
    busiest = max(single.workload.macs.sum(), single.workload.ops.sum(), single.workload.host_ops.sum(),
                  single.workload.tensor_bytes.sum(), 1)  # fmt: skip
    most = int(min(MOST, LIMIT // int(busiest) // 2))
    edges = {1, most}
    sizes = np.unique(single.workload.tensor_bytes)
    for size in sizes[sizes > 0]:
        last = int(single.profile.on_chip_memory // int(size))  # the last batch at which it fits
        edges |= {b for b in (last, last + 1) if 1 <= b <= most}
    ordered = sorted(edges)
    for low, high in zip(ordered[-2::-1], ordered[:0:-1], strict=True):
        found = _in_interval(prepare, target, low, high)
        if found == most:
            return Answer(
                "batch",
                None,
                "samples",
                prepare(1).total_time,
                True,
                f"every batch up to {most} that was asked meets the target",
            )
        if found is not None:
            time = prepare(found).total_time
            return Answer(
                "batch",
                float(found),
                "samples",
                time,
                True,
                "the largest batch that meets the target",
            )
    why = f"impossible, because even a batch of 1 gives {_quantity(single, target):.6g}"
    return Answer("batch", None, "samples", single.total_time, False, why)


def _quantity(run: Run, target: Target) -> float:
    """The target's quantity for a run."""
    if target.word == "external_bytes":
        return float(run.totals()["external_bytes"])
    return run.policies.batch / run.total_time if target.word == "throughput" else run.total_time


def _in_interval(prepare: Callable[[int], Run], target: Target, low: int, high: int) -> int | None:
    """The largest batch in low..high that meets the target; the quantity is monotone in between."""

    def meets(batch: int) -> bool:
        return _meets(_quantity(prepare(batch), target), target.value, target.at_most)

    if meets(high):
        return high
    if not meets(low):
        return None
    while high - low > 1:  # a binary search over whole numbers: exact, 31 steps at most
        middle = (low + high) // 2
        low, high = (middle, high) if meets(middle) else (low, middle)
    return low
