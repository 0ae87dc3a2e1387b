"""Routines fitted to tables of kernel times: shares of the peaks, and what a kernel takes to start.

A folder holds one CSV for each kind of kernel, told apart by its columns (`latency_ms` in all):
products `m, n, k`; a step of attention `batch_size, step, num_heads, num_key_value_heads,
head_dim`; a prompt's with `isl` for `step`; experts `num_tokens, hidden_size, inter_size, topk,
num_experts` (and `moe_tp_size`); sums over devices `num_gpus, message_size` [elements]. A type in
the file's name (`fp8`, `int8`, ...) is that of the operands, else 16 bits. Each kernel is taken to
last launch + max(operations, bytes) + exposed min(operations, bytes), both at shares of the peaks:
of the shorter time a part is not hidden. Logarithms are fitted, large errors counted linearly.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.timing import longer
from costmodel.errors import InputError, MissingExtra, Place, did_you_mean
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import dtypes
from costmodel.language.documents import read_text

Column = NDArray[np.float64]
Model = Callable[[Any], Any]
"""Seconds of every kernel from the figures that are fitted."""
WORD = re.compile(r"fp8|int8|int4|bf16|fp16|fp32")
SOFT = 0.1
"""Of a kernel's time: larger errors count linearly."""
MOST = 100_000_000
"""[B] of a table; a thousand kernels take some 100 kB."""
FEWEST = 8
"""Kernels of a table."""
FOLDS = 5
"""Parts of a table, each predicted by a fit to the others."""
HALF = 0.5
"""Of the shorter time exposed: where the fit starts."""


@dataclass(frozen=True)
class Fit:
    """What a table says of one routine."""

    routine: str
    """As a profile names it; `link` for sums over devices."""
    figures: dict[str, float]
    """Shares, and times [s]; of a link its bandwidth [B/s] and latency [s]."""
    mean: float
    """Error of a kernel, a fraction."""
    median: float
    count: int
    unseen: float
    """Mean error of each fifth of the kernels by a fit to the other four."""


class Table:
    """The columns of one file. Raises InputError for cells that are no numbers above zero."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = read_text(path, MOST, "a table of kernel times in CSV")
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        # of several ways to launch a sum, the one that engines use
        if rows and "kernel_source" in rows[0]:
            rows = [row for row in rows if "eager" not in (row["kernel_source"] or "")]
        self.rows = rows
        self.names = set(rows[0]) if rows else set()
        word = WORD.search(path.stem)
        self.dtype = word.group() if word else "fp16"

    def __getitem__(self, name: str) -> Column:
        try:
            column = np.array([float(row[name]) for row in self.rows])
        except (TypeError, ValueError) as error:
            raise InputError.at(Place(str(self.path)), f"'{name}': {error}", "correct it") from None
        if not (np.isfinite(column) & (column > 0)).all():
            raise InputError.at(
                Place(str(self.path)), f"'{name}' is not above 0 everywhere", "correct it"
            )
        return column


def _product(table: Table, peak: float, bandwidth: float) -> Any:
    m, n, k = (table[c] for c in "mnk")
    width = dtypes.bits(table.dtype) / 8
    moved = width * (m * k + k * n) + 2 * m * n
    work, moved = 2 * m * n * k / peak, moved / bandwidth
    model, start = _roofline(work, moved), (0.7, 0.8, 4e-6, HALF)
    if width == 2:
        return "dense", model, start
    # maps come in 16 bits: a pass over them finds their scale and converts them
    return f"dense.{table.dtype}", _besides(model, m * k), (*start, 4e-12)


def _step(table: Table, peak: float, bandwidth: float) -> Any:
    batch, heads, fewer, size = _attention(table)
    moved = batch * (2 * fewer * size * (table["step"] + 1) + 2 * heads * size) * 2
    work = batch * heads * (table["step"] + 1) * size * 4
    model = _besides(_roofline(work / peak, moved / bandwidth), batch * fewer)
    return "attend", model, (0.5, 0.8, 8e-6, HALF, 25e-9)


def _prompt(table: Table, peak: float, bandwidth: float) -> Any:
    batch, heads, fewer, size = _attention(table)
    tokens = table["isl"]
    work = batch * heads * tokens * (tokens + 1) / 2 * size * 4
    moved = batch * tokens * (2 * fewer + 2 * heads) * size * 2
    return "prefill", _roofline(work / peak, moved / bandwidth), (0.5, 0.8, 8e-6, HALF)


def _experts(table: Table, peak: float, bandwidth: float) -> Any:
    columns = ("num_tokens", "hidden_size", "inter_size", "topk", "num_experts")
    tokens, hidden, inter, chosen, experts = (table[c] for c in columns)
    if "moe_tp_size" in table.names:
        inter = inter / table["moe_tp_size"]
    awake = experts * (1 - (1 - chosen / experts) ** tokens)
    between = 2 * tokens * chosen * (3 * inter + hidden)
    moved = 2 * (awake * 3 * hidden * inter + 2 * tokens * hidden + between)
    work = 2 * tokens * chosen * 3 * hidden * inter
    return "experts", _roofline(work / peak, moved / bandwidth), (0.5, 0.8, 3e-5, HALF)


def _sums(table: Table, peak: float, bandwidth: float) -> Any:
    devices, size = table["num_gpus"], table["message_size"] * 2

    def seconds(p: Any) -> Any:
        once = p[1] + (devices - 1) * size / p[0]
        return np.minimum(once, 2 * p[1] + 2 * (devices - 1) / devices * size / p[0])

    return "link", seconds, (3e11, 4e-6)


KINDS: dict[tuple[str, ...], Any] = {
    ("m", "n", "k"): _product,
    ("batch_size", "step", "num_heads", "num_key_value_heads", "head_dim"): _step,
    ("batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim"): _prompt,
    ("num_tokens", "hidden_size", "inter_size", "topk", "num_experts"): _experts,
    ("num_gpus", "message_size", "kernel_source"): _sums,
}
"""Columns, and the kernels that they are of."""
FIGURES: Mapping[str, tuple[str, ...]] = {
    "attend": ("compute", "bandwidth", "launch", "exposed", "per_head"),
    "link": ("bandwidth", "latency"),
}
"""What is fitted of each routine; of the others as many of OTHERS as their model has."""
OTHERS = ("compute", "bandwidth", "launch", "exposed", "per_input")


def _attention(table: Table) -> tuple[Column, Column, Column, Column]:
    columns = ("batch_size", "num_heads", "num_key_value_heads", "head_dim")
    batch, heads, fewer, size = (table[c] for c in columns)
    return batch, heads, fewer, size


def _roofline(work: Column, moved: Column) -> Model:
    return lambda p: p[2] + longer(work / p[0], moved / p[1], p[3])


def _besides(plain: Model, each: Column) -> Model:
    return lambda p: plain(p) + each * p[4]


def fits(folder: Path, base: HardwareProfile) -> list[Fit]:
    """Every table of a folder that is known, fitted. Raises InputError, MissingExtra."""
    files = sorted(folder.glob("*.csv"))
    fitted = [fit for path in files if (fit := _fit(Table(path), base)) is not None]
    if not fitted:
        known = "; ".join(", ".join(columns) for columns in KINDS)
        raise InputError.at(
            Place(str(folder)), "holds no table of kernel times", f"columns are {known}"
        )
    return fitted


def _fit(table: Table, base: HardwareProfile) -> Fit | None:
    kind = next((one for columns, one in KINDS.items() if set(columns) <= table.names), None)
    if kind is None or "latency_ms" not in table.names:
        return None
    if len(table.rows) < FEWEST:
        raise InputError.at(
            Place(str(table.path)), f"{len(table.rows)} kernels", f"measure at least {FEWEST}"
        )
    peak, bandwidth = base.figure("matrix", table.dtype), base.figure("bandwidth", table.dtype)
    if peak is None or bandwidth is None:
        stated = base.matrix if isinstance(base.matrix, dict) else {}
        raise InputError.at(
            Place(str(table.path)),
            f"{base.name} has no matrix rate for {table.dtype}",
            did_you_mean(table.dtype, stated),
        )
    seconds = table["latency_ms"] / 1e3
    with np.errstate(all="ignore"):
        routine, model, start = kind(table, peak, bandwidth)
        sound = np.isfinite(np.log(model(np.array(start)) / seconds)).all()
    if not sound:
        raise InputError.at(
            Place(str(table.path)), "holds kernels out of the range of numbers", "check its sizes"
        )
    figures = _least_squares(model, start, seconds, shares=routine != "link")
    errors = np.abs(model(figures) / seconds - 1)
    names = FIGURES.get(routine, OTHERS[: len(figures)])
    named = dict(zip(names, map(float, figures), strict=True))
    return Fit(
        routine,
        named,
        float(errors.mean()),
        float(np.median(errors)),
        len(seconds),
        _unseen(model, start, seconds, shares=routine != "link"),
    )


def _unseen(model: Model, start: Any, seconds: Column, *, shares: bool) -> float:
    """Mean error of kernels that the fit has not seen: every fifth, dealt out by chance."""
    fold = np.random.default_rng(0).permutation(len(seconds)) % FOLDS
    errors = np.empty(len(seconds))
    for number in range(FOLDS):
        figures = _least_squares(model, start, seconds, shares=shares, seen=fold != number)
        errors[fold == number] = np.abs(model(figures) / seconds - 1)[fold == number]
    return float(errors.mean())


def _least_squares(
    model: Model, start: Any, seconds: Column, *, shares: bool, seen: Any = slice(None)
) -> Any:
    """The figures that fit the logarithms of the kernels `seen` best; shares stay at most 1."""
    try:
        from scipy.optimize import least_squares
    except ImportError:
        raise MissingExtra("scipy", "calibrate", "calibrate") from None
    highest = [0.0 if shares and one < 1 and one > 1e-3 else np.inf for one in start]
    result = least_squares(
        lambda p: np.log(model(np.exp(p)) / seconds)[seen],
        np.log(start),
        bounds=([-np.inf] * len(highest), highest),
        loss="soft_l1",
        f_scale=SOFT,
    )
    return np.exp(result.x)
