"""How much the total time, and the energy, depend on each resource, at a point."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from costmodel.core.formula import Result
from costmodel.core.lanes import ENERGY, LEVEL_LANES, LINK, RUN_LANES, SECONDS
from costmodel.core.machine import Machine
from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.core.terms import entries
from costmodel.errors import BadValue
from costmodel.studies.run import Run

STEP = 1e-6
"""Relative, of the central difference for timings that are no plain sum."""


@dataclass(frozen=True)
class Effect:
    """An effect is what one resource does to the total time, and to the energy where there is any.

    It holds the resource's share of the time, its elasticity, and the total with it halved and
    doubled. The elasticity d ln T / d ln r of a rate under additive timing is minus its share of
    the time (of a launch plus), unless rows choose an algorithm by it; the memory acts in steps, so
    it has none (0) almost everywhere: halving and doubling show its steps. The energy has an
    elasticity in the same sense: that of the time by the share of what is drawn all the time, and
    the share of what the resource itself is the energy of.
    """

    resource: str
    share: float
    elasticity: float
    halved_s: float
    """The total time with half of the resource [s]."""
    doubled_s: float
    """The total time with twice the resource [s]."""
    energy_elasticity: float | None = None
    """d ln E / d ln r; None where the machine states no energy."""
    halved_joules: float | None = None
    """The energy with half of the resource [J]."""
    doubled_joules: float | None = None
    """The energy with twice the resource [J]."""

    def record(self) -> dict[str, Any]:
        """The effect under the names of the JSON file; energies where there are any."""
        return {
            word.replace("_joules", "_J"): value
            for word, value in vars(self).items()
            if value is not None
        }


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
    figures = [*asked_about(run), *energy_figures(run)]
    return sorted((_effect(run, quantity, factor) for quantity in figures), key=_strength)


def _strength(effect: Effect) -> tuple[float, float]:
    """What effects are sorted by: the change of the time, then that of the energy."""
    joules = (effect.halved_joules or 0.0) - (effect.doubled_joules or 0.0)
    return -abs(effect.halved_s - effect.doubled_s), -abs(joules)


def energy_figures(run: Run, *, zero: bool = False) -> list[MachineQuantity]:
    """The figures that a machine states and that its energy alone depends on.

    Those that are zero are among them if `zero` is true.
    """
    spent = {entry.figure for entry in entries(run.machine.figures, ENERGY)}
    return [
        quantity
        for quantity in [*MACHINE.values(), *MACHINE.of_levels(run.machine.level_names)]
        if spent.intersection(map(run.machine.own, quantity.fields)) and not quantity.lane
        if zero or any(run.machine[name] for name in quantity.fields)
    ]


def _effect(run: Run, quantity: MachineQuantity, factor: float) -> Effect:
    """The effect of one figure; its elasticity is a difference where no share gives it."""
    scaled = [_scaled(run, quantity, scale) for scale in (1 / factor, 1 - STEP, 1 + STEP, factor)]
    less, below, above, more = (one.time for one in scaled)
    total = run.total_time
    share = run.result.busy_time(quantity) / total if total else 0.0
    if not quantity.lane:
        elasticity = 0.0
    elif _adds(run, quantity):
        elasticity = -share if quantity.more_is_faster else share
    else:
        elasticity = (above - below) / (2 * STEP * total) if total else 0.0
    if run.energy is None:
        return Effect(quantity.word, share, elasticity, less, more)
    joules = _energy_elasticity(run, quantity, elasticity)
    if quantity.holds_tiles and run.on_chip_node:
        # a table says what a byte on chip takes: no step, but a curve
        joules = ((scaled[2].energy or 0.0) - (scaled[1].energy or 0.0)) / (2 * STEP * run.energy)
    ends = (scaled[0].energy, scaled[-1].energy)
    return Effect(quantity.word, share, elasticity, less, more, joules, *ends)


def _energy_elasticity(run: Run, quantity: MachineQuantity, elasticity: float) -> float:
    """d ln E / d ln r of a figure r whose elasticity of the time is known: E = N + P T."""
    if not run.energy:
        return 0.0
    joules = run.result.energy_by_figure
    drawn = {e.figure for e in entries(run.machine.figures, ENERGY) if e.amounts == (SECONDS,)}
    leaked = sum(float(joules[figure]) for figure in drawn)
    fields = map(run.machine.own, quantity.fields)
    own = sum(float(joules[name]) for name in fields if name in joules)
    return (own + elasticity * leaked) / run.energy


def _adds(run: Run, quantity: MachineQuantity) -> bool:
    """True where the time of a figure is added to the rest, in whatever rows it has any.

    It is not where rows choose an algorithm: with none of the time they would choose another.
    """
    every = RUN_LANES | LEVEL_LANES
    lanes = {every[one.lane] for one in quantity.terms if one.lane in every}
    chosen = LINK in lanes and len(run.workload.costs.link_bytes) > 1
    besides = all(lane.side in ("besides", "once") for lane in lanes)
    return not chosen and (besides or run.policies.timing_model.additive)


def time_scaled(run: Run, quantity: MachineQuantity, scale: float) -> float:
    """The total with one figure of the machine scaled [s]; infinite where tiles no longer fit."""
    return _scaled(run, quantity, scale).time


class _Scaled(NamedTuple):
    """What a run takes on a machine of which one figure is scaled."""

    time: float
    """[s]"""
    energy: float | None
    """[J]"""


def _scaled(run: Run, quantity: MachineQuantity, scale: float) -> _Scaled:
    """A run with one figure of the machine scaled; infinite where tiles no longer fit."""
    machine = run.machine.scaled(quantity, scale)
    hierarchy = run.workload.hierarchy
    try:
        if hierarchy is not None and hierarchy.attained and quantity.holds_tiles:
            return _bounded(run, machine)
        return _told(run.on(machine))
    except BadValue:
        return _Scaled(math.inf, None if run.energy is None else math.inf)


def _told(result: Result) -> _Scaled:
    energy = result.total_energy
    return _Scaled(float(result.total_time), None if energy is None else float(energy))


def _bounded(run: Run, machine: Machine) -> _Scaled:
    """A run with other sizes of its levels: its own figures by the ratio of both bounds.

    A schedule would have to be searched for every size.
    """
    hierarchy = run.workload.hierarchy
    assert hierarchy is not None
    bounds = replace(run.workload, hierarchy=replace(hierarchy, attained=False))
    alike = replace(run, workload=bounds)
    other, own = (_told(alike.on(one)) for one in (machine, run.machine))
    time = run.total_time * (other.time / own.time if own.time else 1.0)
    if run.energy is None or not own.energy or other.energy is None:
        return _Scaled(time, other.energy)
    return _Scaled(time, run.energy * other.energy / own.energy)
