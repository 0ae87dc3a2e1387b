"""Fit the routines of a GPU to tables of kernel times: python tests/fit_kernels.py FOLDER h100 | a100.

FOLDER holds the tables of aiconfigurator-core 0.12.0 (Apache-2.0) as CSV: `*_gemm_TYPE_*`,
`*_attn_decode_*`, `*_attn_prefill_*`, `*_moe_*` and `*_custom_allreduce_*`. Prints the shares, what
kernels take to start, and the errors that hwprofiles/h100_measured.yaml and a100_measured.yaml quote.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

PEAKS = {"h100": (989.4e12, 3350e9), "a100": (312e12, 2039e9)}
"""[FLOP/s] of 16-bit elements, [B/s]."""
Model = Callable[[Any], Any]


def fitted(name: str, model: Model, start: list[float], seconds: Any) -> None:
    """Least squares of the logarithms, large errors counted as absolute ones."""
    found = least_squares(
        lambda p: np.log(model(np.exp(p)) / seconds), np.log(start), loss="soft_l1", f_scale=0.1
    )
    errors = np.abs(model(np.exp(found.x)) / seconds - 1)
    figures = " ".join(f"{value:.4g}" for value in np.exp(found.x))
    print(f"{name:10} {figures}  mean {errors.mean():.1%}, median {np.median(errors):.1%}")


def table(folder: Path, pattern: str) -> pd.DataFrame | None:
    """The only file that a pattern names."""
    found = sorted(folder.glob(pattern))
    return pd.read_csv(found[0]) if found else None


def roofline(operations: Any, moved: Any, peak: float, bandwidth: float) -> Model:
    """launch + max(operations, bytes) at shares of the peaks: p = share, share, launch [s]."""
    return lambda p: p[2] + np.maximum(operations / peak / p[0], moved / bandwidth / p[1])


def main(folder: Path, machine: str) -> None:
    """Print every routine's fit."""
    peak, bandwidth = PEAKS[machine]
    for kind, width, rate in (("bf16", 2, peak), ("fp8", 1, 2 * peak)):
        rows = table(folder, f"{machine}_*gemm_{kind}*")
        if rows is not None:
            m, n, k = (rows[c].to_numpy(float) for c in "mnk")
            moved = width * (m * k + k * n) + 2 * m * n
            model = roofline(2 * m * n * k, moved, rate, bandwidth)
            fitted(f"gemm {kind}", model, [0.7, 0.8, 3e-6], rows.latency_ms.to_numpy() / 1e3)
    for word in ("decode", "prefill"):
        rows = table(folder, f"{machine}_*attn_{word}*")
        assert rows is not None
        batch, heads, fewer, size = (
            rows[c].to_numpy(float)
            for c in ("batch_size", "num_heads", "num_key_value_heads", "head_dim")
        )
        seconds = rows.latency_ms.to_numpy() / 1e3
        if word == "decode":
            keys = rows.step.to_numpy(float) + 1
            moved = batch * (2 * fewer * size * keys + 2 * heads * size) * 2
            each = batch * fewer
            fitted(
                "decode",
                lambda p: p[1] + moved / bandwidth / p[0] + each * p[2],  # noqa: B023
                [0.8, 8e-6, 25e-9],
                seconds,
            )
            continue
        tokens = rows.isl.to_numpy(float)
        work = batch * heads * tokens * (tokens + 1) / 2 * size * 4
        moved = batch * tokens * (2 * fewer + 2 * heads) * size * 2
        fitted("prefill", roofline(work, moved, peak, bandwidth), [0.5, 0.8, 8e-6], seconds)
    _experts(table(folder, f"{machine}_*moe*"), peak, bandwidth)
    _all_reduce(table(folder, f"{machine}_*custom_allreduce*"))


def _experts(rows: pd.DataFrame | None, peak: float, bandwidth: float) -> None:
    if rows is None:
        return
    tokens, hidden, inter, chosen, experts, parts = (
        rows[c].to_numpy(float)
        for c in ("num_tokens", "hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size")
    )
    awake = experts * (1 - (1 - chosen / experts) ** tokens)
    one = 3 * hidden * inter / parts
    # gate, up, their product and the result of each token and expert are written and read again
    between = 2 * tokens * chosen * (3 * inter / parts + hidden)
    moved = 2 * (awake * one + 2 * tokens * hidden + between)
    work = 2 * tokens * chosen * one
    model = roofline(work, moved, peak, bandwidth)
    fitted("experts", model, [0.5, 0.8, 30e-6], rows.latency_ms.to_numpy() / 1e3)


def _all_reduce(rows: pd.DataFrame | None) -> None:
    if rows is None:
        return
    rows = rows[rows.kernel_source.str.contains("graph")]
    devices, size = rows.num_gpus.to_numpy(float), rows.message_size.to_numpy() * 2.0

    def model(p: Any) -> Any:
        once = p[0] + (devices - 1) * size / p[1]
        return np.minimum(once, 2 * p[0] + 2 * (devices - 1) / devices * size / p[1])

    fitted("all-reduce", model, [4e-6, 3e11], rows.latency_ms.to_numpy() / 1e3)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
