"""Intervals and warnings of calibrated profiles, by hand, wherever a total is printed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.hardware.read import load_profile
from costmodel.studies.simulation import simulate

# 1024 B in, 1024 B out at 1 MB/s and 256 comparisons at 1 MFLOPS: 2.304 ms, 0.125 op/B
RELU = "name: relu\nsource: test\ninput: [4, 8, 8]\nlayers:\n  - r: {kind: relu}\n"
GELU = RELU.replace("kind: relu", "kind: gelu")
MACHINE = """name: m
source: test
bandwidth: 1 MB/s
on_chip_memory: 1 kB
matrix: 1 TFLOPS
host: 1 MFLOPS
timing: serial
placement: per_tensor
convention: flops
passes: [fuse_activations]
"""
KNOWN = """calibration:
  base: a machine
  measurements: t.csv
  count: 3
  families: {one: 2, two: 1}
  held_out: {mean: 0.1, median: 0.05, p90: 0.2}
  uncalibrated: {mean: 0.5, median: 0.5, p90: 0.7}
  interval_90: [0.5, 1.25]
  dtypes: [fp32]
  batch: [1, 4]
  intensity: [0.1, 0.2]
  kinds: [relu, conv2d.1x1]
  networks: [relu]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "relu.yaml").write_text(RELU)
    (tmp_path / "gelu.yaml").write_text(GELU)
    (tmp_path / "plain.yaml").write_text(MACHINE)
    (tmp_path / "m.yaml").write_text(MACHINE + KNOWN)
    return tmp_path


def test_an_assumed_launch_is_told(tmp_path: Path) -> None:
    """Like an assumed overhead: it is the launch in use, and nobody published it."""
    text = "name: M\nsource: s\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\nhost: 1 GFLOPS\n"
    text += (
        "assumed: {launch: {value: 1 us, reason: a guess}, overhead: {value: 1 ms, reason: too}}\n"
    )
    told = {"launch": "a guess", "overhead": "too"}
    for stated, wanted in (("", told), ("launch: 0 us\n", {"overhead": "too"})):
        (tmp_path / f"m{len(stated)}.yaml").write_text(text + stated)
        profile = load_profile(tmp_path / f"m{len(stated)}.yaml")
        assert profile.assumptions("fp32") == wanted
        assert profile.machine("fp32").matrix_launch == (0.0 if stated else 1e-6)


def test_simulate_prints_the_interval(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0.5 and 1.25 times 2.304 ms; an uncalibrated profile prints nothing of the kind."""
    words = [
        "simulate",
        str(folder / "relu.yaml"),
        "--hw",
        str(folder / "m.yaml"),
        "--json",
        str(folder / "r.json"),
    ]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "90 % interval         0.001152 s to 0.00288 s" in shown
    assert "10.0 % off in the mean, 5.0 % in the median" in shown
    assert "FAR FROM MEASURED" not in shown
    totals = json.loads((folder / "r.json").read_text())["totals"]
    assert (totals["total_time_low_s"], totals["total_time_high_s"]) == pytest.approx(
        (1.152e-3, 2.88e-3)
    )
    assert main(["simulate", str(folder / "relu.yaml"), "--hw", str(folder / "plain.yaml")]) == 0
    assert "interval" not in capsys.readouterr().out


@pytest.mark.parametrize(("options", "words"), [
    ({"batch": 4}, []), ({"batch": 5}, ["batch 5: batches of 1 to 4 were measured"]),
    ({"dtype": "fp16"}, ["dtype fp16: only fp32 was measured", "0.25 operations per byte: networks of 0.1 to 0.2 were measured"]),
    ({"timing": "overlap"}, ["timing overlap: the profile was calibrated with serial"]),
    ({"passes": []}, ["passes none: the profile was calibrated with fuse_activations"]),
])  # fmt: skip
def test_what_was_not_measured_is_said(
    folder: Path, options: dict[str, object], words: list[str]
) -> None:
    done = simulate(str(folder / "relu.yaml"), str(folder / "m.yaml"), **options)  # type: ignore[arg-type]
    assert done.doubts == words


def test_a_kind_that_was_never_measured_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", str(folder / "gelu.yaml"), "--hw", str(folder / "m.yaml")]) == 0
    assert (
        "FAR FROM MEASURED     gelu: 100 % of the time is in a kind that was never measured"
        in capsys.readouterr().out
    )


def test_compare_and_its_table_have_the_interval(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "compare",
        str(folder / "relu.yaml"),
        str(folder / "gelu.yaml"),
        "--hw",
        str(folder / "m.yaml"),
        str(folder / "plain.yaml"),
    ]
    assert main([*words, "--csv", str(folder / "c.csv")]) == 0
    shown = capsys.readouterr().out
    assert "0.001152 to 0.00288" in shown
    assert "gelu.yaml on m is far from what was measured" in shown
    with (folder / "c.csv").open() as stream:
        first, second, *_ = list(csv.DictReader(stream))
    assert float(first["total_time_high_s"]) == pytest.approx(2.88e-3)
    assert second["total_time_low_s"] == ""


def test_scans_have_the_interval_and_may_ask_for_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """2.048 kB at 1, 2, 4 MB/s and 0.256 ms: 2.304, 1.28, 0.768 ms; 1.25 times that is to be at most 2 ms."""
    words = [
        "scan",
        str(folder / "relu.yaml"),
        "--axis",
        "hw.bandwidth=[1 MB/s, 2 MB/s, 4 MB/s]",
        "--out",
        str(folder / "out"),
        "--where",
        "total_time_high <= 2 ms",
        "--hw",
    ]
    assert main([*words, str(folder / "m.yaml")]) == 0
    with (folder / "out" / "best.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["total_time_high_s"]) for row in rows] == pytest.approx([0.96e-3, 1.6e-3])
    assert [float(row["total_time_low_s"]) for row in rows] == pytest.approx([0.384e-3, 0.64e-3])
    capsys.readouterr()
    assert main([*words, str(folder / "plain.yaml")]) == 2
    assert "total_time_high" in capsys.readouterr().err


def test_no_pass_may_be_asked_for(folder: Path) -> None:
    """`--pass none` beats the profile's list."""
    words = [
        "simulate",
        str(folder / "relu.yaml"),
        "--hw",
        str(folder / "m.yaml"),
        "--json",
        str(folder / "r.json"),
    ]
    for extra, passes in (
        ([], ["fuse_activations"]),
        (["--pass", "none"], []),
        (["--pass", "fold_batch_norm"], ["fold_batch_norm"]),
    ):
        assert main([*words, *extra]) == 0
        assert json.loads((folder / "r.json").read_text())["provenance"]["passes"] == passes


@pytest.mark.parametrize(("line", "message"), [
    ("passes: [fuse_everythin]", "unknown pass 'fuse_everythin'"), ("efficiency: {denze: 0.5}", "unknown layer kind or routine 'denze'; did you mean 'dense'?"),
    ("engines: {dense: host}", "unknown layer kind 'dense'"),
    (KNOWN.replace("[0.5, 1.25]", "[1.25, 0.5]"), "is no interval"),
])  # fmt: skip
def test_bad_profiles(folder: Path, line: str, message: str) -> None:
    (folder / "bad.yaml").write_text(
        MACHINE.replace("passes: [fuse_activations]\n", "") + line + "\n"
    )
    with pytest.raises(InputError, match=r"bad\.yaml:\d+:\d+: ") as caught:
        load_profile(folder / "bad.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize(("layer", "shares", "factor"), [
    # the kind before the routine
    ("kernel: 1", "{conv2d: 0.5, dense: 0.25, default: 0.1}", 2),
    ("kernel: 1", "{dense: 0.25, window: 0.5, default: 0.1}", 4),
    ("kernel: 3, padding: same", "{dense: 0.25, window: 0.5, default: 0.1}", 2),
    ("kernel: 3, padding: same, groups: 2", "{dense: 0.25, window: 0.5, default: 0.1}", 10),
    ("kernel: 1, groups: 2", "{grouped: 0.2}", 5),
])  # fmt: skip
def test_a_routine_has_an_efficiency(folder: Path, layer: str, shares: str, factor: int) -> None:
    """Four filters on four channels: 4 * 4 * k * k / groups multiply-adds at each of 64 places, at 1 MFLOPS."""
    (folder / "conv.yaml").write_text(
        RELU.replace("kind: relu", f"kind: conv2d, filters: 4, {layer}")
    )
    base = MACHINE.replace("1 TFLOPS", "1 MFLOPS").replace("passes: [fuse_activations]\n", "")
    (folder / "e.yaml").write_text(f"{base}efficiency: {shares}\n")
    done = simulate(str(folder / "conv.yaml"), str(folder / "e.yaml"))
    ops = 2 * 16 * (9 if "3" in layer else 1) * 64 / (2 if "groups" in layer else 1)
    assert float(done.result.compute.sum()) == pytest.approx(factor * ops * 1e-6)


def test_parameters_have_a_share_and_engines_a_launch(folder: Path) -> None:
    """A dense layer of 256 x 10 at 1 MB/s: maps at half the bandwidth, parameters at a quarter; 1 ms for it, 2 ms for the ReLU."""
    (folder / "fc.yaml").write_text(
        RELU + "  - f: {kind: flatten}\n  - d: {kind: linear, features: 10}\n"
    )
    (folder / "e.yaml").write_text(
        MACHINE.replace("passes: [fuse_activations]\n", "").replace("1 kB", "1 B")
        + "efficiency: {dense: {bandwidth: 0.5, parameters: 0.25}}\nlaunch: {matrix: 1 ms, host: 2 ms}\n"
    )
    done = simulate(str(folder / "fc.yaml"), str(folder / "e.yaml"))
    assert float(done.result.transfer[-1]) == pytest.approx(
        ((1024 + 40) * 2 + (2560 + 10) * 4 * 4) * 1e-6
    )
    assert done.lane_times["launch"] == pytest.approx(3e-3)
