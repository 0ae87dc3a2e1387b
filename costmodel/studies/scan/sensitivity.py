"""How much the total depends on each resource, at a point."""

from __future__ import annotations

import math
from dataclasses import dataclass

from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.errors import BadValue
from costmodel.studies.run import Run

STEP = 1e-6
"""Relative, of the central difference for timings that are no plain sum."""


@dataclass(frozen=True)
class Effect:
    """An effect is what one resource does to the total time.

    It holds the resource's share of the time, its elasticity, and the total with it halved and
    doubled. The elasticity d ln T / d ln r of a rate under additive timing is minus its share of
    the time (of a launch plus); the memory acts in steps, so it has none (0) almost everywhere:
    halving and doubling show its steps.
    """

    resource: str
    share: float
    elasticity: float
    halved_s: float
    """[s]"""
    doubled_s: float
    """[s]"""


def asked_about(run: Run) -> list[MachineQuantity]:
    """The figures that a machine states and that its time can depend on."""
    found = []
    for quantity in MACHINE.values():
        values = [getattr(run.machine, name) for name in quantity.fields]
        stated = [value for value in values if value is not None and not math.isinf(value)]
        if any(stated):
            found.append(quantity)
    return found


def effects(run: Run, factor: float = 2.0) -> list[Effect]:
    """Every resource's effect, the strongest first. Exact: the formula at each machine."""
    found = [_effect(run, quantity, factor) for quantity in asked_about(run)]
    return sorted(found, key=lambda e: -abs(e.halved_s - e.doubled_s))


def _effect(run: Run, quantity: MachineQuantity, factor: float) -> Effect:
    total = run.total_time
    scales = (1 / factor, 1 - STEP, 1 + STEP, factor)
    times = {scale: time_scaled(run, quantity, scale) for scale in scales}
    slope = (times[1 + STEP] - times[1 - STEP]) / (2 * STEP * total) if total else 0.0
    share = busy_time(run, quantity) / total if total else 0.0
    elasticity = slope
    if not quantity.lane:
        elasticity = 0.0
    elif run.policies.timing_model.additive or not quantity.more_is_faster:
        elasticity = -share if quantity.more_is_faster else share
    return Effect(quantity.word, share, elasticity, times[1 / factor], times[factor])


def busy_time(run: Run, quantity: MachineQuantity) -> float:
    """The time that one figure decides, all rows together [s]; 0 for the memory."""
    busy = run.lane_times.get(quantity.lane, 0.0)
    if quantity.lane != "transfer" or run.machine.write_bandwidth is None:
        return busy
    # every report scales figures, few ask this: it is spared the import of the scans
    from costmodel.studies.scan.models import closed_form

    # reads and writes share the bus, each at a bandwidth of its own
    form = closed_form(run)
    if form is not None:
        moved = form.write if quantity.word == "write_bandwidth" else form.read
        return float(moved[form.steps(run.machine.memory)] / getattr(run.machine, quantity.field))
    doubled = run.on(run.machine.scaled(quantity, 2.0))
    return 2 * (busy - float(doubled.transfer.sum()))


def time_scaled(run: Run, quantity: MachineQuantity, scale: float) -> float:
    """The total with one figure of the machine scaled [s]; infinite where tiles no longer fit."""
    try:
        return float(run.on(run.machine.scaled(quantity, scale)).total_time)
    except BadValue:
        return math.inf
