"""Our side of the comparison: simulated networks, kept between tables."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from costmodel.core import kinds
from costmodel.core.builder import apply
from costmodel.core.layer import make
from costmodel.core.part import Part
from costmodel.core.tally import Shape
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulate


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


def layer(kind: str, shape: Shape, **attributes: Any) -> Part:
    """One layer on one map of `shape`: its output shape and neutral tally."""
    return apply(make(kinds.get(kind), attributes), (shape,))


def separable(shape: Shape, kernel: int, filters: int, multiplier: int = 1) -> tuple[Part, Part]:
    """A depthwise and a pointwise convolution, stride 1, `same`, no bias, on a map of `shape`."""
    depthwise = layer(
        "depthwise_conv2d", shape, kernel=kernel, padding="same", multiplier=multiplier
    )
    return depthwise, layer("conv2d", depthwise.outputs[0], kernel=1, filters=filters)
