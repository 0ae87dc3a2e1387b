"""What stands behind a time: three grades, each where it is due."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from calibrated import MACHINES, SMALL, calibrated, measured

import costmodel as cm
from costmodel.cli import main
from costmodel.studies.calibration import measurements
from costmodel.studies.standing import DATASHEETS

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("arch", "hw", "dtype", "grade", "reason"),
    [
        ("resnet_cifar", "rtx3090_measured", "fp16", "calibrated", "100 measurements"),
        ("llama-3.1-8b", "h100_measured", "bf16", "calibrated", "mean errors on kernels"),
        ("mobilenet_v2", "h100", "fp16", "datasheet", "nobody measured it"),
        # its host rate for fp16 and its shares are borrowed
        ("mobilenet_v2", "h200", "fp16", "assumed", "host"),
        ("mobilenet_v2", "h200", "fp16", "assumed", "efficiency"),
        # the array's shape is a guess
        ("mobilenet_v2", "coral_edge_tpu", "int8", "assumed", "engine"),
    ],
)
def test_grades(arch: str, hw: str, dtype: str, grade: str, reason: str) -> None:
    found = cm.simulate(arch, hw, dtype=dtype).provenance["standing"]
    assert found["grade"] == grade
    assert any(reason in one for one in found["reasons"])


def test_a_guess_that_is_not_used_does_not_count(tmp_path: Path) -> None:
    """A rate of the host matters to networks that use the host; a launch never decides."""
    (tmp_path / "m.yaml").write_text(
        "name: M\nsource: s\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\n"
        "assumed:\n  host: {value: 1 GFLOPS, reason: a guess}\n"
        "  launch: {value: 5 us, reason: a guess}\n"
    )
    for kind, grade in (("linear, features: 3", "datasheet"), ("relu", "assumed")):
        (tmp_path / "n.yaml").write_text(
            f"name: N\nsource: s\ninput: [8]\nlayers:\n  - l: {{kind: {kind}}}\n"
        )
        run = cm.simulate(tmp_path / "n.yaml", tmp_path / "m.yaml")
        assert run.standing.grade == grade
        # the launch is charged
        assert run.totals["launch_time_s"] == 5e-6
        (tmp_path / "n.yaml").unlink()


def test_reports_say_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "hairnet", "--hw", "accel_1tflops"]) == 0
    assert "  standing   datasheet: nobody measured it" in capsys.readouterr().out
    words = [
        "compare",
        "mobilenet_v2",
        "--hw",
        "h100",
        "--hw",
        "rtx3090_measured",
        "--dtype",
        "fp16",
        "--csv",
    ]
    assert main([*words, str(tmp_path / "c.csv")]) == 0
    assert "rows of different standing: calibrated and datasheet" in capsys.readouterr().out
    head, *rows = (tmp_path / "c.csv").read_text().splitlines()
    assert head.endswith(",standing")
    assert [row.rpartition(",")[2] for row in rows] == ["datasheet", "calibrated"]
    file = tmp_path / "g.json"
    words = ["generate", "qwen3-0.6b", "--hw", "h100", "--prompt", "8", "--dtype", "fp16", "--json"]
    assert main([*words, str(file)]) == 0
    assert json.loads(file.read_text())["provenance"]["standing"]["grade"] == "datasheet"


def test_the_documented_table_is_what_reports_quote() -> None:
    page = (ROOT / "docs/calibration.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (\d+) \| ([\d.]+) % \| (.+) \|$", page, re.MULTILINE)
    with DATASHEETS.open(newline="") as stream:
        quoted = [
            (
                row["machine"],
                row["networks"],
                f"{100 * float(row['mean_error']):.1f}",
                row["times_from"],
            )
            for row in csv.DictReader(stream)
        ]
    assert rows == quoted
    assert len(rows) == len(MACHINES) + len(SMALL)


@pytest.mark.parametrize("machine", SMALL)
def test_what_a_datasheet_was_off_by(machine: str, tmp_path: Path) -> None:
    """The committed times against the profile as it is: the mean of |predicted / measured - 1|."""
    table = measurements.read(measured(tmp_path, machine))
    errors = [
        abs(
            cm.simulate(
                one.network, SMALL[machine].base, batch=one.batch, dtype=one.dtype
            ).total_time
            / one.seconds
            - 1
        )
        for one in table
    ]
    name = cm.load_profile(SMALL[machine].base).name
    with DATASHEETS.open(newline="") as stream:
        quoted = {row["machine"]: float(row["mean_error"]) for row in csv.DictReader(stream)}
    assert sum(errors) / len(errors) == pytest.approx(quoted[name], abs=6e-4)


@pytest.mark.parametrize("machine", [machine for machine, one in SMALL.items() if one.profile])
def test_small_measured_profiles_are_fresh(machine: str, tmp_path: Path) -> None:
    """A snapshot: `python tests/calibrated.py` would write the same file."""
    one = SMALL[machine]
    assert calibrated(tmp_path, machine, one.base, tmp_path / "again.yaml") == 0
    committed = ROOT / "hwprofiles" / f"{one.profile}.yaml"
    assert (tmp_path / "again.yaml").read_text() == committed.read_text()
