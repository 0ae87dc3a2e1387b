"""What stopped newcomers in their first hour, each stop once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from costmodel.cli import main

HEAD = "name: N\nsource: me\n"


def asked(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(words)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_channels_that_stand_last_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it runs, as a warning; where it does not, beside what follows from it."""
    file = tmp_path / "n.yaml"
    told = "is read as 224 channels of 224 x 3; channels come first: write [3, 224, 224]"
    layer = "layers:\n  - c: {kind: conv2d, kernel: 5, filters: 8%s}\n"
    file.write_text(f"{HEAD}input: [224, 224, 3]\n{layer % ', padding: same'}")
    code, _, err = asked(["simulate", str(file), "--hw", "accel_1tflops"], capsys)
    assert code == 0
    assert f"warning: {file}:3:8: 'input' {told}" in err
    file.write_text(f"{HEAD}input: [224, 224, 3]\n{layer % ''}")
    code, _, err = asked(["simulate", str(file), "--hw", "accel_1tflops"], capsys)
    assert code == 2
    assert told in err
    assert "n.yaml:5:5" in err
    # a square of 3 features is no picture; nor are 3 channels that stand first
    for shape in ("[3, 224, 224]", "[3, 3, 3]", "[8, 4, 3]"):
        file.write_text(f"{HEAD}input: {shape}\nlayers:\n  - r: {{kind: relu}}\n")
        assert (
            "channels come first"
            not in asked(["simulate", str(file), "--hw", "accel_1tflops"], capsys)[2]
        )


def test_a_name_that_is_nowhere_lists_what_stands_above(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = "layers:\n  - a: {kind: relu}\n  - b: {kind: relu, from: zz}\n  - d: {kind: relu}\n"
    (tmp_path / "n.yaml").write_text(f"{HEAD}input: [8]\n{layers}")
    code, _, err = asked(["simulate", str(tmp_path / "n.yaml"), "--hw", "accel_1tflops"], capsys)
    assert code == 2
    assert "'from: zz' names no layer above it; known: a, input\n" in err


def test_a_scan_counts_its_parts_and_names_units(capsys: pytest.CaptureFixture[str]) -> None:
    axis = "hw.bandwidth=[1 GB/s, 100 GB/s]"
    _, out, err = asked(["scan", "hairnet", "--hw", "accel_1tflops", "--axis", axis], capsys)
    assert err == "2 points in 1 part, closed form\n"
    assert "100 GB/s" in out
    assert "1e+11" not in out


def test_what_is_impossible_has_no_crossing(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["solve", "hairnet", "--hw", "accel_1tflops", "--for", "bandwidth", "--target"]
    _, out, _ = asked([*words, "total_time <= 1 ms"], capsys)
    assert out.startswith("No: impossible")
    assert "the bottleneck moves" not in out
    assert "the bottleneck moves" in asked([*words, "total_time <= 100 ms"], capsys)[1]


def test_validate_offers_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["validate", "--help"])
    assert "ONNX" not in capsys.readouterr().out


@pytest.mark.parametrize("sample", ["sobol", "lhs"])
def test_a_sample_that_needs_an_extra_names_it(
    sample: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found on a clean machine: scipy comes with an extra."""
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    words = ["--axis", "hw.bandwidth=log(1 GB/s, 9 GB/s)", "--sample", sample, "--n", "4"]
    assert main(["scan", "hairnet", "--hw", "accel_1tflops", *words]) == 2
    assert f"--sample {sample} needs scipy" in capsys.readouterr().err


def test_a_misspelt_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["simulte", "hairnet"])
    assert stopped.value.code == 2
    assert "unknown command 'simulte'; did you mean 'simulate'?" in capsys.readouterr().err
