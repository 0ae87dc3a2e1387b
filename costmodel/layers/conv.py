"""Convolutions: standard, grouped, and depthwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers import window
from costmodel.layers.base import Engine, Example, Layer, need_map
from costmodel.layers.fields import Padding, Pair, flag, padding, pair, whole
from costmodel.tally import Shape, Shapes, Tally


@dataclass(frozen=True)
class Conv2d(Layer):
    """2-D convolution: kernel^2 * C_in / groups * C_out * H_out * W_out multiply-adds."""

    kind: ClassVar[str] = "conv2d"
    routine: ClassVar[str] = "window"
    engine: ClassVar[Engine] = "matrix"
    source: ClassVar[str] = "HairNet section 3.1; Dumoulin & Visin 2016 (shapes)"

    filters: int = whole()
    kernel: Pair = pair()
    stride: Pair = pair((1, 1))
    padding: Padding = padding()
    dilation: Pair = pair((1, 1))
    groups: int = whole(1)
    bias: bool = flag(False)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"filters": 8, "kernel": 3}, ((3, 10, 12),)),
        Example({"filters": 8, "kernel": 3, "padding": "same", "stride": 2}, ((3, 11, 12),)),
        Example({"filters": 6, "kernel": [3, 5], "padding": [0, 1, 2, 3], "bias": True,
                 "groups": 2, "dilation": [2, 1], "stride": [1, 2]}, ((4, 12, 14),)),
        Example({"filters": 4, "kernel": 1}, ((2, 1, 1),)),
    )  # fmt: skip

    @property
    def runs_as(self) -> str:
        """Groups take kernels of their own; a 1x1 convolution is a plain matrix product."""
        if self.groups > 1:
            return "grouped"
        return "dense" if self.kernel == (1, 1) else self.routine

    def out_shape(self, *inputs: Shape) -> Shape:
        """(filters, H_out, W_out)."""
        channels, height, width = need_map(self.kind, inputs[0])
        for name, count in (("input channels", channels), ("filters", self.filters)):
            if count % self.groups:
                raise BadValue(f"{count} {name} do not divide into {self.groups} groups",
                               "change groups or the channels")  # fmt: skip
        size = window.out_size(height, width, self.kernel, self.stride, self.padding, self.dilation)
        return (self.filters, *size)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights K_h K_w C_in/groups C_out; each is used once per output position."""
        weights = self.kernel[0] * self.kernel[1] * inputs[0][0] // self.groups * self.filters
        _, height, width = outputs[0]
        return Tally.of(inputs, outputs, macs=weights * height * width, weights=weights,
                        biases=self.filters if self.bias else 0)  # fmt: skip

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """ZeroPad2d and Conv2d."""
        return _twin(torch, inputs[0], self, self.filters, self.groups)


@dataclass(frozen=True)
class DepthwiseConv2d(Layer):
    """Depthwise 2-D convolution: one kernel per channel, `multiplier` outputs for each."""

    kind: ClassVar[str] = "depthwise_conv2d"
    routine: ClassVar[str] = "depthwise"
    engine: ClassVar[Engine] = "matrix"
    source: ClassVar[str] = "HairNet section 3.1; Enhanced Hybrid MobileNet eqs. (1), (3)"

    kernel: Pair = pair()
    stride: Pair = pair((1, 1))
    padding: Padding = padding()
    dilation: Pair = pair((1, 1))
    multiplier: int = whole(1)
    bias: bool = flag(False)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"kernel": 3, "padding": "same"}, ((5, 8, 9),)),
        Example({"kernel": 3, "padding": "same", "stride": 2, "multiplier": 2}, ((4, 7, 8),)),
        Example({"kernel": 5, "padding": 2, "bias": True}, ((3, 6, 6),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels * multiplier, H_out, W_out)."""
        channels, height, width = need_map(self.kind, inputs[0])
        size = window.out_size(height, width, self.kernel, self.stride, self.padding, self.dilation)
        return (channels * self.multiplier, *size)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights K_h K_w C multiplier; each is used once per output position."""
        channels, height, width = outputs[0]
        weights = self.kernel[0] * self.kernel[1] * channels
        return Tally.of(inputs, outputs, macs=weights * height * width, weights=weights,
                        biases=channels if self.bias else 0)  # fmt: skip

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """ZeroPad2d and a Conv2d with one group per channel."""
        channels = inputs[0][0]
        return _twin(torch, inputs[0], self, channels * self.multiplier, groups=channels)


def _twin(
    torch: Any, shape: Shape, conv: Conv2d | DepthwiseConv2d, filters: int, groups: int
) -> Any:
    """Torch refuses padding='same' with a stride, so the padding is a module of its own."""
    top, bottom, left, right = window.sides(
        shape[1], shape[2], conv.kernel, conv.stride, conv.padding, conv.dilation
    )
    return torch.nn.Sequential(
        torch.nn.ZeroPad2d((left, right, top, bottom)),
        torch.nn.Conv2d(shape[0], filters, conv.kernel, conv.stride, dilation=conv.dilation,
                        groups=groups, bias=conv.bias),
    )  # fmt: skip
