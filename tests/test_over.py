"""Scans over several networks: each one's own scan, combined by hand in pandas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scans import results

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError

WEIGHTS = {"alexnet": 2.0, "mobilenet_v2": 0.5, "hairnet": 3.0}
MACHINE = """name: E
source: t
bandwidth: 1 GB/s
on_chip_memory: 1 MB
matrix: 1 TFLOPS
host: 1 GFLOPS
engine: {model: systolic, rows: 32, columns: 32}
energy: {external_byte: 100 pJ, operation: 1 pJ, static: 50 mW}
"""
RULES: dict[str, Callable[[pd.DataFrame, pd.Series], pd.Series]] = {
    "sum": lambda table, weights: (table * weights).sum(axis=1),
    # 1 s and 4 s with the weights 2 and 1: (1 * 1 * 4) ** (1 / 3)
    "geomean": lambda table, weights: (table**weights).prod(axis=1) ** (1 / weights.sum()),
    "worst": lambda table, weights: (table * weights).max(axis=1),
}
SPACES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"hw.bandwidth": "log(100 MB/s, 100 GB/s, 9)", "hw.on_chip_memory": ["64 KiB", "1 MB"]}, {}),
    ({"hw.engine.rows": [16, 64], "batch": [1, 4], "hw.matrix": ["1 TFLOPS", "2 TFLOPS"]}, {}),
    ({"hw.bandwidth": "log(1 GB/s, 4 GB/s, 3)", "timing": ["overlap", "pipelined"]},
     {"placement": "resident"}),
    ({"hw.on_chip_memory": ["512 KiB", "8 MiB"]}, {"placement": "all_external", "traffic": "tiled"}),
    ({"hw.bandwidth": "log(1 GB/s, 4 GB/s)", "batch": "linear(1, 200)"},
     {"sample": "sobol", "n": 16, "placement": "all_external"}),
]  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> str:
    file = tmp_path / "machine.yaml"
    file.write_text(MACHINE)
    return str(file)


@pytest.mark.parametrize("combine", RULES)
@pytest.mark.parametrize(("axes", "options"), SPACES, ids=[" ".join(axes) for axes, _ in SPACES])
def test_what_is_combined_is_what_single_scans_give(
    axes: dict[str, Any], options: dict[str, Any], combine: str, machine: str
) -> None:
    if "sample" in options:
        # counts that are polynomials of the batch: no array whose last fold is not full
        whole = [line for line in MACHINE.splitlines() if not line.startswith("engine")]
        Path(machine).write_text("\n".join(whole))
    points = cm.scan(hw=machine, axes=axes, over=WEIGHTS, combine=combine, **options)
    single = {name: cm.scan(name, machine, axes=axes, **options) for name in WEIGHTS}
    assert len(points) == len(single["alexnet"])
    for word in axes:
        assert points[word].tolist() == single["alexnet"][word].tolist()
    for word in ("total_time", "energy"):
        each = pd.DataFrame({name: table[word] for name, table in single.items()})
        own = points[[f"{name}:{word}" for name in WEIGHTS]]
        np.testing.assert_allclose(own, each, rtol=1e-14)
        by_hand = RULES[combine](each, pd.Series(WEIGHTS))
        np.testing.assert_allclose(points[word], by_hand, rtol=1e-12)


def test_the_networks_named_besides_count_once(machine: str) -> None:
    """And those that are named in both places as often as they are weighted."""
    axes = {"batch": [1, 2]}
    first = cm.scan(["alexnet", "hairnet"], machine, axes=axes, over={"hairnet": 2})
    second = cm.scan(hw=machine, axes=axes, over={"alexnet": 1, "hairnet": 2})
    assert first.to_dict("list") == second.to_dict("list")
    loaded = cm.load_network("hairnet")
    third = cm.scan(hw=machine, axes=axes, over={"alexnet": 1.0, loaded: 2.0})
    assert third.total_time.tolist() == first.total_time.tolist()


def test_the_best_the_front_and_bounds_are_of_what_is_combined(
    machine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files, with workers or without, against the table sorted by hand."""
    axes = {"hw.engine.rows": [8, 16, 32, 64], "hw.engine.columns": [8, 16, 64]}
    table = cm.scan(hw=machine, axes=axes, over=WEIGHTS, combine="worst")
    bound = float(table["alexnet:total_time"].median())
    scan = tmp_path / "scan.yaml"
    scan.write_text(
        f"hw: {machine}\nover: {{alexnet: 2.0, mobilenet_v2: 0.5, hairnet: 3.0}}\ncombine: worst\n"
        "axes: {hw.engine.rows: [8, 16, 32, 64], hw.engine.columns: [8, 16, 64]}\n"
        f"where: ['alexnet:total_time <= {bound!r} s']\nby: energy\nbest: 3\n"
        "pareto: [total_time, energy]\npoints: true\n"
    )
    out = [tmp_path / "one", tmp_path / "two"]
    page = tmp_path / "page.html"
    assert main(["scan", str(scan), "--out", str(out[0]), "--html", str(page), "--plot"]) == 0
    assert "the largest weight times value over alexnet (2), " in capsys.readouterr().out
    assert main(["scan", str(scan), "--out", str(out[1]), "--plot", "--workers", "2"]) == 0
    kept = table[table["alexnet:total_time"] <= bound]
    assert 0 < len(kept) < len(table)
    best = pd.read_csv(out[0] / "best.csv")
    assert best["index"].tolist() == kept.sort_values(["energy", "index"])["index"].tolist()[:3]
    front = {
        int(point["index"])
        for _, point in kept.iterrows()
        if not ((kept.total_time < point.total_time) & (kept.energy <= point.energy)).any()
        and not ((kept.total_time <= point.total_time) & (kept.energy < point.energy)).any()
    }
    assert set(pd.read_csv(out[0] / "pareto.csv")["index"]) == front
    assert "hairnet:total_time_s" in best.columns
    assert "hairnet:total_time" in page.read_text()
    assert results(out[0]) == results(out[1])


def test_other_weights_are_another_scan(
    machine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that what a folder holds of one is not taken for the other's."""
    words = ["scan", "--hw", machine, "--axis", "batch=[1, 2]", "--out", str(tmp_path / "out")]
    assert main([*words, "--over", "alexnet=1", "--over", "hairnet=1"]) == 0
    assert main([*words, "--over", "alexnet=1", "--over", "hairnet=1"]) == 0
    assert main([*words, "--over", "alexnet=1", "--over", "hairnet=2"]) == 2
    assert "hairnet (2)" in capsys.readouterr().err
    assert main([*words, "--over", "alexnet=1", "--over", "hairnet=1", "--combine", "worst"]) == 2


@pytest.mark.parametrize(("words", "told"), [
    (["--over", "alexnet"], "--over alexnet: is not NETWORK=WEIGHT"),
    (["--over", "alexnet=0"], "--over alexnet=0: the weight is '0'; write a number above 0"),
    (["--over", "alexnet=x"], "the weight is 'x'"),
    (["--over", "alexnt=1"], "--over alexnt=1: no such file"),
    (["--over", "alexnet=1", "--over", "alexnet=2"], "'alexnet' is given twice"),
    (["--over", "alexnet=1", "--combine", "mean"], "unknown combination 'mean'; did you mean"),
    (["--combine", "sum"], "--combine: is given without 'over'"),
    (["--over", "alexnet=1", "--axis", "arch.alpha=[1]"], "'arch.alpha' is an axis of one network"),
    (["--over", "alexnet=1", "--by", "throughput"], "unknown objective 'throughput'"),
    (["--over", "alexnet=1", "--where", "alexnet:total_time <= 5"], "a bare 5"),
    (["--over", "alexnet=1", "--where", "alexnet:total_tim <= 5 s"],
     "unknown variable 'alexnet:total_tim' in"),
])  # fmt: skip
def test_wrong_words_are_refused_by_name(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "hairnet", "--hw", "tpu_v1", "--axis", "batch=[1, 2]", *words]) == 2
    printed = capsys.readouterr().err
    assert told in printed
    assert "Traceback" not in printed


def test_a_scan_of_nothing_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--hw", "tpu_v1", "--axis", "batch=[1, 2]"]) == 2
    assert "is missing; name an architecture" in capsys.readouterr().err


def test_networks_of_any_name_stand_in_expressions(machine: str) -> None:
    """Dashes and dots in a name are no arithmetic."""
    over = {"vit-b-16": 1, "qwen3-0.6b": 1}
    points = cm.scan(hw=machine, axes={"hw.bandwidth": ["1 GB/s", "4 GB/s"]}, over=over,
                     derive={"ratio": "vit-b-16:total_time / qwen3-0.6b:total_time"})  # fmt: skip
    by_hand = points["vit-b-16:total_time"] / points["qwen3-0.6b:total_time"]
    assert points.ratio.tolist() == by_hand.tolist()


@pytest.mark.parametrize("over", ["alexnet", ["alexnet"]])
def test_what_is_no_mapping_of_weights(over: Any) -> None:
    with pytest.raises(InputError, match=r"over: is .*; give a dict from names to values"):
        cm.scan(hw="eyeriss", axes={"batch": [1]}, over=over)


def test_weights_have_an_end() -> None:
    """Sums of them, and powers of times, stay numbers."""
    with pytest.raises(InputError, match="write a number above 0, up to 1e"):
        cm.scan(hw="eyeriss", axes={"batch": [1]}, over={"alexnet": 1e308})
