"""Kinds whose window slides over a map, and kinds that are one kind over another number of axes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import starmap
from typing import Any, ClassVar

from costmodel.core import window
from costmodel.core.attributes import Padding, Sizes
from costmodel.core.layer import Layer, need_axes
from costmodel.core.tally import Shape, Shapes
from costmodel.core.tiling.nest import Sweep


class Windowed(Layer):
    """Shared by kinds whose window slides over the last `axes` axes of a map.

    `class Conv1d(Conv2d, kind="conv1d", axes=1)` is its base with windows of one axis: attributes
    that have a number for each axis take one.
    """

    axes: ClassVar[int] = 2

    kernel: Sizes
    stride: Sizes | None
    padding: Padding
    dilation: Sizes

    def __init_subclass__(cls, kind: str = "", axes: int = 0) -> None:
        """Give the attributes of the base their size, and make the kind a dataclass of them."""
        super().__init_subclass__()
        if not axes:
            return
        cls.kind, cls.axes = kind, axes
        for item in fields(cls):
            if item.metadata["over"] is not None:
                cls.__annotations__[item.name] = item.type
                setattr(cls, item.name, item.metadata["over"](axes))
        dataclass(frozen=True)(cls)

    def parts(self, shape: Shape) -> tuple[Shape, int, Sizes]:
        """Leading axes, channels, and sizes of the axes that the window slides over."""
        return need_axes(self.kind, shape, self.axes)

    @property
    def steps(self) -> Sizes:
        """The stride in force: the window's size where none is stated."""
        return self.stride or self.kernel

    def slid(self, sizes: Sizes) -> Sizes:
        """Output sizes of axes of these `sizes` that the window slides over [elements]."""
        return window.out_size(sizes, self.kernel, self.steps, self.padding, self.dilation)

    def sides(self, sizes: Sizes) -> Sizes:
        """Padding before and after each axis of these `sizes` [elements]."""
        return window.sides(sizes, self.kernel, self.steps, self.padding, self.dilation)

    def sweeps(self, sizes: Sizes) -> tuple[Sweep, ...]:
        """How the window slides over each axis of the map."""
        before = self.sides(sizes)[::2]
        axes = (self.slid(sizes), self.kernel, self.steps, self.dilation, before, sizes)
        return tuple(starmap(Sweep, zip(*axes, strict=True)))

    def line_sweep(self, inputs: Shapes, outputs: Shapes) -> Sweep | None:
        """The window's first axis; None where axes lie in front of the channels."""
        lead, _, sizes = self.parts(inputs[0])
        return None if lead else self.sweeps(sizes)[0]

    def padded(self, torch: Any, shape: Shape, filler: float, name: str, *given: Any) -> Any:
        """Torch's module `name` over as many axes, behind a padding of `filler`.

        Torch itself refuses padding='same' with a stride, and uneven paddings.
        """
        pad, module = (getattr(torch.nn, f"{word}{self.axes}d") for word in ("ConstantPad", name))
        around = window.torch_sides(self.sides(self.parts(shape)[2]))
        return torch.nn.Sequential(pad(around, filler), module(*given))
