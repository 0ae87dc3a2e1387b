"""Times from an ONNX Runtime profile: a JSON trace of runs and of the kernels inside them.

Format: ONNX Runtime documentation, "Profiling Tools" (`SessionOptions.enable_profiling`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Any

from costmodel.errors import InputError, Place
from costmodel.language import json_text
from costmodel.language.documents import read_text

KERNEL = "_kernel_time"
"""What the name of a node's event ends in."""
MOST = 500_000_000
"""[B] of a trace; a run of a large network is some 100 kB."""
LONGEST = 1e12
"""The longest time that is believed, eleven days [us]."""
MICROSECOND = 1e-6
"""The unit of times in a trace [s]."""


@dataclass(frozen=True)
class RuntimeTimes:
    """Medians over the runs, the first one (which warms up) left out if there are others [s]."""

    run: float
    nodes: dict[str, float]
    """By the name of the node in the model."""


def read(path: str) -> RuntimeTimes:
    """The times in the profile `path`. Raises InputError for anything that is none."""
    text = read_text(path, MOST, "the file that end_profiling() names").removeprefix("\ufeff")
    remedy = "give the file that the session's end_profiling() names"
    events = json_text.parse(text, path, remedy)
    if not isinstance(events, list):
        raise InputError.at(
            Place(path), "is no ONNX Runtime profile: a list of events was expected", remedy
        )
    runs: list[float] = []
    nodes: dict[str, list[float]] = defaultdict(list)
    for event in events:
        time = _seconds(event.get("dur")) if isinstance(event, dict) else None
        if time is None:
            continue
        name = str(event.get("name", ""))
        if event.get("cat") == "Session" and name == "model_run":
            runs.append(time)
        elif event.get("cat") == "Node" and name.endswith(KERNEL):
            nodes[name.removesuffix(KERNEL)].append(time)
    if not runs:
        raise InputError.at(
            Place(path),
            "the profile holds no finished run ('model_run')",
            "run the session at least twice before end_profiling()",
        )
    return RuntimeTimes(_typical(runs), {name: _typical(times) for name, times in nodes.items()})


def _seconds(duration: Any) -> float | None:
    """A duration [us] in seconds; None for what is no time that passed."""
    number = isinstance(duration, int | float) and not isinstance(duration, bool)
    return duration * MICROSECOND if number and 0 < duration < LONGEST else None


def _typical(times: list[float]) -> float:
    """The median without the first one, which warms up, if there are others."""
    return float(median(times[1:] or times))
