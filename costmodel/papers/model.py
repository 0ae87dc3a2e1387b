"""Our side of the comparison: simulated networks, kept between tables."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from costmodel.core import kinds
from costmodel.core.builder import apply
from costmodel.core.layer import make
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulate


@lru_cache(maxsize=256)
def _run(arch: str, hw: str, convention: str | None, settings: tuple[tuple[str, Any], ...]) -> Run:
    """A run under words that a cache can hold."""
    return simulate(arch, hw, settings=dict(settings), convention=convention)


def run(
    arch: str, hw: str = "accel_1tflops", convention: str | None = None, **settings: Any
) -> Run:
    """A shipped architecture with `settings` on a shipped profile."""
    return _run(arch, hw, convention, tuple(sorted(settings.items())))


def params(arch: str, convention: str | None = None, **settings: Any) -> int:
    """Parameters of a shipped architecture [count]."""
    return int(run(arch, convention=convention, **settings).workload.params.sum())


def macs(arch: str, **settings: Any) -> int:
    """Multiply-adds of a shipped architecture per sample [count]."""
    return int(run(arch, **settings).workload.macs.sum())


def block_params(arch: str, block: str, **settings: Any) -> int:
    """Parameters of one block of a shipped architecture [count]."""
    workload = run(arch, **settings).workload
    pairs = zip(workload.rows, workload.params, strict=True)
    return sum(int(count) for row, count in pairs if row.block == block)


def tally(word: str, kind: str, channels: float, size: int, kernel: int, wide: float) -> int:
    """A count of a convolution, stride 1, `same`, no bias, on `channels` maps of size x size.

    `wide` are its filters; of a depthwise one its kernels for each channel.
    """
    attribute = "filters" if kind == "conv2d" else "multiplier"
    attributes = {"kernel": kernel, "padding": "same", attribute: wide}
    layer = make(kinds.get(kind), attributes)
    return int(getattr(apply(layer, ((int(channels), size, size),)).tally, word))
