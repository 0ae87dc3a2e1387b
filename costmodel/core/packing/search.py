"""A longer search for addresses, where the greedy orders of `costmodel.core.packing` leave much.

Tensors are rectangles, live range by size, in a strip as high as the memory; none may overlap. A
constraint solver (CP-SAT of Google OR-Tools) starts from the greedy answer and improves it for as
long as it is given. Hard public instances: Moffitt, MiniMalloc, ASPLOS 2023.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.core.packing.first_fit import OUTSIDE, Ints
from costmodel.core.packing.greedy import Packing, rank
from costmodel.errors import MissingExtra

WORKERS = 2
"""Threads of the solver, whatever the machine has."""


def improved(
    start: Packing,
    sizes: Ints,
    first: Ints,
    last: Ints,
    capacity: int | None,
    worth: Ints,
    seconds: float,
) -> Packing:
    """A packing that is no worse than `start`, after a search of at most `seconds` [s].

    Where `start` holds every tensor the peak is lowered, else more of the `worth` (T,) comes
    inside. Sizes (T,) [B], alive from `first` to `last` (T,). Two searches may end differently, for
    their time is limited. Raises MissingExtra without OR-Tools.
    """
    if not sizes.any():
        return start
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        raise MissingExtra("OR-Tools", "pack", "a longer search for addresses") from None
    # addresses are multiples of what divides every size [B]
    unit = int(np.gcd.reduce(sizes))
    whole = bool(start.inside.all())
    height = (start.peak if whole or capacity is None else capacity) // unit
    model = cp_model.CpModel()
    offsets, inside = _rectangles(model, sizes // unit, first, last, height, whole=whole)
    for offset, there, at in zip(offsets, inside, start.offsets.tolist(), strict=True):
        model.add_hint(there, at != OUTSIDE)
        model.add_hint(offset, max(at, 0) // unit)
    if whole:
        peak = model.new_int_var(0, height, "peak")
        for offset, size in zip(offsets, (sizes // unit).tolist(), strict=True):
            model.add(offset + size <= peak)
        model.minimize(peak)
    else:
        model.maximize(sum(w * there for w, there in zip(worth.tolist(), inside, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = WORKERS
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return start
    placed = np.array([solver.boolean_value(there) for there in inside])
    address = np.array([solver.value(offset) * unit for offset in offsets])
    address = np.where(placed, address, OUTSIDE)
    better = Packing(address, int((address + sizes)[placed].max(initial=0)))
    return min((start, better), key=lambda packing: rank(packing, worth))


def _rectangles(
    model: Any, sizes: Ints, first: Ints, last: Ints, height: int, *, whole: bool
) -> tuple[list[Any], list[Any]]:
    """Each tensor's address and whether it is inside, as the solver's variables, none overlapping.

    With `whole` all of them must be.
    """
    offsets, inside, steps, spans = [], [], [], []
    for tensor, size in enumerate(sizes.tolist()):
        offset = model.new_int_var(0, max(height - size, 0), "")
        there = model.new_bool_var("")
        if whole or size > height:
            model.add(there == int(whole))
        begin, lasts = int(first[tensor]), int(last[tensor] - first[tensor] + 1)
        steps.append(model.new_optional_fixed_size_interval_var(begin, lasts, there, ""))
        spans.append(model.new_optional_fixed_size_interval_var(offset, size, there, ""))
        offsets.append(offset)
        inside.append(there)
    model.add_no_overlap_2d(steps, spans)
    return offsets, inside
