"""Calibrating on 100 networks that are imported already, and what a calibrated profile costs afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from calibrated import measured
from graphs import unpacked

from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.read import load_profile
from costmodel.studies.calibration import measured_runs as runs
from costmodel.studies.calibration import measurements
from costmodel.studies.calibration.calibrate import calibrate
from costmodel.studies.calibration.candidates import STYLES, Way, bench
from costmodel.studies.calibration.fit import fit
from costmodel.studies.simulation import simulate, simulated


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> list[measurements.Measurement]:
    """All 100; in an ordinary test run, which judges no time, a dozen of several families."""
    found = measurements.read(measured(unpacked(), "rtx3090"))
    return found if request.config.getoption("benchmark_enable") else found[::8]


def profile(word: str) -> HardwareProfile:
    return load_profile(word)


@pytest.mark.benchmark(group="calibrate on 100 networks")
def test_whole(
    benchmark: Any, table: list[measurements.Measurement], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rewriting, choosing, nested cross-validation and fitting; the imports are made before."""
    loaded = runs.load(table)
    monkeypatch.setattr(runs, "load", lambda _: loaded)
    benchmark.pedantic(lambda: calibrate(table, profile("rtx3090")), rounds=1)


@pytest.mark.benchmark(group="calibrate on 100 networks")
def test_one_fit(benchmark: Any, table: list[measurements.Measurement]) -> None:
    """The limit: a single fit to designs that are there."""
    ready = bench(table, profile("rtx3090"), passes=STYLES["eager"])
    way = Way(STYLES["eager"], "per_tensor", None, (), "partial")
    made = ready.options.design(way)
    benchmark(lambda: fit(made, np.arange(len(table))))


@pytest.mark.benchmark(group="simulate mobilenet_v2, batch 256")
@pytest.mark.parametrize("word", ["rtx3090", "rtx3090_measured"])
def test_simulate(benchmark: Any, word: str) -> None:
    """The passes of the calibrated profile included."""
    network, machine = simulate("mobilenet_v2", "rtx3090").network, profile(word)
    benchmark(lambda: simulated(network, machine, batch=256))


@pytest.mark.benchmark(group="simulate mobilenet_v2, batch 256")
def test_simulate_with_the_same_passes(benchmark: Any) -> None:
    """The plain profile under the passes and policies of the calibrated one: what calibration itself costs is the difference."""
    network, machine, passes = (
        simulate("mobilenet_v2", "rtx3090").network,
        profile("rtx3090"),
        profile("rtx3090_measured").passes,
    )
    choices = {"timing": "partial", "placement": "all_external"}
    benchmark(lambda: simulated(network, machine, batch=256, passes=passes, choices=choices))
