"""The batch, the context or the prompt that meets a target: whole numbers, found by halving.

Each number is a network built and counted. Between the batches at which a map stops fitting on chip
a run is linear in the batch, so each such interval is solved exactly; times do not fall with the
tokens, so one interval holds them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from costmodel.core.counting import LIMIT
from costmodel.errors import BadValue
from costmodel.studies.energy import energy_of
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.question import form_of
from costmodel.studies.scan.inverse.target import Answer, Target

WORDS = {"context": "context", "prompt": "tokens"}
"""What may be asked for beside the batch, and the network's variable."""
MOST = 1_000_000
"""[samples], or [tokens] of a network without a limit of its own (`max_positions`)."""
RunOf = Callable[[int], Run]
"""Simulates so many samples or tokens."""


def solve_batch(run_of: RunOf, target: Target) -> Answer:
    """Find the largest batch that meets a target; the smallest where much work meets it.

    Much work meets ``total_time >= ...``.

    Parameters
    ----------
    run_of : callable
        Simulates a batch.
    target : Target
        A bound on the time, the throughput, the energy or the external bytes.

    Returns
    -------
    Answer
        The batch; without a value where none or all of those that were asked meet the target.

    Raises
    ------
    BadValue
        For a run without a closed form.

    """
    single = run_of(1)
    form_of(single)
    if target.on_energy:
        energy_of(single)
    edges = _edges(single)
    if all(_met(run_of, target, batch) for batch in edges):
        why = f"every batch up to {edges[-1]} that was asked meets the target"
        return _answer(run_of, target, None, True, why)
    intervals = list(pairwise(edges)) or [(1, 1)]
    largest = target.favours_little
    side = "largest" if largest else "smallest"
    for low, high in reversed(intervals) if largest else intervals:
        batch = _outermost(run_of, target, low, high, largest)
        if batch is not None:
            limit = f" (of those up to {edges[-1]} that were asked)" if batch == edges[-1] else ""
            return _answer(
                run_of, target, batch, True, f"the {side} batch that meets the target{limit}"
            )
    batch = 1 if largest else edges[-1]
    reached = _quantity(run_of(batch), target)
    why = f"impossible, because even a batch of {batch} gives {reached:.6g}"
    return _answer(run_of, target, None, False, why)


def solve_tokens(run_of: RunOf, target: Target, word: str) -> Answer:
    """Find the longest context or prompt that meets a target that favours little work.

    Parameters
    ----------
    run_of : callable
        Simulates so many tokens.
    target : Target
        A bound on the time, the energy or the bytes from above, on the throughput from below.
    word : str
        What is asked for, a key of WORDS.

    Returns
    -------
    Answer
        The number of tokens; without a value where not even the least meets the target.

    Raises
    ------
    BadValue
        For a network without such a variable, and for a target that favours much work.

    """
    if not target.favours_little:
        raise BadValue(f"'{target.text}' is met by any long {word}", "bound the time from above")
    least = 0 if word == "context" else 1
    first = run_of(least)
    told = tuple(first.marks.values())
    variables = first.network.facts.variables
    other = variables.get("context" if word == "prompt" else "tokens", 0)
    most = int(variables.get("max_positions") or MOST) - int(other)
    longest = _outermost(run_of, target, least, most, True)
    if longest is None:
        takes = f"{energy_of(first):.6g} J" if target.on_energy else f"{first.total_time:.6g} s"
        why = f"impossible, because even {least} tokens take {takes}"
        return _told(first, target, Answer(word, None, "tokens", 0.0, False, why, marks=told))
    limit = ", the most that there are positions for" if longest == most else ""
    why = f"the longest {word} that meets the target{limit}"
    answer = Answer(word, float(longest), "tokens", 0.0, True, why, marks=told)
    return _told(run_of(longest), target, answer)


def _edges(single: Run) -> list[int]:
    """The batches between which the quantity is monotone: where a map stops fitting on chip."""
    work = single.workload
    counts = (work.macs, work.ops, work.host_ops, work.tensor_bytes)
    busiest = max(1, *(int(count.sum()) for count in counts))
    most = max(1, min(MOST, LIMIT // busiest // 2))
    edges = {1, most}
    for size in np.unique(work.tensor_bytes[work.tensor_bytes > 0]):
        # the last batch at which it fits
        last = int(single.machine.memory // int(size))
        edges |= {batch for batch in (last, last + 1) if 1 <= batch <= most}
    return sorted(edges)


def _answer(run_of: RunOf, target: Target, batch: int | None, possible: bool, why: str) -> Answer:
    """The answer about a batch; without one the time is that of a single sample."""
    value, run = None if batch is None else float(batch), run_of(batch or 1)
    told = tuple(run.marks.values())
    return _told(run, target, Answer("batch", value, "samples", 0.0, possible, why, marks=told))


def _told(run: Run, target: Target, answer: Answer) -> Answer:
    """The answer with what a run takes: its time, and its energy where that is bounded."""
    energy = run.energy if target.on_energy else None
    return replace(answer, achieved_total_time_s=run.total_time, achieved_energy=energy)


def _quantity(run: Run, target: Target) -> float:
    """The target's quantity for a run."""
    if target.word == "external_bytes":
        return float(run.totals["external_bytes"])
    if target.on_energy:
        return energy_of(run)
    return run.throughput if target.word == "throughput" else run.total_time


def _met(run_of: RunOf, target: Target, number: int) -> bool:
    """True where a run of so many samples or tokens meets the target."""
    run = run_of(number)
    return bool(target.on(run).bound.met(_quantity(run, target)))


def _outermost(run_of: RunOf, target: Target, low: int, high: int, largest: bool) -> int | None:
    """The `largest` number in low..high that meets the target, or the smallest; None if none does.

    The verdict changes once in between: a bisection over whole numbers, exact.
    """
    far, near = (high, low) if largest else (low, high)
    if _met(run_of, target, far):
        return far
    if not _met(run_of, target, near):
        return None
    while abs(far - near) > 1:
        middle = (near + far) // 2
        far, near = (far, middle) if _met(run_of, target, middle) else (middle, near)
    return near
