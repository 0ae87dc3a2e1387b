"""Tiled traffic: step functions cold and warm, one simulation, and scans by their closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_scan import machine

from costmodel.core.tiling import contraction, orders, windows
from costmodel.core.tiling.curves import CURVES, traffic_curve
from costmodel.core.tiling.nest import Nest, Sweep, Widths
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.overlapped import Overlapped
from costmodel.studies.scan.space.variant import Variant
from costmodel.studies.simulation import simulate
from costmodel.studies.traffic_by_memory import row_steps

NETWORKS = ["hairnet", "mobilenet_v2", "alexnet", "shufflenet_v2"]


def forget() -> None:
    """Nothing is kept of an earlier round."""
    CURVES.clear()
    for kept in (windows.window_tilings, windows._cuts, orders._axis, contraction.plain_cuts):
        kept.cache_clear()


@pytest.mark.benchmark(group="tiling: the step functions of all rows, nothing known before")
@pytest.mark.parametrize("arch", NETWORKS)
def test_cold(benchmark: Any, arch: str) -> None:
    work = simulate(arch, "accel_1tflops", placement="all_external", traffic="tiled").workload
    found = benchmark.pedantic(lambda: row_steps(work), setup=forget, rounds=3)
    assert len(found) == len(work.macs)


@pytest.mark.benchmark(group="tiling: one layer, nothing known before")
@pytest.mark.parametrize("word", ["product of 4096^3", "3x3 on 56x56x64", "7x7 on 224x224x3"])
def test_layer(benchmark: Any, word: str) -> None:
    def square(outputs: int, taps: int, stride: int) -> tuple[Sweep, Sweep]:
        axis = Sweep(outputs, taps, stride, 1, taps // 2, outputs * stride)
        return axis, axis

    nest = {
        "product of 4096^3": Nest(4096, 4096, (Sweep(4096),)),
        "3x3 on 56x56x64": Nest(64, 64, square(56, 3, 1)),
        "7x7 on 224x224x3": Nest(64, 3, square(112, 7, 2)),
    }[word]
    widths = Widths(8, 8, 8, 32)
    assert (
        len(benchmark.pedantic(lambda: traffic_curve(nest, widths), setup=forget, rounds=3).room)
        > 9
    )


@pytest.mark.benchmark(group="tiling: one simulation of MobileNetV2 in a warm process")
@pytest.mark.parametrize("traffic", ["once", "tiled"])
@pytest.mark.parametrize("placement", ["all_external", "resident"])
def test_simulate(benchmark: Any, traffic: str, placement: str) -> None:
    def once() -> float:
        run = simulate("mobilenet_v2", "accel_1tflops", placement=placement, traffic=traffic)
        return run.total_time

    assert benchmark(once) > 0


@pytest.mark.benchmark(group="tiling: a million random points of HairNet on one core")
def test_closed_form(benchmark: Any) -> None:
    done = simulate("hairnet", "accel_1tflops", placement="all_external", traffic="tiled")
    chosen = done.policies
    form = closed_form(
        done.workload, chosen.placement_model, chosen.timing_model, chosen.traffic_model
    )
    assert form is not None
    points = machine()
    assert np.isfinite(benchmark.pedantic(form.total_time, args=(points,), rounds=15)).all()


@pytest.mark.benchmark(group="overlap: a million random points on one core, at one memory")
@pytest.mark.parametrize("arch", ["hairnet", "mobilenet_v2"])
def test_overlap(benchmark: Any, arch: str) -> None:
    run = simulate(arch, "accel_1tflops", timing="overlap")
    form = Variant.of(run).form
    assert isinstance(form, Overlapped)
    points = machine().replace(memory=run.machine.memory)
    count = len(points.bandwidth)
    benchmark.pedantic(form.columns, args=(points, count, ("total_time",)), rounds=9)


@pytest.mark.benchmark(group="overlap: the tables of every memory step of MobileNetV2")
def test_overlap_tables(benchmark: Any) -> None:
    run = simulate("mobilenet_v2", "accel_1tflops", timing="overlap")

    def every() -> None:
        form = Variant.of(run).form
        assert isinstance(form, Overlapped)
        for step in range(len(form.lanes.sizes) + 1):
            form.waits(run.machine, step)

    benchmark.pedantic(every, rounds=3)
