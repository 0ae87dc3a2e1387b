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
from costmodel.studies.calibration import kernels

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


def test_a_prompt_experts_and_sums_are_found_again(tmp_path: Path) -> None:
    """By hand: a prompt of t causal tokens, experts of which some are awake, sums over devices."""
    few = _sizes(1, 4, 8)
    _table(
        tmp_path / "prompt.csv",
        {"batch_size": few, "isl": _sizes(33, 512, 4096), "num_heads": _sizes(8, 32)}
        | {"num_key_value_heads": few, "head_dim": _sizes(64, 128)},
        lambda batch_size, isl, num_heads, num_key_value_heads, head_dim: (
            7e-6
            + batch_size
            * _half_hidden(
                # token i meets i keys, each of head_dim multiply-adds for its score and for V
                4 * head_dim * num_heads * isl * (isl + 1) / 2 / PEAK / 0.6,
                # Q and what comes out, K and V
                2 * isl * head_dim * (2 * num_heads + 2 * num_key_value_heads) / BANDWIDTH / 0.7,
            )
        ),
    )

    def moe(num_tokens: int, hidden_size: int, inter_size: int, topk: int, num_experts: int) -> Any:
        weights = 3 * hidden_size * inter_size
        # none of n tokens comes to an expert with a chance of (1 - k / E)^n
        awake = num_experts * (1 - (1 - topk / num_experts) ** num_tokens)
        # gate, up, their product and the result lie outside between kernels
        between = 2 * num_tokens * topk * (3 * inter_size + hidden_size)
        moved = 2 * (awake * weights + 2 * num_tokens * hidden_size + between)
        work = 2 * num_tokens * topk * weights
        return 3e-5 + max(work / PEAK / 0.5, moved / BANDWIDTH / 0.8)

    sizes = {"hidden_size": _sizes(1024, 4096), "inter_size": _sizes(512, 1536)}
    sizes |= {"topk": _sizes(2, 8), "num_experts": _sizes(8, 64)}
    _table(tmp_path / "moe.csv", {"num_tokens": _sizes(1, 16, 256, 8192), **sizes}, moe)
    _table(
        tmp_path / "sums.csv",
        {"num_gpus": _sizes(2, 4, 8), "message_size": _sizes(128, 65536, 1 << 24)}
        | {"kernel_source": _sizes(1)},
        # each sends all of its 16-bit numbers to all others, or a part, and a part of the sum
        lambda num_gpus, message_size, kernel_source: min(
            5e-6 + (num_gpus - 1) * 2 * message_size / 2e11,
            10e-6 + 2 * (num_gpus - 1) / num_gpus * 2 * message_size / 2e11,
        ),
    )
    figures = {one.routine: one.figures for one in kernels.fits(tmp_path, cm.load_profile("h100"))}
    expected = {
        "prefill": {"compute": 0.6, "bandwidth": 0.7, "launch": 7e-6, "exposed": 0.5},
        "experts": {"compute": 0.5, "bandwidth": 0.8, "launch": 3e-5},
        "link": {"bandwidth": 2e11, "latency": 5e-6},
    }
    assert set(figures) == set(expected)
    for routine, known in expected.items():
        for word, value in known.items():
            assert figures[routine][word] == pytest.approx(value, rel=5e-3), (routine, word)


HEADS = "batch_size,step,num_heads,num_key_value_heads,head_dim,latency_ms\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "a,b\n1,2\n", "holds no table of kernel times"),
        ("x.csv", "m,n,k,latency_ms\n1,1,1,0.1\n", "1 kernels; measure at least 8"),
        ("x.csv", "m,n,k,latency_ms\n" + "1,1,1,-1\n" * 9, "'latency_ms' is not above 0"),
        ("x.csv", "m,n,k,latency_ms\n" + "1,q,1,1\n" * 9, "'n': could not convert"),
        ("x.csv", "m,n,k,latency_ms\n" + "1e308,9,9,1\n" * 9, "out of the range of numbers"),
        ("x.csv", "m,n,k,latency_ms\n" + "1.5,9,9,1\n" * 9, "not all of m, n, k are whole numbers"),
        ("x.csv", HEADS + "1,9,7,2,64,1\n" * 9, "7 heads cannot share 2 of K and V"),
        (
            "x.csv",
            "num_gpus,message_size,kernel_source,latency_ms\n" + "1,9,s,1\n" * 9,
            "holds sums over one device",
        ),
        ("x_int4.csv", "m,n,k,latency_ms\n" + "1,1,1,1\n" * 9, "no matrix rate for int4"),
    ],
)
def test_mistakes(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        kernels.fits(tmp_path, cm.load_profile("h100"))
