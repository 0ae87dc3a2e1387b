"""Where time goes: bus, on-chip memory, engines, launches; each is called by its own name."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import costmodel as cm
from costmodel.cli import main
from costmodel.core.quantities import MACHINE
from costmodel.report import text
from costmodel.report.timeline import segments
from costmodel.studies.scan.inverse.question import Question, form_of
from costmodel.studies.scan.inverse.sensitivity import effects

NET = """
name: N
source: hand arithmetic
input: [8]
layers:
  - d: {kind: linear, features: 4, bias: false}
  - r: {kind: relu}
"""
HW = """
name: M
source: hand arithmetic
bandwidth: 1 kB/s
on_chip_memory: 1 kB
on_chip_bandwidth: 2 kB/s
matrix: 1 kFLOPS
host: 1 kFLOPS
launch: 10 ms
"""
# fp32: d reads 32 B and 128 B of weights, writes 16 B; r reads and writes 16 B. The weights cross
# the bus: 0.128 s. On chip 32 + 16 + 16 + 16 = 80 B: 0.04 s. 64 operations, 4 operations; 2 launches.
TIMES = {"transfer": 0.128, "on_chip": 0.04, "matrix": 0.064, "host": 0.004, "launch": 0.02}


@pytest.fixture
def run(tmp_path: Path) -> cm.Run:
    (tmp_path / "n.yaml").write_text(NET)
    (tmp_path / "m.yaml").write_text(HW)
    return cm.simulate(tmp_path / "n.yaml", tmp_path / "m.yaml", convention="flops")


def test_every_lane_is_told_apart(run: cm.Run) -> None:
    assert run.lane_times == pytest.approx(TIMES)
    assert run.total_time == pytest.approx(sum(TIMES.values()))
    assert run.totals["transfer_time_s"] == pytest.approx(0.128)
    assert run.totals["on_chip_time_s"] == pytest.approx(0.04)
    assert run.totals["launch_time_s"] == pytest.approx(0.02)
    assert run.layers["bound"].tolist() == ["transfer", "on_chip"] or run.bound[1] == "on_chip"


def test_the_summary_calls_the_bus_the_bus(run: cm.Run) -> None:
    """0.128 of 0.256 s."""
    shown = text.report(run)
    assert "memory bus 50.0 %, on-chip memory 15.6 %, matrix engine 25.0 %" in shown
    assert "launching rows 7.8 %" in shown


def test_shares_agree_with_elasticities(run: cm.Run) -> None:
    """Under serial timing d ln T / d ln r is minus the share, of a launch the share itself."""
    found = {effect.resource: effect for effect in effects(run)}
    for word, lane in (
        ("bandwidth", "transfer"),
        ("on_chip_bandwidth", "on_chip"),
        ("matrix", "matrix"),
    ):
        assert found[word].share == pytest.approx(TIMES[lane] / 0.256)
        assert found[word].elasticity == pytest.approx(-TIMES[lane] / 0.256)
    assert found["launch"].elasticity == pytest.approx(0.02 / 0.256)


def test_a_crossing_is_where_the_formula_says(run: cm.Run) -> None:
    """The bus takes as long as the largest other lane, the matrix engine: 128 B in 64 ms."""
    value = Question(form_of(run), run.machine, MACHINE["bandwidth"]).crossing
    assert value == pytest.approx(128 / 0.064)


def test_pictures_hold_every_lane(run: cm.Run) -> None:
    spans: dict[str, float] = dict.fromkeys(TIMES, 0.0)
    for part in segments(run):
        spans[part.lane] += part.length
    assert spans == pytest.approx(TIMES)
    labels = [label.get_text() for label in run.plot("timeline").axes[0].get_yticklabels()]
    assert [label.split("\n")[0] for label in labels] == [
        "memory bus", "on-chip memory", "matrix engine", "host", "launching rows"]  # fmt: skip


def test_new_figures_are_axes_and_resources(run: cm.Run) -> None:
    """hw.launch and hw.on_chip_bandwidth by declaration alone: 0.236 + 2 l, 0.216 + 80 / b."""
    axes = {"hw.launch": ["10 ms", "20 ms"], "hw.on_chip_bandwidth": ["1 kB/s", "2 kB/s"]}
    points = cm.scan(run.network, run.profile, axes=axes, convention="flops")
    assert points["total_time"].tolist() == pytest.approx([0.296, 0.256, 0.316, 0.276])
    target = "total_time <= 0.25 s"
    launch = cm.solve(run.network, run.profile, "launch", target, convention="flops")
    assert launch.value == pytest.approx((0.25 - 0.236) / 2)
    needed = cm.solve(run.network, run.profile, "on_chip_bandwidth", target, convention="flops")
    assert needed.value == pytest.approx(80 / (0.25 - 0.216))


# --- scans and profiles ------------------------------------------------------------------------


def test_a_scan_file_keeps_the_profiles_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """fuse_activations makes one row of two; the file says nothing of passes."""
    (tmp_path / "n.yaml").write_text(NET)
    (tmp_path / "m.yaml").write_text(HW + "passes: [fuse_activations]\n")
    (tmp_path / "s.yaml").write_text(
        "arch: n.yaml\nhw: m.yaml\naxes: {hw.matrix: [1 kFLOPS]}\nbatch: 4\n"
    )
    assert main(["scan", str(tmp_path / "s.yaml"), "--out", str(tmp_path / "o")]) == 0
    fused = cm.simulate(tmp_path / "n.yaml", tmp_path / "m.yaml", batch=4).total_time
    plain = cm.simulate(tmp_path / "n.yaml", tmp_path / "m.yaml", batch=4, passes=[]).total_time
    best = (tmp_path / "o" / "best.csv").read_text().splitlines()
    total = float(dict(zip(best[0].split(","), best[1].split(","), strict=True))["total_time_s"])
    assert total == pytest.approx(fused)
    assert fused != plain
    # one sample on the command line wins over the file's four
    assert (
        main(["scan", str(tmp_path / "s.yaml"), "--batch", "1", "--out", str(tmp_path / "one")])
        == 0
    )
    best = (tmp_path / "one" / "best.csv").read_text().splitlines()
    total = float(dict(zip(best[0].split(","), best[1].split(","), strict=True))["total_time_s"])
    assert total == pytest.approx(cm.simulate(tmp_path / "n.yaml", tmp_path / "m.yaml").total_time)
    capsys.readouterr()


def test_a_memory_that_nobody_states_can_be_scanned(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(NET)
    (tmp_path / "m.yaml").write_text(HW.replace("on_chip_memory: 1 kB\n", ""))
    points = cm.scan(tmp_path / "n.yaml", tmp_path / "m.yaml", axes={"hw.on_chip_memory": ["1 kB"]},
                     placement="resident")  # fmt: skip
    (tmp_path / "whole.yaml").write_text(HW)
    whole = cm.simulate(tmp_path / "n.yaml", tmp_path / "whole.yaml", placement="resident")
    assert points["total_time"].tolist() == [pytest.approx(whole.total_time)]


# --- ONNX --------------------------------------------------------------------------------------


def exported(
    path: Path, nodes: list[onnx.NodeProto], shape: list[int], *held: onnx.TensorProto
) -> Path:
    graph = helper.make_graph(
        nodes, "made", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_empty_tensor_value_info("y")], initializer=list(held))  # fmt: skip
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    )
    return path


def ints(name: str, *values: int) -> onnx.TensorProto:
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def test_a_batch_in_the_file_counts_as_samples(tmp_path: Path) -> None:
    """Four samples of eight elements a run: four times the throughput of the run's rate."""
    file = exported(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], [4, 8])
    (tmp_path / "m.yaml").write_text(HW)
    run = cm.simulate(file, tmp_path / "m.yaml")
    assert (run.network.samples, run.network.outputs[0].shape) == (4, (8,))
    assert run.throughput == pytest.approx(4 / run.total_time)
    assert cm.simulate(file, tmp_path / "m.yaml", batch=2).samples == 8


def test_a_slice_moves_what_it_takes(tmp_path: Path) -> None:
    """One of 100 rows of 8: 32 B read and 32 B written, of 3 200 B."""
    slice_ = helper.make_node("Slice", ["x", "a", "b", "c"], ["y"])
    file = exported(
        tmp_path / "m.onnx", [slice_], [1, 100, 8], ints("a", 3), ints("b", 4), ints("c", 1)
    )
    (tmp_path / "m.yaml").write_text(HW)
    run = cm.simulate(file, tmp_path / "m.yaml", placement="all_external", passes=[])
    assert run.totals["external_bytes"] in (32 + 32, 0)
    assert run.totals["external_bytes"] != 3200 + 32


@pytest.mark.parametrize(("node", "shape", "ops"), [
    # one addition for each element but the first of each of 3 rows of 5
    (helper.make_node("CumSum", ["x", "axis"], ["y"]), [1, 3, 5], 3 * 4),
    # 5 squares, 4 additions and a root for each of 3 rows
    (helper.make_node("ReduceL2", ["x"], ["y"], axes=[2]), [1, 3, 5], 3 * (5 + 4 + 1)),
    # 5 exponentials, 4 additions and a logarithm
    (helper.make_node("ReduceLogSumExp", ["x"], ["y"], axes=[2]), [1, 3, 5], 3 * (5 + 4 + 1)),
    # three maps: two comparisons for each element
    (helper.make_node("Max", ["x", "x", "x"], ["y"]), [1, 3, 5], 2 * 15),
    # three maps: two additions and a division
    (helper.make_node("Mean", ["x", "x", "x"], ["y"]), [1, 3, 5], 3 * 15),
])  # fmt: skip
def test_tallies_of_operators(
    tmp_path: Path, node: onnx.NodeProto, shape: list[int], ops: int
) -> None:
    file = exported(
        tmp_path / "m.onnx", [node], shape, helper.make_tensor("axis", TensorProto.INT64, [], [2])
    )
    (tmp_path / "m.yaml").write_text(HW)
    assert cm.simulate(file, tmp_path / "m.yaml", convention="flops").totals["ops"] == ops
