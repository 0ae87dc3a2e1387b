"""What a run costs besides its rows, and what of a memory networks get."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from costmodel.cli import main
from costmodel.core.quantities import MACHINE
from costmodel.errors import InputError
from costmodel.hardware.read import load_profile
from costmodel.studies.questions import sensitivity, solve
from costmodel.studies.scan import scan
from costmodel.studies.simulation import simulate

# by hand: 8 inputs and 4 outputs of one byte on chip, 32 weights at 16 B/s = 2 s; 32 multiply-adds,
# 64 operations at 64/s = 1 s; one row launched in 0.25 s; the run's overhead 0.75 s; 4 s in all
NET = """
name: N
source: hand arithmetic
input: [8]
layers:
  - fc: {kind: linear, features: 4, bias: false}
"""
MACHINE_FILE = """
name: M
source: hand arithmetic
bandwidth: 16 B/s
on_chip_memory: 1 kB
usable: {value: 100 B, reason: the runtime keeps the rest}
matrix: 64 FLOPS
host: 1 FLOPS
dtype: int8
launch: 250 ms
overhead: 750 ms
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "n.yaml").write_text(NET)
    (tmp_path / "m.yaml").write_text(MACHINE_FILE)
    return str(tmp_path / "n.yaml"), str(tmp_path / "m.yaml")


def test_overhead_is_paid_once(files: tuple[str, str]) -> None:
    run = simulate(*files)
    assert run.total_time == 4.0
    assert run.totals["overhead_time_s"] == 0.75
    assert run.lane_times["overhead"] == 0.75
    # of the whole run, of no row
    assert run.result.total.tolist() == [3.25]
    # a batch of two doubles maps and work, not weights, launch and overhead
    assert simulate(*files, batch=2).total_time == 2 + 2 + 0.25 + 0.75


def test_overhead_is_an_axis_a_resource_and_a_sensitivity(files: tuple[str, str]) -> None:
    for timing in ("serial", "partial"):
        table = scan(*files, axes={"hw.overhead": ["0 s", "1 s"]}, timing=timing)
        first, second = table["total_time"]
        assert second - first == pytest.approx(1.0, rel=1e-12)
        assert table["overhead_time"].tolist() == [0.0, 1.0]
    answer = solve(*files, resource="overhead", target="total_time <= 3.5 s")
    assert answer.value == pytest.approx(0.25, rel=1e-12)
    effects = sensitivity(*files).set_index("resource")
    assert effects.loc["overhead", "share"] == pytest.approx(0.75 / 4)
    assert effects.loc["overhead", "halved_s"] == pytest.approx(4 - 0.375)


def test_overhead_is_shown(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "t.json"
    assert main(["simulate", files[0], "--hw", files[1], "--trace", str(trace)]) == 0
    shown = capsys.readouterr().out
    assert "overhead 0.75 s" in shown
    assert "overhead per run 18.8 %" in shown
    assert "usable     100 B of 1 kB on chip: the runtime keeps the rest" in shown
    events = {e["name"]: e for e in json.loads(trace.read_text())["traceEvents"] if e["ph"] == "X"}
    assert (events["overhead per run"]["ts"], events["overhead per run"]["dur"]) == (0, 750_000)
    assert events["fc"]["ts"] >= 750_000


def test_networks_get_the_usable_memory(files: tuple[str, str]) -> None:
    profile = load_profile(files[1])
    assert profile.machine("int8").memory == 100
    assert profile.on_chip_memory == 1000
    # an axis states what there is to use
    table = scan(*files, axes={"hw.on_chip_memory": ["4 B", "100 B"]})
    assert table["external_bytes"].tolist() == [32 + 8, 32]


def test_more_than_there_is_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MACHINE_FILE.replace("100 B", "2 kB"))
    with pytest.raises(InputError, match=r"m\.yaml:6:9: 'usable': 2 kB of 1 kB on chip"):
        load_profile(tmp_path / "m.yaml")
    assert MACHINE["overhead"].zero
