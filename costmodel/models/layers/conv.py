"""Convolutions: standard, grouped, and depthwise, over one, two or three axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

from costmodel.core import window
from costmodel.core.attributes import Padding, Sizes, flag, padding, pair, whole
from costmodel.core.layer import Example, Layer, MatrixLayer, Order, need_axes
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Sweep, convolved
from costmodel.errors import BadValue
from costmodel.models.layers._windowed import Windowed


class Convolution(Windowed, MatrixLayer):
    """Shared by all convolutions, whose kernel slides over the last `axes` axes of a map.

    Axes in front of the channels (frames, windows) are convolved one by one.
    """

    reads: ClassVar[Order] = "channels_last"
    writes: ClassVar[Order] = "channels_last"

    kernel: Sizes
    stride: Sizes
    padding: Padding
    dilation: Sizes
    bias: bool

    def parts(self, shape: Shape) -> tuple[Shape, int, Sizes]:
        """Leading axes, channels, and sizes of the axes that the kernel slides over."""
        return need_axes(self.kind, shape, self.axes)

    def channel_axis(self, shape: Shape) -> int:
        """In front of the axes that the kernel slides over."""
        return len(shape) - self.axes - 1

    def slid(self, sizes: Sizes) -> Sizes:
        """Output sizes of the axes that the kernel slides over."""
        return window.out_size(sizes, self.kernel, self.stride, self.padding, self.dilation)

    def in_groups(self, channels: int) -> tuple[int, int]:
        """Filters and groups, for so many input channels."""
        raise NotImplementedError(type(self).__name__)

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """Its kernel slides over each axis; leading axes are samples too."""
        lead, channels, sizes = self.parts(inputs[0])
        sides = window.sides(sizes, self.kernel, self.stride, self.padding, self.dilation)
        steps = zip(
            self.slid(sizes),
            self.kernel,
            self.stride,
            self.dilation,
            sides[::2],
            sizes,
            strict=True,
        )
        filters, groups = self.in_groups(channels)
        sweeps = tuple(Sweep(*axis) for axis in steps)
        nest = convolved(filters, channels, sweeps, prod(lead) * samples, groups)
        return (Contraction(nest),)

    def counted(self, inputs: Shapes, outputs: Shapes, weights: int, filters: int) -> Tally:
        """Each of `weights` is used once per output position; one bias for each filter."""
        lead, _, positions = self.parts(outputs[0])
        biases = filters if self.bias else 0
        macs = weights * prod(positions) * prod(lead)
        return Tally.of(inputs, outputs, len(lead), macs=macs, weights=weights, biases=biases)

    def module(self, torch: Any, shape: Shape, filters: int, groups: int) -> Any:
        """Padding and torch's convolution; torch refuses padding='same' with a stride."""
        _, channels, sizes = self.parts(shape)
        sides = window.sides(sizes, self.kernel, self.stride, self.padding, self.dilation)
        convolution = getattr(torch.nn, f"Conv{self.axes}d")
        return torch.nn.Sequential(
            torch.nn.ConstantPad3d(window.torch_sides(sides), 0.0)
            if self.axes == 3
            else getattr(torch.nn, f"ZeroPad{self.axes}d")(window.torch_sides(sides)),
            convolution(
                channels,
                filters,
                self.kernel,
                self.stride,
                dilation=self.dilation,
                groups=groups,
                bias=self.bias,
            ),
        )


@dataclass(frozen=True)
class Conv2d(Convolution):
    """2-D convolution: kernel^2 * C_in / groups * C_out * H_out * W_out multiply-adds."""

    kind: ClassVar[str] = "conv2d"
    routine: ClassVar[str] = "window"
    source: ClassVar[str] = "HairNet section 3.1; Dumoulin & Visin 2016 (shapes)"

    filters: int = whole()
    kernel: Sizes = pair()
    stride: Sizes = pair((1, 1))
    padding: Padding = padding()
    dilation: Sizes = pair((1, 1))
    groups: int = whole(1)
    bias: bool = flag(False)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"filters": 8, "kernel": 3}, ((3, 10, 12),)),
        Example({"filters": 8, "kernel": 3, "padding": "same", "stride": 2}, ((3, 11, 12),)),
        Example(
            {
                "filters": 6,
                "kernel": [3, 5],
                "padding": [0, 1, 2, 3],
                "bias": True,
                "groups": 2,
                "dilation": [2, 1],
                "stride": [1, 2],
            },
            ((4, 12, 14),),
        ),
        Example({"filters": 4, "kernel": 1}, ((2, 1, 1),)),
    )

    @property
    def runs_as(self) -> str:
        """Groups take kernels of their own; a 1x1 convolution is a plain matrix product."""
        if self.groups > 1:
            return "grouped"
        return "dense" if set(self.kernel) == {1} else self.routine

    def out_shape(self, *inputs: Shape) -> Shape:
        """(filters, *output sizes)."""
        lead, channels, sizes = self.parts(inputs[0])
        for name, count in (("input channels", channels), ("filters", self.filters)):
            if count % self.groups:
                raise BadValue(
                    f"{count} {name} do not divide into {self.groups} groups",
                    "change groups or the channels",
                )
        return (*lead, self.filters, *self.slid(sizes))

    def in_groups(self, channels: int) -> tuple[int, int]:
        """The stated ones."""
        return self.filters, self.groups

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights: the kernel's elements times C_in / groups times C_out."""
        _, channels, _ = self.parts(inputs[0])
        weights = prod(self.kernel) * channels // self.groups * self.filters
        return self.counted(inputs, outputs, weights, self.filters)

    def folded(self, inputs: Shapes, outputs: Shapes) -> tuple[int, Layer] | None:
        """A scale for each filter goes into the weights, a shift into the bias."""
        return self.filters, replace(self, bias=True)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Zero padding and torch's convolution."""
        return self.module(torch, inputs[0], self.filters, self.groups)


@dataclass(frozen=True)
class Conv1d(Conv2d, axes=1):
    """1-D convolution: kernel * C_in / groups * C_out * L_out multiply-adds."""

    kind: ClassVar[str] = "conv1d"
    examples: ClassVar[tuple[Example, ...]] = (
        Example({"filters": 8, "kernel": 3, "stride": 2, "padding": [1, 0]}, ((4, 11),)),
    )


@dataclass(frozen=True)
class Conv3d(Conv2d, axes=3):
    """3-D convolution: kernel^3 * C_in / groups * C_out * D_out * H_out * W_out multiply-adds."""

    kind: ClassVar[str] = "conv3d"
    examples: ClassVar[tuple[Example, ...]] = (
        Example({"filters": 6, "kernel": [1, 3, 2], "padding": [0, 1, 0]}, ((4, 5, 6, 7),)),
    )


@dataclass(frozen=True)
class DepthwiseConv2d(Convolution):
    """Depthwise 2-D convolution: one kernel per channel, `multiplier` outputs for each."""

    kind: ClassVar[str] = "depthwise_conv2d"
    routine: ClassVar[str] = "depthwise"
    source: ClassVar[str] = "HairNet section 3.1; Enhanced Hybrid MobileNet eqs. (1), (3)"

    kernel: Sizes = pair()
    stride: Sizes = pair((1, 1))
    padding: Padding = padding()
    dilation: Sizes = pair((1, 1))
    multiplier: int = whole(1)
    bias: bool = flag(False)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"kernel": 3, "padding": "same"}, ((5, 8, 9),)),
        Example({"kernel": 3, "padding": "same", "stride": 2, "multiplier": 2}, ((4, 7, 8),)),
        Example({"kernel": 5, "padding": 2, "bias": True}, ((3, 6, 6),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels * multiplier, *output sizes)."""
        lead, channels, sizes = self.parts(inputs[0])
        return (*lead, channels * self.multiplier, *self.slid(sizes))

    def in_groups(self, channels: int) -> tuple[int, int]:
        """One group for each channel."""
        return channels * self.multiplier, channels

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights: the kernel's elements times C times multiplier."""
        _, filters, _ = self.parts(outputs[0])
        return self.counted(inputs, outputs, prod(self.kernel) * filters, filters)

    def folded(self, inputs: Shapes, outputs: Shapes) -> tuple[int, Layer] | None:
        """A scale for each output channel goes into the weights, a shift into the bias."""
        return self.parts(outputs[0])[1], replace(self, bias=True)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Zero padding and torch's convolution with one group per channel."""
        _, channels, _ = self.parts(inputs[0])
        return self.module(torch, inputs[0], channels * self.multiplier, groups=channels)


@dataclass(frozen=True)
class DepthwiseConv1d(DepthwiseConv2d, axes=1):
    """Depthwise 1-D convolution."""

    kind: ClassVar[str] = "depthwise_conv1d"
    examples: ClassVar[tuple[Example, ...]] = (Example({"kernel": 4, "padding": 3}, ((5, 8),)),)


@dataclass(frozen=True)
class DepthwiseConv3d(DepthwiseConv2d, axes=3):
    """Depthwise 3-D convolution."""

    kind: ClassVar[str] = "depthwise_conv3d"
    examples: ClassVar[tuple[Example, ...]] = (
        Example({"kernel": 3, "padding": "same", "stride": [1, 2, 2]}, ((5, 4, 8, 9),)),
    )
