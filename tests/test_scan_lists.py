"""Scans over variables that are lists, and expressions that give lists at some of their values."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError

NETWORK = """name: L
source: s
input: [3, 8, 8]
vars: {widths: [4, 8]}
layers:
  - a: {kind: conv2d, kernel: 1, filters: "${widths[0]}"}
  - b: {kind: conv2d, kernel: 1, filters: "${widths[-1]}"}
"""
BANDWIDTHS = {"hw.bandwidth": ["1 GB/s", "2 GB/s", "4 GB/s"]}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "l.yaml"
    path.write_text(NETWORK)
    return path


def test_an_axis_of_lists(network: Path) -> None:
    """Lists of two lengths at three points each; a derived column looks into them."""
    axes = {"arch.widths": [[4, 8], [8, 16, 16]], **BANDWIDTHS}
    points = cm.scan(network, "accel_1tflops", axes=axes, derive={"last": "arch.widths[1]"})
    assert points["arch.widths"].tolist() == ["[4, 8]"] * 3 + ["[8, 16, 16]"] * 3
    assert points["last"].tolist() == [8] * 3 + [16] * 3
    for widths, first in (([4, 8], 0), ([8, 16, 16], 3)):
        run = cm.simulate(network, "accel_1tflops", settings={"widths": widths})
        assert points["total_time"][first] == pytest.approx(run.total_time, rel=1e-14)


def test_lists_in_the_tables_of_a_scan(network: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["scan", str(network), "--hw", "accel_1tflops", "--out", str(out), "--points"]
    axes = [
        "--axis",
        "arch.widths=[[4, 8], [8, 16, 16]]",
        "--axis",
        "hw.bandwidth=[1 GB/s, 2 GB/s]",
    ]
    assert main([*words, *axes, "--best", "4", "--pareto", "total_time,hw.bandwidth"]) == 0
    with (out / "best.csv").open() as file:
        best = list(csv.DictReader(file))
    # the larger network moves 608 B, the smaller 176 B: it is slower at twice the bandwidth too
    assert [row["arch.widths"] for row in best] == ["[4, 8]"] * 2 + ["[8, 16, 16]"] * 2


# the last value alone is none that the expression can do with, then the first alone
@pytest.mark.parametrize("turned", [1, -1])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arch.widths[0]", "'arch.widths[0]' is a list; write arithmetic or a comparison"),
        ("total_time + arch.widths[1]", "cannot be evaluated"),
        ("arch.widths[1] * 2", "'*' multiplies numbers only"),
    ],
)
def test_a_list_at_some_values(
    network: Path, tmp_path: Path, text: str, message: str, turned: int
) -> None:
    widths: list[Any] = [[[1, 2], "b", 8], [4, 8, 8]][::turned]
    if "[0]" not in text:
        widths = [[4, [1, 2], 8], [4, 8, 8]][::turned]
    (tmp_path / "l.yaml").write_text(NETWORK.replace("widths[0]", "widths[2]"))
    asked: dict[str, Any] = {"axes": {"arch.widths": widths, **BANDWIDTHS}}
    with pytest.raises(InputError) as told:
        cm.scan(network, "accel_1tflops", **asked, derive={"x": text})
    assert "derive x: " in str(told.value)
    assert message in str(told.value)
    with pytest.raises(InputError, match="where: "):
        cm.scan(network, "accel_1tflops", **asked, where=[f"({text}) > 0"])


def test_the_place_of_such_an_expression(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scan.yaml"
    file.write_text(
        "arch: l.yaml\nhw: accel_1tflops\naxes:\n  arch.widths: [[[1, 2], 8, 8], [4, 8, 8]]\n"
        "derive:\n  x: arch.widths[0]\n"
    )
    network.write_text(NETWORK.replace("widths[0]", "widths[2]"))
    assert main(["scan", str(file)]) == 2
    assert "scan.yaml:6:6: 'arch.widths[0]' is a list" in capsys.readouterr().err
