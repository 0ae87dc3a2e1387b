"""Pools: the maximum or mean over windows, or over whole maps."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from costmodel.core.attributes import Padding, Sizes, flag, optional_per_axis, padding, pair, whole
from costmodel.core.layer import Example, Layer, need_axes
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue
from costmodel.models.layers._windowed import Windowed


@dataclass(frozen=True)
class Pool(Windowed):
    """Shared by window pools. The stride is the kernel's size unless given."""

    routine = "move"
    across = True

    kernel: Sizes = pair()
    stride: Sizes | None = optional_per_axis(2)
    padding: Padding = padding()
    dilation: Sizes = pair((1, 1))

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"kernel": 2}, ((4, 8, 7),)),
        Example({"kernel": 3, "stride": 2, "padding": 1}, ((4, 9, 9),)),
        Example({"kernel": 3, "stride": 2, "padding": "same"}, ((2, 8, 9),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels, *output sizes), behind any leading axes."""
        lead, channels, sizes = self.parts(inputs[0])
        return (*lead, channels, *self.slid(sizes))


class MaxPool(Pool):
    """Maximum over each window: k^2 - 1 comparisons per output."""

    kind = "max_pool"
    source = "HairNet Table 1; Krizhevsky et al. 2012 (overlapping windows)"

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One comparison less than the window's elements, per output element."""
        compares = (prod(self.kernel) - 1) * elements(outputs)
        return Tally.of(inputs, outputs, compares=compares)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Padding with minus infinity and torch's max pool."""
        settings = (self.kernel, self.steps, 0, self.dilation)
        return self.padded(torch, inputs[0], float("-inf"), "MaxPool", *settings)


class AvgPool(Pool):
    """Mean over each window: k^2 - 1 additions and one division per output."""

    kind = "avg_pool"
    source = "LeCun et al. 1998 (subsampling)"

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One addition less than the window's elements, and one division, per output element."""
        size = elements(outputs)
        return Tally.of(inputs, outputs, adds=(prod(self.kernel) - 1) * size, divs=size)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Zero padding and torch's average pool, which knows no dilation."""
        return self.padded(torch, inputs[0], 0.0, "AvgPool", self.kernel, self.steps)


class MaxPool1d(MaxPool, kind="max_pool1d", axes=1):
    """Maximum over windows of one axis."""

    examples = (Example({"kernel": 3, "stride": 2, "dilation": 2}, ((4, 9),)),)


class MaxPool3d(MaxPool, kind="max_pool3d", axes=3):
    """Maximum over windows of three axes."""

    examples = (Example({"kernel": [1, 2, 2], "padding": [0, 1, 0]}, ((4, 3, 8, 7),)),)


class AvgPool1d(AvgPool, kind="avg_pool1d", axes=1):
    """Mean over windows of one axis."""

    examples = (Example({"kernel": 3, "padding": 1}, ((4, 9),)),)


class AvgPool3d(AvgPool, kind="avg_pool3d", axes=3):
    """Mean over windows of three axes."""

    examples = (Example({"kernel": 2}, ((4, 3, 8, 7),)),)


@dataclass(frozen=True)
class FractionalMaxPool(Layer):
    """Maximum over pseudo-random windows that overlap, to a map of explicit `size`."""

    kind = "fractional_max_pool"
    routine = "move"
    across = True
    source = "Graham 2014 (arXiv 1412.6071); Enhanced Hybrid MobileNet Table 3"

    size: Sizes = pair()
    kernel: Sizes = pair((2, 2))

    examples = (
        Example({"size": 22}, ((4, 32, 32),)),
        Example({"size": [6, 1], "kernel": [2, 3]}, ((3, 10, 3),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels, *size); BadValue where the windows do not fit into the map."""
        lead, channels, sizes = need_axes(self.kind, inputs[0], 2)
        for n, out, kernel in zip(sizes, self.size, self.kernel, strict=True):
            if out + kernel - 1 > n:
                raise BadValue(
                    f"fractional_max_pool to {out} with windows of {kernel} needs "
                    f"{out + kernel - 1} elements, the map has {n}",
                    "choose a smaller size",
                )
        return (*lead, channels, *self.size)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One comparison less than the window's elements, per output element."""
        compares = (prod(self.kernel) - 1) * elements(outputs)
        return Tally.of(inputs, outputs, compares=compares)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.FractionalMaxPool2d to the stated size."""
        return torch.nn.FractionalMaxPool2d(self.kernel, output_size=self.size)


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """Mean over each channel's whole map of `axes` axes, to [channels] (or [channels, 1, 1])."""

    kind = "global_avg_pool"
    across = True
    source = "Lin et al. 2014, Network in network; HairNet section 3.3"

    keep_dims: bool = flag(False)
    axes: int = whole(2)

    examples = (
        Example({}, ((6, 7, 7),)),
        Example({"keep_dims": True}, ((6, 3, 5),)),
        Example({"axes": 1}, ((6, 9),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels,), or (channels, 1, ...) with keep_dims."""
        lead, channels, sizes = need_axes(self.kind, inputs[0], self.axes)
        return (*lead, channels, *((1,) * len(sizes) if self.keep_dims else ()))

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One addition less than the map's elements, and one division, per channel."""
        channels = elements(outputs)
        return Tally.of(inputs, outputs, adds=elements(inputs) - channels, divs=channels)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """A mean over the last axes."""
        last = tuple(range(-self.axes, 0))
        return lambda x: x.mean(last, keepdim=self.keep_dims)
