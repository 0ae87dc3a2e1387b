"""The CPU at hand as a profile to calibrate from: its peaks as numpy reaches them."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SIDE = 1536
"""The side of the matrices whose product is timed."""
COPIED = 1 << 28
"""[B] of the array that is copied: far beyond any cache."""
REPEATS = 7
"""Runs of each piece of work at least."""
LONG = 1.0
"""[s] of each piece at least: a shared machine has slow stretches."""
ABOVE = 1.25
"""Times what the fastest network reached in the mean of its rows, the least that a peak can be."""
VECTOR = 1 << 16
"""[elements] of the vectors that are added: they stay in a cache."""
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
CACHE = 1 << 20
"""[B] assumed where the system does not say."""


def _least(work: Callable[[], object]) -> float:
    """The least time of several runs [s]."""
    times: list[float] = []
    while len(times) < REPEATS or sum(times) < LONG:
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def _cache() -> int | None:
    """The largest cache of the first core [B]; None where the system does not say."""
    words = [file.read_text().strip() for file in CACHES.glob("index*/size")]
    known = (re.fullmatch(r"(\d+)([KM]?)", word) for word in words)
    sizes = (int(m[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20}[m[2]] for m in known if m)
    return max(sizes, default=None)


def profile_text(reached: float = 0.0) -> str:
    """A hardware profile as YAML: measured rates, the cache as the system states it.

    A runtime's kernels may beat numpy's, and a peak that is too low bounds whatever is fitted to
    it: the fastest network `reached` so many operations a second [op/s].
    """
    draw = np.random.default_rng(1)
    a, b = (draw.standard_normal((SIDE, SIDE)).astype(np.float32) for _ in range(2))
    product = max(2 * SIDE**3 / _least(lambda: a @ b), ABOVE * reached)
    source = np.ones(COPIED // 8)
    target = np.empty_like(source)
    bandwidth = 2 * COPIED / _least(lambda: np.copyto(target, source))
    vector, out = np.ones(VECTOR, dtype=np.float32), np.ones(VECTOR, dtype=np.float32)
    added = 64 * VECTOR / _least(lambda: [np.add(vector, out, out=out) for _ in range(64)])
    cache = _cache()
    stated = (
        f"on_chip_memory: {cache} B\n"
        if cache
        else f"assumed:\n  on_chip_memory: {{value: {CACHE} B, reason: a common size of a cache}}\n"
    )
    name = platform.processor() or platform.machine()
    return (
        "# This machine, as numpy reaches it: a start for 'costmodel calibrate', no datasheet.\n"
        f"# bandwidth: a copy of {COPIED >> 20} MiB, read and written.\n"
        "# on_chip_memory: the largest cache of the first core, as the system states it.\n"
        f"# matrix: a product of {SIDE} x {SIDE} matrices in fp32, on all cores,\n"
        f"#   or {ABOVE} times what the fastest network that was measured reached.\n"
        "# host: additions in a cache, on one core.\n"
        f"name: this machine ({name})\n"
        "source: measured by costmodel measure\n"
        f"bandwidth: {bandwidth / 1e9:.4g} GB/s\n"
        f"{stated}"
        "dtype: fp32\n"
        f"matrix: {{fp32: {product / 1e9:.4g} GFLOPS}}\n"
        f"host: {{fp32: {added / 1e9:.4g} GFLOPS}}\n"
    )
