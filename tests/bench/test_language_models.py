"""A decoder's step over batch, context, bandwidth and matrix rate, all of them arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from costmodel.studies.scan.planning import planned
from costmodel.studies.scan.request import ScanRequest

POINTS = 1_000_000
AXES: dict[str, Any] = {
    "batch": "linear(1, 64)",
    "arch.context": "linear(64, 8000)",
    "hw.bandwidth": "log(1 TB/s, 8 TB/s)",
    "hw.matrix": "log(300 TFLOPS, 2 PFLOPS)",
}


@pytest.mark.benchmark(group="decoder: a million points of batch, context, bandwidth and rate")
@pytest.mark.parametrize("what", ["plan", "points", "the limit: filling an array"])
def test_step(benchmark: Any, what: str) -> None:
    choices: dict[str, Any] = {"placement": "all_external", "timing": "overlap"}
    request = ScanRequest(
        ["llama-3.1-8b"], ["h100_measured"], AXES, {"tokens": 1}, "random", POINTS, choices=choices
    )
    plan = planned(request)
    model, points = plan.space.variants[0], plan.space.machine_points(0, POINTS)
    if what == "plan":
        benchmark.pedantic(planned, args=(request,), rounds=3)
    elif what == "points":
        found = benchmark.pedantic(lambda: model.columns(points, POINTS, ()), rounds=5)
        assert len(found["total_time"]) == POINTS
    else:
        benchmark.pedantic(lambda: np.full(POINTS, 1.0), rounds=5)
