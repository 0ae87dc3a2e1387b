"""How much the total depends on each resource, at a point."""

from __future__ import annotations

import math
from dataclasses import dataclass

from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.core.terms import LINK, RUN_LANES, paced_by
from costmodel.errors import BadValue
from costmodel.studies.run import Run

STEP = 1e-6
"""Relative, of the central difference for timings that are no plain sum."""


@dataclass(frozen=True)
class Effect:
    """An effect is what one resource does to the total time.

    It holds the resource's share of the time, its elasticity, and the total with it halved and
    doubled. The elasticity d ln T / d ln r of a rate under additive timing is minus its share of
    the time (of a launch plus), unless rows choose an algorithm by it; the memory acts in steps, so
    it has none (0) almost everywhere: halving and doubling show its steps.
    """

    resource: str
    share: float
    elasticity: float
    halved_s: float
    """The total time with half of the resource [s]."""
    doubled_s: float
    """The total time with twice the resource [s]."""


def asked_about(run: Run, *, zero: bool = False) -> list[MachineQuantity]:
    """The figures that a machine states and that its time can depend on.

    Those that are zero are among them if `zero` is true.
    """
    quantities = []
    names = run.machine.level_names
    for quantity in [*MACHINE.values(), *MACHINE.of_levels(names)]:
        if names and quantity.word == "on_chip_memory":
            # it is the outermost level's size
            continue
        values = [run.machine[name] for name in quantity.fields]
        stated = None not in values and not any(map(math.isinf, values))
        timed = quantity.lane or quantity.holds_tiles
        idle = quantity.lane == LINK.word and not run.workload.linked
        if timed and stated and not idle and (zero or any(values)):
            quantities.append(quantity)
    return quantities


def effects(run: Run, factor: float = 2.0) -> list[Effect]:
    """Scale every figure of the machine, and put THE formula to each of these machines.

    Parameters
    ----------
    run : Run
        A simulation.
    factor : float
        By which each figure is divided and multiplied [1].

    Returns
    -------
    list of Effect
        One for each figure, the strongest first.

    """
    scaled = [_effect(run, quantity, factor) for quantity in asked_about(run)]
    return sorted(scaled, key=lambda effect: -abs(effect.halved_s - effect.doubled_s))


def _effect(run: Run, quantity: MachineQuantity, factor: float) -> Effect:
    """The effect of one figure; its elasticity is a difference where no share gives it."""
    less, below, above, more = (
        time_scaled(run, quantity, scale) for scale in (1 / factor, 1 - STEP, 1 + STEP, factor)
    )
    total = run.total_time
    share = run.result.busy_time(quantity) / total if total else 0.0
    if not quantity.lane:
        elasticity = 0.0
    elif _adds(run, quantity):
        elasticity = -share if quantity.more_is_faster else share
    else:
        elasticity = (above - below) / (2 * STEP * total) if total else 0.0
    return Effect(quantity.word, share, elasticity, less, more)


def _adds(run: Run, quantity: MachineQuantity) -> bool:
    """True where the time of a figure is added to the rest, in whatever rows it has any.

    It is not where rows choose an algorithm: with none of the time they would choose another.
    """
    lanes = {RUN_LANES[one.lane] for one in paced_by(quantity.fields) if one.lane in RUN_LANES}
    chosen = LINK in lanes and len(run.workload.costs.link_bytes) > 1
    besides = all(lane.side in ("besides", "once") for lane in lanes)
    return not chosen and (besides or run.policies.timing_model.additive)


def time_scaled(run: Run, quantity: MachineQuantity, scale: float) -> float:
    """The total with one figure of the machine scaled [s]; infinite where tiles no longer fit."""
    try:
        return float(run.on(run.machine.scaled(quantity, scale)).total_time)
    except BadValue:
        return math.inf
