"""Traffic against memory: commands, curves, and the closed form of scans."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.core.machine import Machine
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.general import General
from costmodel.studies.scan.forms.surface import Surface

# k = 3, c = 4, p = 3, all of one byte: the steps that docs/tiling.md derives; the activation
# streams 9 bytes in and 9 out
NET = """
name: Product
source: hand arithmetic
input: [3, 4]
layers:
  - fc: {kind: linear, features: 3, bias: false}
  - act: {kind: relu}
"""
MACHINE = """
name: M
source: hand arithmetic
bandwidth: 1 B/s
on_chip_memory: 8 B
matrix: 1 FLOPS
host: 1 FLOPS
dtype: int8
accumulator: int8
"""
MEMORY, MOVED = [3, 4, 5, 9, 13], [81, 69, 57, 45, 33]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "n.yaml").write_text(NET)
    (tmp_path / "m.yaml").write_text(MACHINE)
    return str(tmp_path / "n.yaml"), str(tmp_path / "m.yaml")


def test_json_and_picture(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.json"
    words = ["slope", files[0], "--hw", files[1], "--json", str(out), "--plot", str(tmp_path)]
    assert main(words) == 0
    found = json.loads(out.read_text())
    fc, act = found["rows"]
    assert (fc["id"], fc["memory_bytes"], fc["external_bytes"]) == ("fc", MEMORY, MOVED)
    assert (act["memory_bytes"], act["external_bytes"]) == ([0], [18])
    assert found["network"]["memory_bytes"] == MEMORY
    assert found["network"]["external_bytes"] == [moved + 18 for moved in MOVED]
    # 51 bytes are compulsory; 63 > 56.1 at 9 bytes
    assert found["network"]["knee_bytes"] == 13
    assert (tmp_path / "slope.png").exists()
    assert "Present     8 B: 7.50E-05 MB" in capsys.readouterr().out


def test_one_row(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["slope", files[0], "--hw", files[1], "--row", "fc"]) == 0
    assert "Compulsory  3.30E-05 MB" in capsys.readouterr().out
    assert main(["slope", files[0], "--row", "f"]) == 2
    assert "--row: there is no row 'f'" in capsys.readouterr().err


def test_no_machine_and_double_buffers(files: tuple[str, str]) -> None:
    """fp32 with sums of fp32: everything four times; with second buffers 7 bytes where 5 did."""
    assert cm.slope(files[0]).rows[0].memory.tolist() == [4 * m for m in MEMORY]
    Path(files[1]).write_text(MACHINE + "buffering: double\n")
    # the tile that stays is single: 3 sums and twice one word of each operand
    assert cm.slope(*files).rows[0].at(7) == 57
    assert cm.slope(*files).rows[0].at(6) == 69


@pytest.mark.parametrize("arch", ["hairnet", "mobilenet_v2", "alexnet"])
def test_the_closed_form_is_the_formula(arch: str) -> None:
    """At memories exactly on a step, a byte below and above; rtol 1e-12."""
    run = cm.simulate(arch, "accel_1tflops", placement="all_external", traffic="tiled")
    chosen = run.policies
    models = (chosen.placement_model, chosen.timing_model, chosen.traffic_model)
    form = closed_form(run.workload, *models)
    assert isinstance(form, Surface)
    steps = cm.slope(arch, "accel_1tflops").network.memory
    some = steps[:: max(len(steps) // 30, 1)].astype(float)
    memory = np.concatenate([some, some + 1, some[1:] - 1])
    pace = np.geomspace(1e8, 1e11, len(memory))
    machine = Machine(pace, memory, pace * 10, pace / 3, overhead=0.5)
    general = General(run.workload, *models).columns(machine, len(memory))
    np.testing.assert_allclose(form.total_time(machine), general["total_time"], rtol=1e-12)
    np.testing.assert_array_equal(form.external_bytes(memory), general["external_bytes"])


def test_a_scan_of_the_memory_takes_the_closed_form(files: tuple[str, str], tmp_path: Path) -> None:
    words = [
        "scan",
        files[0],
        "--hw",
        files[1],
        "--placement",
        "all_external",
        "--traffic",
        "tiled",
    ]
    axis = ["--axis", "hw.on_chip_memory=[3 B, 5 B, 13 B]", "--out", str(tmp_path / "o")]
    assert main([*words, *axis]) == 0
    assert json.loads((tmp_path / "o/summary.json").read_text())["path"].startswith("closed form")
    table = cm.scan(
        *files,
        axes={"hw.on_chip_memory": ["3 B", "5 B", "13 B"]},
        placement="all_external",
        traffic="tiled",
    )
    assert table["external_bytes"].tolist() == [99, 75, 51]


def test_too_little_memory_is_refused(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "scan",
        files[0],
        "--hw",
        files[1],
        "--placement",
        "all_external",
        "--traffic",
        "tiled",
    ]
    assert main([*words, "--axis", "hw.on_chip_memory=[2 B, 5 B]"]) == 2
    assert "the smallest tiles of some row need 3" in capsys.readouterr().err


def test_solve_for_a_multiple_of_the_compulsory_bytes(files: tuple[str, str]) -> None:
    """51 bytes once: 1.25 times that is 63.75, which 9 bytes of memory reach, and 8 do not."""
    models = {"placement": "all_external", "traffic": "tiled", "resource": "on_chip_memory"}
    answer = cm.solve(*files, target="external_bytes <= 1.25 * compulsory_bytes", **models)
    assert answer.value == 9
    assert cm.solve(*files, target="external_bytes <= compulsory_bytes", **models).value == 13
    assert cm.solve(*files, target="external_bytes <= 1.95*compulsory_bytes", **models).value == 3
