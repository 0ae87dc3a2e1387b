"""How much the total depends on each resource, at a point."""

from __future__ import annotations

from dataclasses import dataclass, replace

from costmodel import timing
from costmodel.run import Run

STEP = 1e-6  # relative, of the central difference for timings that are no plain sum
FIELDS = {"bandwidth": "bandwidth", "on_chip_memory": "memory", "matrix": "matrix", "host": "host"}


@dataclass(frozen=True)
class Effect:
    """One resource: its share of the time, its elasticity, and the total with it halved and doubled.

    The elasticity d ln T / d ln r of a rate under additive timing is minus its share of the time; the
    memory acts in steps, so it has none (0) almost everywhere: halving and doubling show its steps.
    """

    resource: str
    share: float
    elasticity: float
    halved_s: float  # [s]
    doubled_s: float  # [s]


def effects(run: Run, factor: float = 2.0) -> list[Effect]:
    """Every resource's effect, the strongest first. Exact: the formula is evaluated at each machine."""
    total = run.total_time
    busy = {"bandwidth": run.result.transfer, "matrix": run.result.matrix, "host": run.result.host}
    shares = {name: float(times.sum()) / total if total else 0.0 for name, times in busy.items()}
    additive = timing.load(run.policies.timing).additive and run.profile.on_chip_bandwidth is None
    found = []
    for resource, field in FIELDS.items():
        times = {
            scale: _time(run, field, scale) for scale in (1 / factor, 1 - STEP, 1 + STEP, factor)
        }
        slope = (times[1 + STEP] - times[1 - STEP]) / (2 * STEP * total) if total else 0.0
        share = shares.get(resource, 0.0)
        elasticity = 0.0 if resource == "on_chip_memory" else -share if additive else slope
        found.append(Effect(resource, share, elasticity, times[1 / factor], times[factor]))
    return sorted(found, key=lambda e: -abs(e.halved_s - e.doubled_s))


def _time(run: Run, field: str, scale: float) -> float:
    """The total with one quantity of the machine scaled [s]."""
    machine = run.machine
    scaled = replace(machine, **{field: getattr(machine, field) * scale})
    return float(run.on(scaled).total_time)
