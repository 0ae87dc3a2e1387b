"""Measurements read and predictions scored: by hand, and every mistake told at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scipy.stats import spearmanr

from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.hardware.read import load_profile
from costmodel.studies.calibration import evaluation, measurements

ROOT = Path(__file__).parent.parent
# 1024 B in, 1024 B out at 1 MB/s and 256 comparisons at 1 MFLOPS: 2.304 ms a sample
RELU = "name: relu\nsource: test\ninput: [4, 8, 8]\nlayers:\n  - r: {kind: relu}\n"
MACHINE = ("name: m\nsource: test\nbandwidth: 1 MB/s\non_chip_memory: 1 kB\nmatrix: 1 TFLOPS\nhost: 1 MFLOPS\n")  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "relu.yaml").write_text(RELU)
    (tmp_path / "nets" / "twice.yaml").write_text(RELU + "  - s: {kind: relu}\n")
    (tmp_path / "m.yaml").write_text(MACHINE)
    return tmp_path


def table(folder: Path, *lines: str, head: str = "network,family,batch,dtype,seconds") -> str:
    (folder / "t.csv").write_text("\n".join([head, *lines]) + "\n")
    return str(folder / "t.csv")


def test_errors_by_hand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """2.304 ms and 4.608 ms predicted (a second relu costs the same); 10 samples take 23.04 ms."""
    file = table(
        folder,
        "nets/relu.yaml,one,1,fp32,0.002304",
        "nets/relu.yaml,one,10,fp32,0.0384",
        "nets/twice.yaml,two,1,fp32,0.002304",
    )
    out = folder / "e.json"
    words = [
        "evaluate",
        file,
        "--hw",
        str(folder / "m.yaml"),
        "--json",
        str(out),
        "--csv",
        str(folder / "e.csv"),
    ]
    assert main([*words, "--plot", str(folder)]) == 0
    assert "relu" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert [row["error"] for row in found["rows"]] == pytest.approx([0, -0.4, 1])
    assert (found["n"], found["mape"], found["median_ape"], found["bias"]) == (
        3,
        pytest.approx(1.4 / 3),
        pytest.approx(0.4),
        pytest.approx(0.2),
    )
    # linear between the second and the third of three
    assert found["p90_ape"] == pytest.approx(0.4 + 0.8 * 0.6)
    assert found["by_family"]["one"]["mape"] == pytest.approx(0.2)
    assert found["by_dominating_kind"]["relu"]["n"] == 3
    assert found["coverage_90"] is None
    assert len((folder / "e.csv").read_text().splitlines()) == 4
    assert (folder / "evaluation.png").read_bytes().startswith(b"\x89PNG")


def test_rank_correlation_is_spearmans(folder: Path) -> None:
    """Per sample, with ties, against scipy."""
    lines = [
        f"nets/{name}.yaml,f,{batch},fp32,{seconds}"
        for name, batch, seconds in (
            ("relu", 1, 0.004),
            ("twice", 1, 0.003),
            ("relu", 2, 0.009),
            ("twice", 4, 0.05),
            ("relu", 8, 0.01),
        )
    ]
    found = evaluation.evaluate(
        measurements.read(table(folder, *lines)), load_profile(folder / "m.yaml")
    )
    pairs = [
        (o.predicted_s / o.measured.batch, o.measured.seconds / o.measured.batch) for o in found
    ]
    assert evaluation.rank_correlation(found) == pytest.approx(
        spearmanr(*zip(*pairs, strict=True)).statistic
    )
    assert evaluation.rank_correlation(found[:1]) is None


@pytest.mark.parametrize(("lines", "expected"), [
    (["nets/relu.yaml,f,0,fp32,1"], ["2:18: batch is '0'"]), (["nets/relu.yaml,f,1.5,fp32,1"], ["2:18: batch is '1.5'"]),
    (["nets/relu.yaml,f,1,fp32,-1", "nets/relu.yaml,f,1,fp32,nan", "nets/relu.yaml,f,1,fp31,0", "nets/relu.yaml,f,1,fp32,x"],
     ["2:25: seconds is '-1'", "3:25: seconds is 'nan'", "4:20: unknown dtype 'fp31'", "4:25: seconds is '0'", "5:25: seconds is 'x'"]),
    (["nets/relu.yaml,f,1,fp32,1", "nets/relu.yaml,f,1,fp32,1.2"], ["3:1: '", "took 1.2 s, on line 2 1 s"]),
    (["nets/relu.yaml,f,1,fp32"], ["2:1: has 4 cells, the header 5"]), ([], ["holds no measurements"]),
    (["nets/no.yaml,f,1,fp32,1", "nets/bad.onnx,f,1,fp32,1"], ["2:1: 'nets/no.yaml': no such file", "3:1: 'nets/bad.onnx': no such file"]),
])  # fmt: skip
def test_bad_measurements(
    folder: Path, lines: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = table(folder, *lines)
    out = folder / "e.json"
    assert main(["evaluate", file, "--hw", str(folder / "m.yaml"), "--json", str(out)]) == 2
    told = capsys.readouterr().err
    assert all(words in told for words in expected), told
    assert "Traceback" not in told
    assert not out.exists()


def test_a_header_that_lacks_columns(folder: Path) -> None:
    with pytest.raises(InputError) as refused:
        measurements.read(table(folder, "a,1,2", head="network,batsh,seconds"))
    told = str(refused.value)
    assert "t.csv:1:9: unknown column 'batsh'; did you mean 'batch'?" in told
    assert "no column 'batch'" in told
    assert "no column 'dtype'" in told
