"""Inverse questions about a size of the matrix engine: whole numbers, tried one by one.

The time need not fall as an array grows: a systolic array is filled and drained for each fold. So
nothing is bisected; the first number that meets the target is the smallest one.
"""

from __future__ import annotations

import math

from costmodel.core.formula import Result
from costmodel.core.quantities import MACHINE
from costmodel.core.reshaping import Reshaping
from costmodel.errors import BadValue, did_you_mean
from costmodel.hardware.numbers import ENGINE, peak_factor, rate_told, with_engine
from costmodel.studies.evaluated import evaluated
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.target import Answer, Target
from costmodel.studies.simulation import counting_for

LARGEST = 4096
"""The largest size that is tried: sixteen times the side of any array that is shipped."""


class Sizes:
    """A run on its own machine with other values of one size of the engine."""

    def __init__(self, run: Run, name: str) -> None:
        self.run, self.name = run, name
        counting = counting_for(run.profile, run.policies)
        self.array = counting.traits.array
        self.reshaping = Reshaping(run.workload, counting, run.samples)

    def result(self, size: int) -> Result:
        """The run with that size. Raises BadValue where the engine has no such size."""
        profile = with_engine(self.run.profile, {self.name: size})
        counting = counting_for(profile, self.run.policies)
        factor = peak_factor(self.array, counting.traits.array)
        machine = self.run.machine.scaled(MACHINE["matrix"], factor)
        return evaluated(self.reshaping.workload_on(counting), machine, self.run.policies)


def solve_size(run: Run, resource: str, target: Target) -> Answer:
    """Find the smallest size of the matrix engine that meets a target, exactly.

    Parameters
    ----------
    run : Run
        A simulation on a machine whose engine has sizes.
    resource : str
        Such as 'engine.rows'; the peak rate goes with it where the engine's multipliers make it.
    target : Target
        A bound that asks for speed: an upper one on the time, a lower one on the throughput.

    Returns
    -------
    Answer
        The size [count]; without a value where none up to LARGEST meets the target.

    Raises
    ------
    BadValue
        For another word, a size that the engine has not, and a target that asks for little speed.

    """
    if not resource.startswith(ENGINE):
        known = [*MACHINE, f"{ENGINE}NAME", "batch", "context", "prompt"]
        raise BadValue(f"unknown resource '{resource}'", did_you_mean(resource, known))
    if not target.favours_little and target.word != "throughput":
        raise BadValue(
            f"'{target.text}' asks for the largest '{resource}', which may have no end",
            f"scan hw.{resource}",
        )
    sizes, target = Sizes(run, resource.removeprefix(ENGINE)), target.on(run)

    def joules(result: Result) -> float | None:
        return float(result.total_energy or 0.0) if target.on_energy else None

    best, at_best = math.inf, 0
    told = (*run.marks.values(), *filter(None, [rate_told(run.profile)]))
    for size in range(1, LARGEST + 1):
        result = sizes.result(size)
        reached = _reached(result, target, run.samples)
        time = float(result.total_time)
        if target.bound.met(reached):
            why = f"the smallest {resource} that meets the target"
            return Answer(resource, float(size), "", time, True, why, None, told, joules(result))
        if (worse := reached if target.bound.at_most else -reached) < best:
            best, at_best = worse, size
    why = f"impossible with any {resource} from 1 to {LARGEST}; {at_best} comes closest"
    closest = sizes.result(at_best)
    time = float(closest.total_time)
    return Answer(resource, None, "", time, False, why, None, told, joules(closest))


def _reached(result: Result, target: Target, samples: int) -> float:
    """What a target bounds, of a run. Raises BadValue where that is not known."""
    time, energy = float(result.total_time), result.total_energy
    known = {
        "total_time": time,
        "throughput": samples / time if time else math.inf,
        "external_bytes": float(result.external_bytes.sum()),
        **({} if energy is None else {"energy": float(energy), "edp": float(energy) * time}),
    }
    if target.word not in known:
        raise BadValue(f"'{target.word}' is not known of this machine", "bound the time instead")
    return known[target.word]
