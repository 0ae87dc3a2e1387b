"""Inverse questions about a machine that states its memories one by one.

A rate, a time or an energy is bisected in the formula itself, row by row, at the schedules that
were found. A size is looked up in the steps of each level's own least traffic, a lower bound, as
scans do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.formula import Result
from costmodel.core.quantities import MachineQuantity
from costmodel.errors import BadValue
from costmodel.language import units
from costmodel.studies.evaluated import BOUNDED
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.form import TIMES
from costmodel.studies.scan.forms.level_surface import LevelSurface
from costmodel.studies.scan.inverse.outermost import outermost
from costmodel.studies.scan.inverse.target import Answer, Target


def solve_levels(run: Run, quantity: MachineQuantity, target: Target) -> Answer:
    """Find the least figure of a machine with levels that meets a target.

    Parameters
    ----------
    run : Run
        A simulation.
    quantity : MachineQuantity
        A figure that the machine states.
    target : Target
        A bound on the time, the throughput, the energy or the external bytes.

    Returns
    -------
    Answer
        The figure [SI]; of a size what the bounds allow, which the answer says.

    Raises
    ------
    BadValue
        For a figure that the machine does not state, and sizes without a closed form.

    """
    target = target.on(run)
    if run.machine.value(quantity) is None:
        levels = ", ".join(run.machine.level_names)
        raise BadValue(
            f"the profile states no '{quantity.word}'", f"state it; its levels are {levels}"
        )
    if quantity.holds_tiles:
        return _size(run, quantity, target)
    return _pace(run, quantity, target)


def _pace(run: Run, quantity: MachineQuantity, target: Target) -> Answer:
    """Bisect a figure in the formula; bytes do not depend on it."""

    def result_at(value: float) -> Result:
        return run.on(run.machine.with_quantity(quantity, value))

    def meets(value: float) -> bool:
        return bool(target.met_in(target.reached(result_at(value)), run.samples))

    limit = target.limit(run.samples)
    idle = result_at(quantity.idle)
    if limit is None:
        moved = float(run.result.external_bytes.sum())
        why = f"external_bytes do not depend on {quantity.word}; they are {moved:.0f} B"
        return _answer(run, quantity, target, None, run.result, bool(target.bound.met(moved)), why)
    faster = quantity.more_is_faster
    smallest = limit.at_most == faster
    if not limit.at_most and limit.value < target.reached(idle):
        return _answer(run, quantity, target, None, run.result, True, "any value meets it")
    possible = bool(target.met_in(target.reached(idle), run.samples)) or not limit.at_most
    own = float(run.machine.value(quantity)) or 1.0
    value = outermost(meets, own, smallest=smallest) if possible else None
    if value is None:
        best = f"infinite {quantity.word}" if faster else f"no {quantity.word} at all"
        unit = "J" if target.on_energy else "s"
        why = (
            f"impossible, because even with {best} the run takes {target.reached(idle):.6g} {unit}"
        )
        return _answer(run, quantity, target, None, idle, False, why)
    why = f"the {'smallest' if smallest else 'largest'} {quantity.word} that meets the target"
    return _answer(run, quantity, target, value, result_at(value), True, why)


def _size(run: Run, quantity: MachineQuantity, target: Target) -> Answer:
    """Try every size at which any level's own least steps."""
    if target.on_energy and run.on_chip_node:
        raise BadValue(
            f"energies on chip follow the sizes by the table of {run.on_chip_node}",
            f"scan {quantity.axis}, or state the energies of the levels",
        )
    hierarchy = run.workload.hierarchy
    assert hierarchy is not None
    bounded = replace(run.workload, hierarchy=replace(hierarchy, attained=False))
    form = closed_form(bounded, *run.policies.models)
    if not isinstance(form, LevelSurface):
        raise BadValue(
            f"sizes of levels have no closed form under placement '{run.policies.placement}', "
            f"traffic '{run.policies.traffic}' and timing '{run.policies.timing}'",
            "use placement all_external and timing serial, or scan the size",
        )
    place = run.machine.capacities.index(run.machine.value(quantity))
    steps = _steps(form, place)
    machine = run.machine.with_quantity(quantity, steps)
    columns = form.columns(machine, len(steps), TIMES)
    met = np.flatnonzero(_met(columns, target, run.samples, len(steps)))
    if not len(met):
        return _answer(run, quantity, target, None, run.result, False, _impossible(quantity))
    if target.favours_little or target.word == "external_bytes":
        at, side = int(met[0]), "smallest"
    elif met[-1] == len(steps) - 1:
        return _answer(run, quantity, target, None, run.result, True, "any value meets it")
    else:
        at, side = int(met[-1]), "largest"
    value = float(steps[at] if side == "smallest" else steps[at + 1] - 1)
    why = f"the {side} {quantity.word} that meets the target"
    told = Answer(quantity.word, value, "B", float(columns["total_time"][at]), True, why)
    energy = float(columns["energy"][at]) if target.on_energy else None
    return replace(told, achieved_energy=energy, marks=(*run.marks.values(), BOUNDED))


def _steps(form: LevelSurface, place: int) -> Floats:
    """The sizes at which what crosses a boundary that a level serves falls, ascending [B]."""
    tables = [one for one in form.boundaries if one.levels == (place,)]
    if not tables:
        raise BadValue(
            "operands pass levels by, so that sizes count together", "scan the sizes instead"
        )
    least = max(1.0, *(one.surface.least for one in tables))
    steps = np.unique(np.concatenate([[least], *(one.surface.sizes for one in tables)]))
    return np.asarray(steps[steps >= least])


def _met(columns: dict[str, Any], target: Target, samples: int, count: int) -> Any:
    """Where the target is met."""
    if target.word == "external_bytes":
        return np.broadcast_to(target.bound.met(columns["external_bytes"]), count)
    word = "energy" if target.on_energy else "total_time"
    return np.broadcast_to(target.met_in(columns[word], samples), count)


def _impossible(quantity: MachineQuantity) -> str:
    return f"impossible with any {quantity.word}, each level moving the least that it could"


def _answer(
    run: Run,
    quantity: MachineQuantity,
    target: Target,
    value: float | None,
    result: Result,
    met: bool,
    why: str,
) -> Answer:
    """An answer, and what the run takes then."""
    energy = float(result.total_energy or 0.0) if target.on_energy else None
    unit = units.SI_UNITS[quantity.dimension]
    time, told = float(result.total_time), tuple(run.marks.values())
    return Answer(quantity.word, value, unit, time, met, why, None, told, energy)
