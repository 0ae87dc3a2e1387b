"""Shapes and parameters against torch: the only module that imports it.

Each layer's twin is built on the meta device, where tensors have shapes and no memory, and run
on inputs with a leading batch axis.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import Any

from costmodel.core.network import Network, Row
from costmodel.core.part import Part
from costmodel.core.tally import Shape
from costmodel.errors import MissingExtra

BATCH = 2
"""Any batch will do; 2 tells an ignored batch axis from a shape of 1."""


@dataclass(frozen=True)
class Comparison:
    """What one layer gives and holds, here and in torch."""

    row: Row
    kind: str
    ours: tuple[Any, ...]
    """Output shapes, trainable parameters, running statistics."""
    torch: tuple[Any, ...]
    error: str = ""
    """What torch said, if it refused."""

    @property
    def agrees(self) -> bool:
        """True when shapes and counts are equal."""
        return not self.error and self.ours == self.torch

    def line(self) -> str:
        """The difference in a line, with the place of the layer in its file."""
        if self.error:
            return f"{self.row.place}: {self.row.id}: torch refuses this {self.kind}: {self.error}"
        names = ("output shape", "parameters", "running statistics")
        parts = [
            f"{name} {mine} here, {theirs} in torch"
            for name, mine, theirs in zip(names, self.ours, self.torch, strict=True)
            if mine != theirs
        ]
        return f"{self.row.place}: {self.row.id} ({self.kind}): {'; '.join(parts)}"


def import_torch() -> ModuleType:
    """The torch module. Raises MissingExtra where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import torch
    except ImportError:
        raise MissingExtra("torch", "validate", "validate") from None
    return torch


def validate(network: Network) -> Iterator[Comparison]:
    """Compare every layer of `network` with its twin, in row order; fused rows part by part.

    Raises MissingExtra where torch is not installed.
    """
    measured = cache(partial(_measure, import_torch()))
    for row in network.rows:
        for part in row.parts:
            tally = part.tally
            ours = part.outputs, tally.moved_params, tally.bn_mean + tally.bn_variance
            yield Comparison(row, part.layer.kind, ours, *measured(part))


def _measure(torch: Any, part: Part) -> tuple[tuple[Any, ...], str]:
    """Output shapes, parameters and running statistics of a part's twin."""
    try:
        with torch.device("meta"):
            twin = part.layer.twin(torch, part.inputs)
            outputs = twin(*(torch.empty((BATCH, *shape)) for shape in part.inputs))
    except (RuntimeError, ValueError, TypeError) as error:
        return (), str(error).splitlines()[0]
    many = outputs if isinstance(outputs, tuple | list) else (outputs,)
    shapes: tuple[Shape, ...] = tuple(tuple(output.shape)[1:] for output in many)
    if not isinstance(twin, torch.nn.Module):
        return (shapes, 0, 0), ""
    trained = sum(p.numel() for p in twin.parameters())
    running = sum(b.numel() for b in twin.buffers() if b.is_floating_point())
    return (shapes, trained, running), ""
