"""Rows that run depth first in reports, scans and slopes, and where they are refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from fused_nets import column, machine

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError


def test_reports_name_the_groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["simulate", "hairnet", "--hw", "accel_1tflops", "--placement", "all_external"]
    files = ["--csv", str(tmp_path / "t.csv"), "--json", str(tmp_path / "t.json")]
    assert main([*asked, "--traffic", "fused", *files]) == 0
    found: dict[str, Any] = json.loads((tmp_path / "t.json").read_text())
    layers = found["layers"]
    groups = [layer["group"] for layer in layers]
    assert groups[:3] == [1, 1, 1]
    # the mean over a whole map and what follows
    assert groups[-2:] == [None, None]
    for word in ("external_bytes", "transfer_time_s", "total_time_s"):
        assert sum(layer[word] for layer in layers) == pytest.approx(found["totals"][word])
    assert found["totals"]["peak_internal_bytes"] <= 1e6
    with (tmp_path / "t.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert list(rows[0])[-3:] == ["again_MB", "schedule", "group"]
    assert [row["group"] for row in rows] == ["" if one is None else str(one) for one in groups]
    assert rows[0]["out_map_loc"] == "internal"
    assert rows[0]["schedule"].endswith("weights stay")
    capsys.readouterr()


def test_other_placements_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for placement in ("per_tensor", "resident"):
        with pytest.raises(InputError, match=f"placement '{placement}' would too; use placement"):
            cm.simulate("hairnet", "accel_1tflops", placement=placement, traffic="fused")
    with pytest.raises(InputError, match=r"traffic 'fused'.*no closed form"):
        cm.solve(
            "hairnet",
            "accel_1tflops",
            "bandwidth",
            "total_time <= 1 s",
            placement="all_external",
            traffic="fused",
        )


def test_scans_take_the_general_path() -> None:
    """Every point is its simulation."""
    memories = ["100 kB", "1 MB"]
    choices: dict[str, Any] = {"placement": "all_external", "traffic": "fused", "dtype": "int8"}
    axes = {"hw.on_chip_memory": memories}
    points = cm.scan("hairnet", "accel_1tflops", axes=axes, **choices)
    for memory, time in zip(memories, points["total_time"], strict=True):
        profile = cm.load_profile("accel_1tflops").model_copy(
            update={"on_chip_memory": {"100 kB": 1e5, "1 MB": 1e6}[memory]}
        )
        alone = cm.simulate("hairnet", profile, **choices)
        assert time == pytest.approx(alone.total_time, rel=1e-12)


def test_slope_has_a_curve_beside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The column by hand: 20 bytes from 14 B on, 14 from 15 B on; below what rows move alone."""
    slope = cm.slope(column(), machine(15), traffic="fused")
    assert slope.fused is not None
    assert [slope.fused.at(memory) for memory in (14, 15, 99)] == [20, 14, 14]
    assert slope.fused.at(13) == slope.network.at(13)
    assert cm.slope(column(), machine(15)).fused is None
    words = ["slope", "hairnet", "--hw", "accel_1tflops", "--traffic"]
    out = tmp_path / "s.json"
    assert main([*words, "fused", "--json", str(out), "--plot", str(tmp_path)]) == 0
    found = json.loads(out.read_text())
    assert found["fused"]["compulsory_bytes"] < found["network"]["compulsory_bytes"]
    assert "run depth first" in capsys.readouterr().out
    assert main([*words, "once"]) == 2
    assert "has no curve over the memory; use tiled or fused" in capsys.readouterr().err
