"""Where the time of a run can go: the lanes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple


class Lane(NamedTuple):
    """One thing that can be busy: where time can go."""

    word: str
    label: str
    """How reports name it."""
    column: str
    """Its time in tables and JSON; empty where it is part of `compute_time_s`."""
    side: Literal["memory", "compute", "besides", "once"]
    """What the timing model combines: the time of moving bytes and that of computing; what a row
    takes besides both; and what a run takes once, whatever its rows do.
    """


RUN_LANES = {
    lane.word: lane
    for lane in (
        Lane("transfer", "memory bus", "transfer_time_s", "memory"),
        Lane("on_chip", "on-chip memory", "on_chip_time_s", "memory"),
        Lane("matrix", "matrix engine", "", "compute"),
        Lane("host", "host", "", "compute"),
        Lane("launch", "launching rows", "launch_time_s", "besides"),
        Lane("link", "link between devices", "link_time_s", "besides"),
        Lane("overhead", "overhead per run", "overhead_time_s", "once"),
    )
}
"""Where the time of a whole run can go."""
LINK, OVERHEAD = RUN_LANES["link"], RUN_LANES["overhead"]
ROW_LANES = {word: lane for word, lane in RUN_LANES.items() if lane != OVERHEAD}
"""Where the time of a row can go, in the order in which ties are named (`bound`)."""
MOST_LEVELS = 3
"""On chip, of a machine that states them one by one."""
LEVEL_LANES = {
    lane.word: lane
    for lane in (
        Lane(f"level_{n}", f"level {n} on chip", f"level_{n}_time_s", "memory")
        for n in range(1, MOST_LEVELS + 1)
    )
}
"""Where time can go besides on such a machine: from each level on chip, counted from the outside,
to the next one inside, and from the last one to the engine.
"""


def labels(level_names: Sequence[str] = ()) -> dict[str, str]:
    """Give how reports name each lane; those of levels by the names of a machine's levels.

    >>> labels(("dram", "gb", "rf"))["level_1"]
    'gb'

    """
    named = {word: lane.label for word, lane in (RUN_LANES | LEVEL_LANES).items()}
    return named | {f"level_{n}": name for n, name in enumerate(level_names) if n}


TRAFFIC, ENERGY = "traffic", "energy"
"""Lanes that are no time: bytes over the memory bus [B], and joules [J]."""
SECONDS = "seconds"
"""The amount that is the time itself [s]: what a power is drawn for."""
