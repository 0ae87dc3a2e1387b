"""Timing models, machine traits and pinned weights: by hand, and as laws over random networks and machines."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import weight, write
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from strategies import MACHINES, counted, networks

from costmodel.cli import main
from costmodel.core.formula import evaluate
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS, Load, Timing
from costmodel.hardware.profile import HardwareProfile
from costmodel.report.timeline import segments
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulate, simulated

RESIDENT = ["resident", "resident+weights"]


@given(networks(), MACHINES, st.sampled_from(PLACEMENTS.names()))
def test_more_concurrency_is_never_slower(network: Network, machine: Machine, place: str) -> None:
    """pipelined <= overlap <= partial <= serial, row sums and all, up to rounding."""
    work = counted(network)
    total = {
        word: float(evaluate(work, machine, PLACEMENTS.load(place), TIMINGS.load(word)).total_time)
        for word in ("serial", "partial", "overlap", "pipelined")
    }
    assert total["pipelined"] <= total["overlap"] * (1 + 1e-12)
    assert total["overlap"] <= total["partial"] * (1 + 1e-12)
    assert total["partial"] <= total["serial"] * (1 + 1e-12)


def test_partial_overlap_by_hand() -> None:
    """3 s of transfer beside 1 + 3 s of compute: 5 s (3, 4, 5); either alone takes its own time."""
    row = np.array([3.0, 3.0, 0.0])
    load = Load(row, np.array([1.0, 0.0, 2.0]), np.array([3.0, 0.0, 0.0]), lambda: None)  # type: ignore[arg-type,return-value]
    assert TIMINGS.load("partial").row_times(load).tolist() == [5.0, 3.0, 2.0]


def test_a_model_may_state_any_exponent() -> None:
    """Of 9 s and 16 s under the exponent 1/2: (3 + 4)^2 = 49 s, of which 3 x 7 and 4 x 7 are exposed."""

    class Half(Timing):
        exponent = 0.5

    load = Load(np.array([9.0]), np.array([16.0]), np.array([0.0]), lambda: None)  # type: ignore[arg-type,return-value]
    assert Half().row_times(load).tolist() == [49.0]
    assert [side.tolist() for side in Half().exposed_times(load)] == [[21.0], [28.0]]


@given(networks(), MACHINES)
def test_the_first_inference_loads_what_stays(network: Network, machine: Machine) -> None:
    """Its traffic is that of later ones and each pinned parameter once."""
    work, policy, clock = (
        counted(network),
        PLACEMENTS.load("resident+weights"),
        TIMINGS.load("serial"),
    )
    later = evaluate(work, machine, policy, clock)
    first = evaluate(work, machine, policy, clock, first=True)
    pinned = int(work.param_bytes[later.plan.params].sum())
    assert int(first.external_bytes.sum()) == int(later.external_bytes.sum()) + pinned
    assert float(first.total_time) == pytest.approx(
        float(later.total_time) + pinned / machine.bandwidth, rel=1e-12
    )
    resident = evaluate(work, machine, PLACEMENTS.load("resident"), clock)
    assert int(later.external_bytes.sum()) <= int(resident.external_bytes.sum())


def test_shared_weights_are_pinned_once(tmp_path: Path) -> None:
    """64 x 64 weights read by three products: 16384 B on chip, loaded once, read by all three."""
    nodes = [helper.make_node("MatMul", [a, "w"], [b]) for a, b in pairwise("xaby")]
    file = write(
        tmp_path / "m.onnx",
        nodes,
        {"x": (TensorProto.FLOAT, [1, 64])},
        ["y"],
        (weight("w", 64, 64),),
    )
    done = simulate(str(file), "accel_1tflops", placement="resident+weights")
    assert done.pinned_bytes == 16384
    assert done.totals["external_bytes"] == 2 * 256
    assert int(done.first.external_bytes.sum()) == 2 * 256 + 16384
    assert done.peak_internal_bytes == 16384 + 2 * 256


TWO = """
name: two
source: made for the tests
input: [4]
layers:
  - a: {kind: linear, features: 8, bias: false}
  - r: {kind: relu}
"""


def on(tmp_path: Path, drop: str = "", **traits: Any) -> Run:
    """TWO, everything external, on a machine of 1 B/s and 1 op/s with further traits."""
    from costmodel.core.loading import load_network

    (tmp_path / "two.yaml").write_text(TWO)
    base = {
        "name": "m",
        "source": "test",
        "bandwidth": "1 B/s",
        "on_chip_memory": "1 B",
        "matrix": "1 OPS",
        "host": "1 OPS",
        "placement": "all_external",
    }
    base.pop(drop, None)
    return simulated(
        load_network(tmp_path / "two.yaml"), HardwareProfile.model_validate(base | traits)
    )


@pytest.mark.parametrize(("traits", "total"), [
    # a reads 16 B and 128 B of weights, writes 32 B, 64 op; r reads 32 B, writes 32 B, 8 op: 240 + 72
    ({}, 312), ({"write_bandwidth": "2 B/s"}, 176 + 64 / 2 + 72),
    ({"launch": "5 s"}, 312 + 2 * 5), ({"efficiency": {"linear": 0.5}}, 312 + 64),
    ({"efficiency": {"linear": {"bandwidth": 0.5}, "default": 0.25}}, 312 + 176 + 3 * 8),
    ({"matrix": {"fp32": "2 OPS", "int8": "9 OPS"}}, 312 - 32),
    # the longer of the two, 176 s and 64 s, and a quarter of the shorter; nothing of r is exposed
    ({"timing": "overlap", "efficiency": {"linear": {"exposed": 0.25}}}, 176 + 64 / 4 + 64),
    # where nothing is hidden nothing is exposed
    ({"timing": "serial", "efficiency": {"linear": {"exposed": 0.25}}}, 312),
    # on one byte per second of on-chip memory nothing is on chip: nothing more
    ({"on_chip_bandwidth": "1 B/s"}, 312),
    # with 40 B on chip the maps are inside: the bus moves the weights, the on-chip memory 16 + 32 + 32 + 32 B
    ({"on_chip_bandwidth": "4 B/s", "on_chip_memory": "40 B", "placement": "per_tensor"}, 128 + 112 / 4 + 72),
])  # fmt: skip
def test_machine_traits_by_hand(tmp_path: Path, traits: dict[str, Any], total: float) -> None:
    assert on(tmp_path, **traits).total_time == total


@pytest.mark.parametrize("part", [-0.1, 1.5])
def test_an_exposed_part_is_a_part(tmp_path: Path, part: float) -> None:
    with pytest.raises(ValueError, match="no part of a time; write a number from 0 to 1"):
        on(tmp_path, efficiency={"linear": {"exposed": part}})


def test_energy_by_hand(tmp_path: Path) -> None:
    """240 B outside at 3 pJ, 72 op at 1 pJ; and a byte of the chip's own memory."""
    energy = {"external_byte": "3 pJ", "operation": "1000 fJ"}
    assert on(tmp_path, energy=energy).energy == pytest.approx(240 * 3e-12 + 72e-12, rel=1e-12)
    # a: 32 multiply-adds take two words of 4 B each; 8 outputs of 4 inputs are written, and written
    # and read back three times before; r takes and gives 32 B
    engine = 32 * 2 * 4 + 8 * (4 + 3 * 2 * 4) + 2 * 32
    on_chip = on(tmp_path, energy=energy | {"on_chip_byte": "1 J"})
    assert on_chip.energy == pytest.approx(240 + engine + 792e-12, rel=1e-15)


def test_energy_on_chip_by_hand(tmp_path: Path) -> None:
    """All maps on chip: the bus loads 16 B and 128 B of parameters and stores 32 B; the engine as ever."""
    done = on(tmp_path, energy={"on_chip_byte": "1 J"}, placement="resident", on_chip_memory="1 kB")
    assert done.energy == 16 + 128 + 32 + 544


def test_an_assumed_bandwidth_counts_like_a_published_one(tmp_path: Path) -> None:
    assumed = {
        "bandwidth": None,
        "write_bandwidth": "2 B/s",
        "assumed": {"bandwidth": {"value": "1 B/s", "reason": "for the test"}},
    }
    traits = {key: value for key, value in assumed.items() if value is not None}
    assert on(tmp_path, drop="bandwidth", **traits).total_time == 176 + 64 / 2 + 72


def test_launch_costs_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.yaml").write_text(
        "name: m\nsource: t\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\n"
        "host: 1 GFLOPS\nlaunch: 1 ms\n"
    )
    assert main(["simulate", "hairnet", "--hw", str(tmp_path / "m.yaml"), "--by", "kind"]) == 0
    shown = capsys.readouterr().out
    assert (
        "Total 0.243158 s = transfer 0.120513 s, compute 0.056645 s, launching rows 0.066 s"
        in shown
    )
    assert "launching rows 27.1 %" in shown
    # 46.97 M host operations (0.046973 s at 1 GFLOPS) in what 0.120513, 0.009672 and 0.066 s leave of a second
    words = ["--for", "host", "--target", "total_time <= 1 s"]
    assert main(["solve", "hairnet", "--hw", str(tmp_path / "m.yaml"), *words]) == 0
    assert "host 58.4374 MFLOPS" in capsys.readouterr().out


def test_the_smallest_trait_makes_another_plan(tmp_path: Path) -> None:
    """Launch costs that differ in their tenth digit are not the same scan."""
    from costmodel.studies.scan.planning import planned
    from costmodel.studies.scan.request import ScanRequest

    plans = set()
    for launch in ("1 us", "1.0000000001 us", "1 us"):
        (tmp_path / "m.yaml").write_text(
            "name: m\nsource: t\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\n"
            f"host: 1 GFLOPS\nlaunch: {launch}\n"
        )
        plans.add(
            planned(
                ScanRequest(["hairnet"], [str(tmp_path / "m.yaml")], {"hw.host": ["1 GFLOPS"]})
            ).identity
        )
    assert len(plans) == 2


def test_a_scan_reads_files_again(tmp_path: Path) -> None:
    """The host ten times as fast in the second scan of one process."""
    from costmodel.studies.scan import scan

    text = "name: m\nsource: t\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\nhost: {} GFLOPS\n"
    found = []
    for host in (1, 10):
        (tmp_path / "m.yaml").write_text(text.format(host))
        found.append(float(scan("hairnet", str(tmp_path / "m.yaml"))["host_time"][0]))
    assert found[0] == pytest.approx(10 * found[1])


def test_scans_follow_the_traits() -> None:
    """What has no closed form takes the general path, and gives what simulate gives."""
    from costmodel.studies.scan import scan

    for place, clock in (("resident+weights", "pipelined"), ("per_tensor", "overlap")):
        frame = scan(
            "hairnet",
            "accel_1tflops",
            axes={"hw.bandwidth": ["1 GB/s", "3 GB/s"], "hw.on_chip_memory": ["1 MB", "2 MB"]},
            placement=place,
            timing=clock,
        )
        one = simulate("hairnet", "accel_1tflops", placement=place, timing=clock)
        assert frame["total_time"][0] == pytest.approx(one.total_time, rel=1e-12)


@pytest.mark.parametrize("clock", ["serial", "overlap", "pipelined"])
def test_the_timeline_adds_up(clock: str) -> None:
    """No resource does two things at once; its work is all there; the last one ends with the run."""
    done = simulate("hairnet", "accel_1tflops", placement="resident", timing=clock)
    parts = segments(done)
    for lane, times in (
        ("transfer", done.result.transfer),
        ("matrix", done.result.matrix),
        ("host", done.result.host),
    ):
        mine = sorted((p.start, p.start + p.length) for p in parts if p.lane == lane)
        assert all(b[0] >= a[1] - 1e-12 for a, b in pairwise(mine))
        assert sum(end - start for start, end in mine) == pytest.approx(
            float(times.sum()), rel=1e-9
        )
    assert max(p.start + p.length for p in parts) == pytest.approx(done.total_time, rel=1e-12)
    assert any(p.prefetch for p in parts) == (clock == "pipelined")


def test_the_trace_is_what_perfetto_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Complete events with a start and a length in microseconds, on named threads."""
    trace = tmp_path / "t.json"
    words = [
        "simulate",
        "hairnet",
        "--hw",
        "accel_1tflops",
        "--placement",
        "resident+weights",
        "--timing",
        "pipelined",
    ]
    assert main([*words, "--trace", str(trace), "--plot", str(tmp_path)]) == 0
    assert "First inference" in capsys.readouterr().out
    content = json.loads(trace.read_text())
    events = [e for e in content["traceEvents"] if e["ph"] == "X"]
    assert {"name", "ph", "pid", "tid", "ts", "dur"} <= set(events[0])
    assert max(e["ts"] + e["dur"] for e in events) == pytest.approx(
        1e6
        * simulate(
            "hairnet", "accel_1tflops", placement="resident+weights", timing="pipelined"
        ).total_time
    )
    names = {e["args"]["name"] for e in content["traceEvents"] if e["name"] == "thread_name"}
    assert names == {"memory bus", "on-chip memory", "matrix engine", "host", "launching rows"}
    assert {p.name for p in tmp_path.glob("*.png")} == {
        "memory.png",
        "roofline.png",
        "time.png",
        "timeline.png",
    }
