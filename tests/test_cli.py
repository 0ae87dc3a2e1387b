"""The command line as a user meets it."""

from __future__ import annotations

import builtins
import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from costmodel import cli
from costmodel.cli import main
from costmodel.language import shipped

COLUMNS = ("id,layer_name,kind,block,in_map_MB,out_map_MB,param_MB,params,macs,ops,in_map_loc,out_map_loc,param_loc,"
           "external_bytes,transfer_time_s,compute_time_s,total_time_s,bound,on_chip_time_s,launch_time_s")  # fmt: skip
TOTALS = {"params", "macs", "ops", "external_bytes", "peak_internal_bytes", "transfer_time_s", "compute_time_s",
          "total_time_s"}  # fmt: skip
MAIN_JOB = ["simulate", "hairnet", "--hw", "accel_1tflops"]


def test_the_main_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(MAIN_JOB) == 0
    text, warnings = capsys.readouterr()
    rows = [line for line in text.splitlines() if " ext  " in line]
    assert len(rows) == 66
    assert rows[1].split() == [
        "stem/BN_RELU",
        "6.422528",
        "6.422528",
        "0.000256",
        "64",
        "0",
        "8028160",
        "0.625",
        "ext",
        "ext",
        "ext",
        "0.012845",
        "0.008028",
        "0.020873",
        "transfer",
    ]
    assert "Total 0.177158 s" in text
    assert "WARNING: placement 'per_tensor' over-commits the on-chip memory" in text
    assert "1.605632 MB" in text
    # the Appendix's dead pools are declared as meant
    assert warnings == ""


def test_csv_and_json(tmp_path: Path) -> None:
    table, report = tmp_path / "deep" / "x.csv", tmp_path / "x.json"
    assert main([*MAIN_JOB, "--csv", str(table), "--json", str(report)]) == 0
    lines = table.read_text().splitlines()
    assert lines[0] == COLUMNS
    rows = list(csv.DictReader(lines))
    content = json.loads(report.read_text())
    assert set(content["totals"]) == TOTALS
    assert content["provenance"]["convention"] == "hairnet"
    assert len(content["layers"]) == len(rows) == 66
    assert len({layer["id"] for layer in content["layers"]}) == 66
    for row, layer in zip(rows, content["layers"], strict=True):
        for name in COLUMNS.split(","):
            # full precision on both sides
            assert row[name] == str(layer[name])
    total = sum(float(row["total_time_s"]) for row in rows)
    assert content["totals"]["total_time_s"] == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(("by", "rows"), [("block", 13), ("kind", 6)])
def test_groups(by: str, rows: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """13 blocks: stem, pool0, five stages with a pool behind each, head. 6 kinds of rows."""
    assert main([*MAIN_JOB, "--by", by, "--csv", str(tmp_path / "x.csv")]) == 0
    found = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert len(found) == rows
    assert sum(int(r["rows"]) for r in found) == 66
    assert "Total 0.177158 s" in capsys.readouterr().out


def test_settings_batch_and_dtype(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        *MAIN_JOB,
        "--set",
        "pools=1",
        "--batch",
        "2",
        "--dtype",
        "int8",
        "--convention",
        "macs",
    ]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "pools=1" in text
    assert "convention macs (printed only; times under hairnet)" in text
    assert "int8, batch 2" in text
    assert "per sample" in text


def test_pictures(tmp_path: Path) -> None:
    assert main([*MAIN_JOB, "--plot", str(tmp_path / "p")]) == 0
    assert sorted(p.name for p in (tmp_path / "p").iterdir()) == [
        "roofline.png",
        "time.png",
        "timeline.png",
    ]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in (tmp_path / "p").iterdir())


def test_list_knows_every_shipped_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    for word in (
        *shipped.names("archs"),
        *shipped.names("hwprofiles"),
        "conv2d",
        "keras",
        "per_tensor",
        "serial",
    ):
        assert f"  {word} " in text
    assert main(["list", "timings"]) == 0
    assert capsys.readouterr().out.startswith("timings:")


def test_reproduce_writes_its_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "hairnet", "--out", str(tmp_path)]) == 0
    assert (
        "hairnet_appendix    66     65          1              0            0"
        in capsys.readouterr().out
    )
    page = (tmp_path / "hairnet" / "README.md").read_text()
    assert "a 2x2 pool gives 3x3" in page
    assert (
        len((tmp_path / "hairnet" / "hairnet_appendix.csv").read_text().splitlines()) == 1 + 66 * 11
    )


def test_reproduce_fails_while_something_is_unexplained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from costmodel.papers import every_table

    claims = type(every_table()["hairnet"]["hairnet_claims"])
    monkeypatch.setattr(claims, "cells", lambda self: [cli_cell()])
    assert main(["reproduce", "hairnet_claims", "--out", str(tmp_path), "--quiet"]) == 1


def cli_cell() -> Any:
    from costmodel.papers import Cell

    return Cell("row", "column", "1.00", 2.0)


def test_unknown_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "hairnut"]) == 2
    assert "did you mean 'hairnet'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [[], ["simulat"], ["simulate"], ["simulate", "hairnet"], ["simulate", "a", "--by", "x"]],
)
def test_usage_errors_exit_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "usage: costmodel" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(command in text for command in cli.COMMANDS)


def test_validate(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "hairnet", "--rows"]) == 0
    text = capsys.readouterr().out
    # 66 rows, 27 of them fused pairs
    assert "93 of 93 layers in 66 rows agree" in text
    assert "pool5/max_pool  max_pool  (((1000, 3, 3),), 0, 0)" in text


def test_validate_names_the_line_of_a_mismatch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from costmodel.core.builder import apply
    from costmodel.models.layers.pool import MaxPool

    file = tmp_path / "net.yaml"
    file.write_text(
        "name: n\nsource: s\ninput: [3, 8, 8]\nlayers:\n  - a: {kind: relu}\n"
        "  - b: {kind: max_pool, kernel: 2}\n"
    )
    monkeypatch.setattr(MaxPool, "out_shape", lambda self, *inputs: (3, 5, 4))
    apply.cache_clear()
    try:
        assert main(["validate", str(file)]) == 1
    finally:
        apply.cache_clear()
    shown, errors = capsys.readouterr()
    assert "1 of 2 layers" in shown
    assert errors == (
        f"{file}:6:5: b (max_pool): output shape ((3, 5, 4),) here, ((3, 4, 4),) in torch\n"
    )


def test_validate_without_torch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["validate", "hairnet"]) == 2
    errors = capsys.readouterr().err
    assert errors == (
        "validate needs torch, which is not installed; pip install 'nn-costmodel[validate]', "
        "or in a clone of the project: pip install '.[validate]'\n"
    )


def in_a_process(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "costmodel", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )


def test_short_names_work_from_any_directory(tmp_path: Path) -> None:
    done = in_a_process(*MAIN_JOB, cwd=tmp_path)
    assert done.returncode == 0
    assert "Total 0.177158 s" in done.stdout


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m costmodel simulate hairnet --hw accel_1tflops | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("HairNet on")
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_heavy_libraries_stay_out_of_the_main_job() -> None:
    code = (
        "import sys; from costmodel.cli import main; main(sys.argv[1:]); "
        "print(sorted({'pandas', 'matplotlib', 'torch', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *MAIN_JOB], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom costmodel.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'networkx', 'pydantic', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_compare_draws_accuracies_beside_networks_without_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network that no paper trained is no point of the picture, and keeps its line of the table."""
    words = ["compare", "hairnet", "--accuracy", "stl10", "--hw", "accel_1tflops"]
    assert main([*words, "--html", str(tmp_path / "c.html"), "--plot", str(tmp_path)]) == 0
    assert (tmp_path / "accuracy.png").exists()
    data = json.loads(
        re.search(r'id="data">(.*)</script>', (tmp_path / "c.html").read_text())[1]  # type: ignore[index]
    )
    lines = data["table"]["rows"]
    assert lines[0]["accuracy_pct"] in ("", None)
    chart = next(chart for chart in data["charts"].values() if "places" in chart)
    assert len(chart["places"]) == len(lines) - 1
    shown = [lines[place]["accuracy_pct"] for place in chart["places"]]
    assert shown == [accuracy for _, accuracy in chart["points"]]
    capsys.readouterr()


def test_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "compare",
        "hairnet",
        "resnet_cifar:n=8,conv=multiception",
        "--hw",
        "accel_1tflops",
        "accel_1tflops_text",
    ]
    assert main([*words, "--csv", str(tmp_path / "x.csv"), "--plot", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    # although hairnet.yaml asks for its own
    assert "convention flops for every row" in text
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert [r["params"] for r in rows] == ["2431192", "2431192", "509434", "509434"]
    assert (tmp_path / "compare.png").exists()
    flops = next(r for r in rows if r["architecture"] == "hairnet")
    assert main([*MAIN_JOB, "--convention", "flops", "--json", str(tmp_path / "x.json")]) == 0
    alone = json.loads((tmp_path / "x.json").read_text())["totals"]
    assert float(flops["total_time_s"]) == alone["total_time_s"]


def test_compare_with_published_accuracies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", "--accuracy", "stl10", "--hw", "accel_1tflops", "--convention", "macs"]
    assert main([*words, "--csv", str(tmp_path / "x.csv"), "--plot", str(tmp_path)]) == 0
    assert "convention macs (printed only; times under flops)" in capsys.readouterr().out
    rows = {
        r["architecture"]: r for r in csv.DictReader((tmp_path / "x.csv").read_text().splitlines())
    }
    # Table II: 19.70 % error
    assert rows["MobileNet-V2 multiception"]["accuracy_pct"] == "80.3"
    assert rows["MobileNet-V2 multiception"]["params"] == "2252634"
    assert (tmp_path / "accuracy.png").exists()


@pytest.mark.parametrize(("words", "message"), [
    ([], "nothing to compare"), (["hairnet:x=1"], "has no variable 'x'"), (["--accuracy", "cifar"], "did you mean 'cifar10'?"),
])  # fmt: skip
def test_compare_refuses(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *words, "--hw", "accel_1tflops"]) == 2
    assert message in capsys.readouterr().err
