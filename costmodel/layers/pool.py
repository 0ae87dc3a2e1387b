"""Pooling: maximum and average over windows, and over the whole map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers import window
from costmodel.layers.base import Example, Layer, need_map
from costmodel.layers.fields import Padding, Pair, attribute, flag, padding, pair
from costmodel.tally import Shape, Shapes, Tally, elements


@dataclass(frozen=True)
class Pool(Layer):
    """Shared by window pools. The stride is the kernel's size unless given."""

    routine: ClassVar[str] = "move"

    kernel: Pair = pair()
    stride: Pair | None = attribute(pair().metadata["read"], None)
    padding: Padding = padding()

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"kernel": 2}, ((4, 8, 7),)),
        Example({"kernel": 3, "stride": 2, "padding": 1}, ((4, 9, 9),)),
        Example({"kernel": 3, "stride": 2, "padding": "same"}, ((2, 8, 9),)),
    )

    @property
    def steps(self) -> Pair:
        """The stride in force."""
        return self.stride or self.kernel

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels, H_out, W_out)."""
        channels, height, width = need_map(self.kind, inputs[0])
        return (channels, *window.out_size(height, width, self.kernel, self.steps, self.padding))

    def torch_sides(self, shape: Shape) -> Pair | tuple[int, int, int, int]:
        """The padding in torch's order: left, right, top, bottom."""
        top, bottom, left, right = window.sides(
            shape[1], shape[2], self.kernel, self.steps, self.padding
        )
        return left, right, top, bottom


class MaxPool(Pool):
    """Maximum over each window: k^2 - 1 comparisons per output."""

    kind: ClassVar[str] = "max_pool"
    source: ClassVar[str] = "HairNet Table 1; Krizhevsky et al. 2012 (overlapping windows)"

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """k_h k_w - 1 comparisons per output element."""
        compares = (self.kernel[0] * self.kernel[1] - 1) * elements(outputs)
        return Tally.of(inputs, outputs, compares=compares)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """ConstantPad2d with minus infinity and MaxPool2d."""
        return torch.nn.Sequential(
            torch.nn.ConstantPad2d(self.torch_sides(inputs[0]), float("-inf")),
            torch.nn.MaxPool2d(self.kernel, self.steps),
        )


class AvgPool(Pool):
    """Mean over each window: k^2 - 1 additions and one division per output."""

    kind: ClassVar[str] = "avg_pool"
    source: ClassVar[str] = "LeCun et al. 1998 (subsampling)"

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """k_h k_w - 1 additions and one division per output element."""
        size = elements(outputs)
        adds = (self.kernel[0] * self.kernel[1] - 1) * size
        return Tally.of(inputs, outputs, adds=adds, divs=size)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """ZeroPad2d and AvgPool2d."""
        return torch.nn.Sequential(
            torch.nn.ZeroPad2d(self.torch_sides(inputs[0])),
            torch.nn.AvgPool2d(self.kernel, self.steps),
        )


@dataclass(frozen=True)
class FractionalMaxPool(Layer):
    """Maximum over pseudo-random windows that overlap, to a map of explicit `size`."""

    kind: ClassVar[str] = "fractional_max_pool"
    routine: ClassVar[str] = "move"
    source: ClassVar[str] = "Graham 2014 (arXiv 1412.6071); Enhanced Hybrid MobileNet Table 3"

    size: Pair = pair()
    kernel: Pair = pair((2, 2))

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"size": 22}, ((4, 32, 32),)),
        Example({"size": [6, 1], "kernel": [2, 3]}, ((3, 10, 3),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels, *size); BadValue where the windows do not fit into the map."""
        channels, height, width = need_map(self.kind, inputs[0])
        for n, out, kernel in zip((height, width), self.size, self.kernel, strict=True):
            if out + kernel - 1 > n:
                raise BadValue(
                    f"fractional_max_pool to {out} with windows of {kernel} needs {out + kernel - 1} "
                    f"elements, the map has {n}", "choose a smaller size"
                )  # fmt: skip
        return (channels, *self.size)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """k_h k_w - 1 comparisons per output element."""
        compares = (self.kernel[0] * self.kernel[1] - 1) * elements(outputs)
        return Tally.of(inputs, outputs, compares=compares)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.FractionalMaxPool2d."""
        return torch.nn.FractionalMaxPool2d(self.kernel, output_size=self.size)


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """Mean over each channel's whole map, to a vector [channels] (or [channels, 1, 1])."""

    kind: ClassVar[str] = "global_avg_pool"
    source: ClassVar[str] = "Lin et al. 2014, Network in network; HairNet section 3.3"

    keep_dims: bool = flag(False)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, ((6, 7, 7),)),
        Example({"keep_dims": True}, ((6, 3, 5),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels,), or (channels, 1, 1) with keep_dims."""
        channels, _, _ = need_map(self.kind, inputs[0])
        return (channels, 1, 1) if self.keep_dims else (channels,)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """H W - 1 additions and one division per channel."""
        channels = elements(outputs)
        return Tally.of(inputs, outputs, adds=elements(inputs) - channels, divs=channels)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """A mean over the two map axes."""
        return lambda x: x.mean((2, 3), keepdim=self.keep_dims)
