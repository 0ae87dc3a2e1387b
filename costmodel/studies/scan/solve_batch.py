"""The batch that meets a target, by walking the intervals in which a run is linear in the batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from costmodel.core.counting import LIMIT
from costmodel.studies.run import Run
from costmodel.studies.scan.solve import form_of
from costmodel.studies.scan.target import Answer, Target

MOST = 1_000_000
"""[samples] A batch beyond which nothing is asked."""
Prepare = Callable[[int], Run]


def solve_batch(prepare: Prepare, target: Target) -> Answer:
    """The largest batch that meets a target; the smallest where much work meets it.

    Much work meets ``total_time >= ...``. `prepare` simulates a batch. Between the batches at which
    a map stops fitting on chip the total is linear in the batch, so each such interval is solved
    exactly. Raises BadValue without closed form.
    """
    single = prepare(1)
    form_of(single)
    largest = target.favours_little
    edges = _edges(single)
    if all(_met(prepare, target, batch) for batch in edges):
        why = f"every batch up to {edges[-1]} that was asked meets the target"
        return _answer(prepare, None, True, why)
    intervals = list(pairwise(edges)) or [(1, 1)]
    search = last_of if largest else _first
    for low, high in reversed(intervals) if largest else intervals:
        batch = search(prepare, target, low, high)
        if batch is not None:
            side = "largest" if largest else "smallest"
            limit = f" (of those up to {edges[-1]} that were asked)" if batch == edges[-1] else ""
            return _answer(prepare, batch, True, f"the {side} batch that meets the target{limit}")
    batch = 1 if largest else edges[-1]
    reached = _quantity(prepare(batch), target)
    why = f"impossible, because even a batch of {batch} gives {reached:.6g}"
    return _answer(prepare, None, False, why)


def _edges(single: Run) -> list[int]:
    """The batches between which the quantity is monotone: where a map stops fitting on chip."""
    busiest = max(
        single.workload.macs.sum(),
        single.workload.ops.sum(),
        single.workload.host_ops.sum(),
        single.workload.tensor_bytes.sum(),
        1,
    )
    most = int(min(MOST, LIMIT // int(busiest) // 2))
    edges = {1, max(most, 1)}
    sizes = np.unique(single.workload.tensor_bytes)
    for size in sizes[sizes > 0]:
        # the last batch at which it fits
        last = int(single.machine.memory // int(size))
        edges |= {b for b in (last, last + 1) if 1 <= b <= most}
    return sorted(edges)


def _answer(prepare: Prepare, found: int | None, possible: bool, why: str) -> Answer:
    value = None if found is None else float(found)
    return Answer("batch", value, "samples", prepare(found or 1).total_time, possible, why)


def _quantity(run: Run, target: Target) -> float:
    """The target's quantity for a run."""
    if target.word == "external_bytes":
        return float(run.totals["external_bytes"])
    if target.word == "throughput":
        return run.throughput
    return run.total_time


def _met(prepare: Prepare, target: Target, batch: int) -> bool:
    run = prepare(batch)
    return bool(target.on(run).bound.met(_quantity(run, target)))


def last_of(prepare: Prepare, target: Target, low: int, high: int) -> int | None:
    """The largest number in low..high that meets the target; None where `low` does not."""
    if _met(prepare, target, high):
        return high
    return _turn(prepare, target, low, high)[0] if _met(prepare, target, low) else None


def _first(prepare: Prepare, target: Target, low: int, high: int) -> int | None:
    """The smallest batch in low..high that meets the target."""
    if _met(prepare, target, low):
        return low
    return _turn(prepare, target, low, high)[1] if _met(prepare, target, high) else None


def _turn(prepare: Prepare, target: Target, low: int, high: int) -> tuple[int, int]:
    """The neighbours between which the verdict changes: a bisection over whole numbers, exact."""
    before = _met(prepare, target, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _met(prepare, target, middle) == before else (low, middle)
    return low, high
