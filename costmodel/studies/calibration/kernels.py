"""Routines fitted to tables of kernel times: shares of the peaks, and what a kernel takes to start.

A folder holds one CSV for each kind of kernel, told apart by its columns (`latency_ms` in all):
products `m, n, k`; a step of attention `batch_size, step, num_heads, num_key_value_heads,
head_dim`; a prompt's with `isl` for `step`; experts `num_tokens, hidden_size, inter_size, topk,
num_experts` (and `moe_tp_size`); sums over devices `num_gpus, message_size` [elements]. A type in
the file's name (`fp8`, `int8`, ...) is that of the operands, else 16 bits. Each kernel is taken to
last launch + max(operations, bytes) + exposed min(operations, bytes), both at shares of the peaks:
of the shorter time a part is not hidden. Logarithms are fitted, large errors counted linearly.

What a kernel computes and moves its layer says: a table's kernels are the rows of a network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.layer import Layer
from costmodel.core.tally import Shapes
from costmodel.errors import InputError, MissingExtra, Place
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import dtypes
from costmodel.models.layers.all_reduce import AllReduce
from costmodel.models.layers.attention import Attention
from costmodel.models.layers.linear import Linear
from costmodel.studies.calibration.kernel_table import OUT_OF_RANGE, WIDE, KernelTable, Seconds

SOFT = 0.1
"""A share of a kernel's time: larger errors count linearly."""
FEWEST = 8
"""The fewest kernels of a table that is fitted."""
FOLDS = 5
"""Parts of a table, each predicted by a fit to the others."""
START = {"compute": 0.5, "bandwidth": 0.8, "launch": 8e-6, "exposed": 0.5}
"""Where a fit begins: shares of the peaks, the time to start [s], and what is not hidden."""
PRODUCT = {"compute": 0.7, "launch": 4e-6}
HEADS = ("num_heads", "num_key_value_heads", "head_dim")
EXPERTS = ("num_tokens", "hidden_size", "inter_size", "topk", "num_experts")
Timed = tuple[str, Seconds, dict[str, float]]
"""A routine, the times of its kernels, and the figures that these follow from as a fit begins."""


@dataclass(frozen=True)
class Fit:
    """What a table says of one routine."""

    routine: str
    """Its word in a profile; `link` for sums over devices."""
    figures: dict[str, float]
    """Shares, and times [s]; of a link its bandwidth [B/s] and latency [s]."""
    mean: float
    """Error of a kernel, a fraction."""
    median: float
    count: int
    unseen: float
    """Mean error of each fifth of the kernels by a fit to the other four."""


def _product(table: KernelTable) -> Timed:
    def kernel(m: int, n: int, k: int) -> tuple[Layer, Shapes]:
        return Linear(features=n, bias=False), ((m, k),)

    model, start = table.roofline(*table.counted(kernel, *"mnk")), START | PRODUCT
    if dtypes.bits(table.dtype) == WIDE:
        return "dense", model, start
    # maps come in 16 bits: a pass over them finds their scale and converts them
    each = table["m"] * table["k"]
    return f"dense.{table.dtype}", _besides(model, each), start | {"per_input": 4e-12}


def _step(table: KernelTable) -> Timed:
    """One query; its own key and value lie in the cache, where another kernel has put them."""

    def kernel(step: int, heads: int, fewer: int, size: int) -> tuple[Layer, Shapes]:
        kept = (step + 1, fewer * size)
        return Attention(heads=heads, kv_heads=fewer), ((1, heads * size), kept, kept)

    model = table.roofline(*table.counted(kernel, "step", *HEADS, times="batch_size"))
    each = table["batch_size"] * table["num_key_value_heads"]
    return "attend", _besides(model, each), START | {"per_head": 25e-9}


def _prompt(table: KernelTable) -> Timed:
    def kernel(tokens: int, heads: int, fewer: int, size: int) -> tuple[Layer, Shapes]:
        kept = (tokens, fewer * size)
        layer = Attention(heads=heads, kv_heads=fewer, causal=True)
        return layer, ((tokens, heads * size), kept, kept)

    counted = table.counted(kernel, "isl", *HEADS, times="batch_size")
    return "prefill", table.roofline(*counted), START


def _experts(table: KernelTable) -> Timed:
    """The experts alone, by hand.

    The kind `moe` differs by design. It holds the router, which these kernels are timed without; it
    counts what the gates take as operations of the same engine (of the shipped table up to 1.1 %
    more), and takes the parameters that some token is expected to reach for whole ones (bytes up to
    1.2e-7 more). With the router it would be up to 68 % more operations and 64 % more bytes.
    """
    tokens, hidden, inter, chosen, experts = (table[name] for name in EXPERTS)
    if "moe_tp_size" in table.names:
        inter = inter / table["moe_tp_size"]
    awake = experts * (1 - (1 - chosen / experts) ** tokens)
    between = 2 * tokens * chosen * (3 * inter + hidden)
    moved = 2 * (awake * 3 * hidden * inter + 2 * tokens * hidden + between)
    work = 2 * tokens * chosen * 3 * hidden * inter
    return "experts", table.roofline(work, moved), START | {"launch": 3e-5}


def _sums(table: KernelTable) -> Timed:
    """By the quickest of the layer's algorithms: its messages, and what they carry [elements]."""
    lines = table.sizes("num_gpus", "message_size").astype(int).tolist()
    exchanges = [AllReduce(devices=devices).message(((size,),)) for devices, size in lines]
    ways = np.array([one.algorithms for one in exchanges if one])
    if len(ways) < len(lines):
        raise table.refused("holds sums over one device", "leave them out")
    messages, sent = np.moveaxis(ways, 2, 0)
    sent *= WIDE / 8
    start = {"bandwidth": 3e11, "latency": 4e-6}
    return "link", lambda p: (messages * p[1] + sent / p[0]).min(axis=1), start


def _besides(plain: Seconds, each: Floats) -> Seconds:
    return lambda p: plain(p) + each * p[4]


KINDS: dict[tuple[str, ...], Callable[[KernelTable], Timed]] = {
    ("m", "n", "k"): _product,
    ("batch_size", "step", *HEADS): _step,
    ("batch_size", "isl", *HEADS): _prompt,
    EXPERTS: _experts,
    ("num_gpus", "message_size", "kernel_source"): _sums,
}
"""Columns, and the kernels that they are of."""


def fits(folder: Path, base: HardwareProfile) -> list[Fit]:
    """Every table of a folder that is known, fitted. Raises InputError, MissingExtra."""
    tables = (KernelTable(path, base) for path in sorted(folder.glob("*.csv")))
    fitted = [fit for table in tables if (fit := _fit(table)) is not None]
    if not fitted:
        known = "; ".join(", ".join(columns) for columns in KINDS)
        raise InputError.at(
            Place(str(folder)), "holds no table of kernel times", f"columns are {known}"
        )
    return fitted


def _fit(table: KernelTable) -> Fit | None:
    """What a table says of its routine; None for a table of something else."""
    kind = next((kind for columns, kind in KINDS.items() if table.names.issuperset(columns)), None)
    if kind is None or "latency_ms" not in table.names:
        return None
    if len(table.rows) < FEWEST:
        raise table.refused(f"{len(table.rows)} kernels", f"measure at least {FEWEST}")
    seconds = table["latency_ms"] / 1e3
    with np.errstate(all="ignore"):
        routine, model, start = kind(table)
        begun = np.array([*start.values()])
        sound = np.isfinite(np.log(model(begun) / seconds)).all()
    if not sound:
        raise table.refused(OUT_OF_RANGE, "check its sizes")
    fitted = partial(_least_squares, model, begun, seconds)
    figures = fitted()
    errors = np.abs(model(figures) / seconds - 1)
    # every fifth of the kernels, dealt out by chance, by a fit that has not seen it
    fold = np.random.default_rng(0).permutation(len(seconds)) % FOLDS
    unseen = np.empty(len(seconds))
    for number in range(FOLDS):
        left = fold == number
        unseen[left] = np.abs(model(fitted(~left)) / seconds - 1)[left]
    return Fit(
        routine,
        dict(zip(start, map(float, figures), strict=True)),
        float(errors.mean()),
        float(np.median(errors)),
        len(seconds),
        float(unseen.mean()),
    )


def _least_squares(model: Seconds, start: Floats, seconds: Floats, seen: Any = slice(None)) -> Any:
    """The figures that fit the logarithms of the kernels `seen` best; shares stay at most 1."""
    try:
        from scipy.optimize import least_squares
    except ImportError:
        raise MissingExtra("scipy", "calibrate", "calibrate") from None
    result = least_squares(
        lambda p: np.log(model(np.exp(p)) / seconds)[seen],
        np.log(start),
        bounds=(-np.inf, np.where((start > 1e-3) & (start < 1), 0.0, np.inf)),
        loss="soft_l1",
        f_scale=SOFT,
    )
    return np.exp(result.x)
