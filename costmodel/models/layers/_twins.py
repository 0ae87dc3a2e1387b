"""Torch modules that twins are made of. Torch is handed in; nothing here imports it."""

from __future__ import annotations

from typing import Any


def holding(torch: Any, shapes: Any, forward: Any) -> Any:
    """A torch module with parameters of `shapes` and this forward function."""
    module = type("Holding", (torch.nn.Module,), {"forward": forward})()
    for number, shape in enumerate(shapes):
        module.register_parameter(f"p{number}", torch.nn.Parameter(torch.empty(shape)))
    return module


def along(torch: Any, inner: Any, axis: int, place: int) -> Any:
    """The module `inner`, which works along axis `place` of a batch, along `axis` of a sample."""
    if axis + 1 == place:
        return inner

    def forward(module: Any, x: Any) -> Any:
        return module.inner(x.movedim(axis + 1, place)).movedim(place, axis + 1)

    module = holding(torch, (), forward)
    module.inner = inner
    return module
