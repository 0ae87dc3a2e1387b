"""Tables of kernel times: made by hand arithmetic from known figures, and found again."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError

PEAK, BANDWIDTH = 989.4e12, 3350e9
"""Of the shipped h100, 16-bit elements."""


def _table(file: Path, columns: dict[str, Callable[[random.Random], int]], seconds: Any) -> None:
    draw = random.Random(5)
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*columns, "latency_ms"])
        for _ in range(60):
            row = {name: pick(draw) for name, pick in columns.items()}
            writer.writerow([*row.values(), 1e3 * seconds(**row)])


def _sizes(*values: int) -> Callable[[random.Random], int]:
    return lambda draw: draw.choice(values)


def _half_hidden(one: float, other: float) -> float:
    return max(one, other) + 0.5 * min(one, other)


def _folder(folder: Path) -> Path:
    some = _sizes(1, 16, 256, 4096, 16384)
    product = {"m": some, "n": _sizes(1024, 8192), "k": _sizes(1024, 8192)}
    _table(
        folder / "gemm_bf16.csv",
        product,
        lambda m, n, k: (
            5e-6
            + max(
                2 * m * n * k / PEAK / 0.8,
                2 * (m * k + k * n + m * n) / BANDWIDTH / 0.6,
            )
        ),
    )
    _table(
        folder / "gemm_fp8.csv",
        product,
        lambda m, n, k: (
            6e-6
            + _half_hidden(
                2 * m * n * k / (2 * PEAK) / 0.7,
                (m * k + k * n + 2 * m * n) / BANDWIDTH / 0.5,
            )
            + m * k * 3e-12
        ),
    )
    heads = {
        "num_heads": _sizes(8, 32),
        "num_key_value_heads": _sizes(8),
        "head_dim": _sizes(128),
    }
    _table(
        folder / "attention_step.csv",
        {"batch_size": _sizes(1, 8, 64), "step": _sizes(127, 4095), **heads},
        lambda batch_size, step, num_heads, num_key_value_heads, head_dim: (
            9e-6
            + batch_size
            * (2 * num_key_value_heads * head_dim * (step + 1) + 2 * num_heads * head_dim)
            * 2
            / BANDWIDTH
            / 0.9
            + batch_size * num_key_value_heads * 20e-9
        ),
    )
    return folder


def test_known_figures_are_found_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mine.yaml"
    assert main(["calibrate", str(_folder(tmp_path)), "--hw", "h100", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "mean error 0.0 %" in said
    assert "unseen fifths 0.0 %" in said
    profile = cm.load_profile(out)
    dense, attend = profile.efficiency["dense"], profile.efficiency["attend"]
    assert (dense.compute, dense.bandwidth) == pytest.approx((0.8, 0.6), rel=5e-3)
    assert dense.launch == pytest.approx(5e-6, rel=5e-3)
    narrow = profile.efficiency["dense.fp8"]
    assert (narrow.compute, narrow.bandwidth) == pytest.approx((0.7, 0.5), rel=5e-3)
    assert (narrow.launch, narrow.per_input) == pytest.approx((6e-6, 3e-12), rel=5e-3)
    assert (dense.exposed, narrow.exposed) == pytest.approx((0.0, 0.5), abs=5e-3)
    assert attend.bandwidth == pytest.approx(0.9, rel=5e-3)
    assert (attend.launch, attend.per_head) == pytest.approx((9e-6, 20e-9), rel=5e-3)
    assert "Fitted to kernel times" in out.read_text()
    # the same arithmetic by the program: a product of 16 x 8192 x 1024
    (tmp_path / "n.yaml").write_text(
        "name: N\nsource: s\ninput: [16, 1024]\nlayers:\n"
        "  - l: {kind: linear, features: 8192, bias: false}\n"
    )
    run = cm.simulate(tmp_path / "n.yaml", out, placement="all_external", dtype="bf16")
    moved = 2 * (16 * 1024 + 1024 * 8192 + 16 * 8192)
    assert run.total_time == pytest.approx(5e-6 + moved / BANDWIDTH / 0.6, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "a,b\n1,2\n", "holds no table of kernel times"),
        ("x.csv", "m,n,k,latency_ms\n1,1,1,0.1\n", "1 kernels; measure at least 8"),
        ("x.csv", "m,n,k,latency_ms\n" + "1,1,1,-1\n" * 9, "'latency_ms' is not above 0"),
        ("x.csv", "m,n,k,latency_ms\n" + "1,q,1,1\n" * 9, "'n': could not convert"),
        ("x.csv", "m,n,k,latency_ms\n" + "1e308,9,9,1\n" * 9, "out of the range of numbers"),
        ("x_int4.csv", "m,n,k,latency_ms\n" + "1,1,1,1\n" * 9, "no matrix rate for int4"),
    ],
)
def test_mistakes(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    from costmodel.studies.calibration import kernels

    with pytest.raises(InputError, match=message):
        kernels.fits(tmp_path, cm.load_profile("h100"))
