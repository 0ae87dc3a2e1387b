"""Convolutions: standard, grouped, and depthwise, over one, two or three axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from costmodel.core.attributes import Padding, Sizes, flag, padding, pair, whole
from costmodel.core.layer import Example, Layer, MatrixLayer, make
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, convolved
from costmodel.errors import BadValue
from costmodel.models.layers._windowed import Windowed


class Convolution(Windowed, MatrixLayer):
    """Shared by all convolutions, whose kernel slides over the last `axes` axes of a map.

    Axes in front of the channels (frames, windows) are convolved one by one.
    """

    reads = "channels_last"
    writes = "channels_last"

    bias: bool

    def channel_axis(self, shape: Shape) -> int:
        """In front of the axes that the kernel slides over."""
        return len(shape) - self.axes - 1

    def in_groups(self, channels: int) -> tuple[int, int]:
        """Filters and groups, for so many input channels. Raises BadValue where they misfit."""
        raise NotImplementedError(type(self).__name__)

    def out_shape(self, *inputs: Shape) -> Shape:
        """(filters, *output sizes), behind the leading axes."""
        lead, channels, sizes = self.parts(inputs[0])
        filters, _ = self.in_groups(channels)
        return (*lead, filters, *self.slid(sizes))

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights: the kernel's elements times C_in / groups times C_out; once per output."""
        return self.counted(inputs, outputs, outputs[0])

    def counted(self, inputs: Shapes, outputs: Shapes, met: Shape) -> Tally:
        """Each weight meets each position of the map of shape `met` once; a bias for each filter.

        A 3x3 kernel from 4 to 6 channels in 2 groups has 9 * 4 / 2 * 6 = 108 weights.
        """
        _, channels, _ = self.parts(inputs[0])
        lead, _, positions = self.parts(met)
        filters, groups = self.in_groups(channels)
        weights = prod(self.kernel) * channels // groups * filters
        macs = weights * prod(positions) * prod(lead)
        biases = filters if self.bias else 0
        return Tally.of(inputs, outputs, len(lead), macs=macs, weights=weights, biases=biases)

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """One nest; leading axes are samples too."""
        lead, channels, sizes = self.parts(inputs[0])
        filters, groups = self.in_groups(channels)
        nest = convolved(filters, channels, self.sweeps(sizes), prod(lead) * samples, groups)
        return (Contraction(nest),)

    def folded(self, inputs: Shapes, outputs: Shapes) -> tuple[int, Layer] | None:
        """A scale for each filter goes into the weights, a shift into the bias."""
        _, filters, _ = self.parts(outputs[0])
        return filters, make(type(self), vars(self) | {"bias": True})

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Zero padding and torch's convolution."""
        _, channels, _ = self.parts(inputs[0])
        filters, groups = self.in_groups(channels)
        unpadded = (self.kernel, self.steps, 0, self.dilation, groups, self.bias)
        return self.padded(torch, inputs[0], 0.0, "Conv", channels, filters, *unpadded)


class Grouped(Convolution):
    """Shared by convolutions that state their filters and groups."""

    filters: int
    groups: int

    def in_groups(self, channels: int) -> tuple[int, int]:
        """The stated numbers; BadValue where channels or filters do not divide into the groups."""
        for name, count in (("input channels", channels), ("filters", self.filters)):
            if count % self.groups:
                raise BadValue(
                    f"{count} {name} do not divide into {self.groups} groups",
                    "change groups or the channels",
                )
        return self.filters, self.groups


@dataclass(frozen=True)
class Conv2d(Grouped):
    """2-D convolution: kernel^2 * C_in / groups * C_out * H_out * W_out multiply-adds."""

    kind = "conv2d"
    routine = "window"
    source = "HairNet section 3.1; Dumoulin & Visin 2016 (shapes)"

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


class Conv1d(Conv2d, kind="conv1d", axes=1):
    """1-D convolution: kernel * C_in / groups * C_out * L_out multiply-adds."""

    examples = (Example({"filters": 8, "kernel": 3, "stride": 2, "padding": [1, 0]}, ((4, 11),)),)


class Conv3d(Conv2d, kind="conv3d", axes=3):
    """3-D convolution: kernel^3 * C_in / groups * C_out * D_out * H_out * W_out multiply-adds."""

    examples = (
        Example({"filters": 6, "kernel": [1, 3, 2], "padding": [0, 1, 0]}, ((4, 5, 6, 7),)),
    )


@dataclass(frozen=True)
class DepthwiseConv2d(Convolution):
    """Depthwise 2-D convolution: one kernel per channel, `multiplier` outputs for each."""

    kind = "depthwise_conv2d"
    routine = "depthwise"
    source = "HairNet section 3.1; Enhanced Hybrid MobileNet eqs. (1), (3)"

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

    def in_groups(self, channels: int) -> tuple[int, int]:
        """One group for each channel."""
        return channels * self.multiplier, channels


class DepthwiseConv1d(DepthwiseConv2d, kind="depthwise_conv1d", axes=1):
    """Depthwise 1-D convolution."""

    examples = (Example({"kernel": 4, "padding": 3}, ((5, 8),)),)


class DepthwiseConv3d(DepthwiseConv2d, kind="depthwise_conv3d", axes=3):
    """Depthwise 3-D convolution."""

    examples = (Example({"kernel": 3, "padding": "same", "stride": [1, 2, 2]}, ((5, 4, 8, 9),)),)
