"""One simulation in a loop: by names, whose files are read once, and by objects, the limit."""

from __future__ import annotations

from typing import Any

import pytest

import costmodel as cm


@pytest.mark.benchmark(group="one simulation of HairNet in a warm process")
def test_by_names(benchmark: Any) -> None:
    benchmark(lambda: cm.simulate("hairnet", "accel_1tflops"))


@pytest.mark.benchmark(group="one simulation of HairNet in a warm process")
def test_by_objects(benchmark: Any) -> None:
    network, profile = cm.load_network("hairnet"), cm.load_profile("accel_1tflops")
    benchmark(lambda: cm.simulate(network, profile))
