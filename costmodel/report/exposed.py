"""Exposed times: what each lane adds to the time of a row, hidden work left out."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.lanes import LEVEL_LANES, OVERHEAD, ROW_LANES
from costmodel.report.numbers import percent
from costmodel.studies.run import Run

SIDES = tuple(
    tuple(word for word, lane in (ROW_LANES | LEVEL_LANES).items() if lane.side == side)
    for side in ("memory", "compute")
)
"""Lanes that move bytes, and lanes that compute."""


def exposed_lanes(run: Run) -> dict[str, Array]:
    """Work out the exposed time of each lane in each row, arrays of (R,) [s].

    Over the lanes they sum to the time of each row. A transfer of 4 s and a compute of 3 s that
    overlap take 4 s: the memory bus is exposed for 4 s and the engines for none, although the
    engines are busy for 3 s. Lanes of one side share its exposed time as they share its busy time.
    """
    result = run.result
    lanes = dict(result.all_lanes)
    times = run.policies.timing_model.exposed_times(result.load)
    for every, exposed in zip(SIDES, times, strict=True):
        side = [word for word in every if word in lanes]
        busy = np.sum([lanes[word] for word in side], axis=0)
        # equal where nothing is hidden, and then no digit changes
        share = np.divide(exposed, busy, out=np.zeros_like(busy), where=busy > 0)
        lanes |= {word: lanes[word] * share for word in side}
    return lanes


def exposed_totals(run: Run) -> dict[str, float]:
    """The exposed time of each lane over the whole run, and any overhead [s]; sums to the total."""
    totals = {word: float(times.sum()) for word, times in exposed_lanes(run).items()}
    overhead = float(run.result.overhead)
    return totals | ({OVERHEAD.word: overhead} if overhead else {})


def shares(run: Run, always: Collection[str] = ()) -> str:
    """Each lane's share of the total by exposed time, in words; of idle ones those in `always`."""
    return ", ".join(
        f"{run.result.labels[word]} {percent(time, run.total_time)}"
        for word, time in exposed_totals(run).items()
        if time or word in always
    )
