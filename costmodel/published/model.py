"""Our side of the comparison: simulated networks, kept between tables."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from costmodel.run import Run, simulate


@lru_cache(maxsize=256)
def _run(arch: str, hw: str, convention: str | None, settings: tuple[tuple[str, Any], ...]) -> Run:
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
