"""Transposed convolutions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

from costmodel.core import window
from costmodel.core.attributes import Sizes, flag, pair, whole
from costmodel.core.layer import Example, Layer, MatrixLayer, Order, need_axes
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.core.tiling.nest import Contraction, Sweep, convolved
from costmodel.errors import BadValue
from costmodel.models.layers._windowed import Windowed


@dataclass(frozen=True)
class ConvTranspose2d(Windowed, MatrixLayer):
    """Transposed convolution: every input element is spread over kernel^2 C_out / groups outputs.

    The kernel slides over as many axes as `axes` says.
    """

    kind: ClassVar[str] = "conv_transpose2d"
    routine: ClassVar[str] = "window"
    reads: ClassVar[Order] = "channels_last"
    writes: ClassVar[Order] = "channels_last"
    source: ClassVar[str] = "Dumoulin & Visin 2016, section 4, relationship 14"

    filters: int = whole()
    kernel: Sizes = pair()
    stride: Sizes = pair((1, 1))
    padding: Sizes = pair((0, 0), least=0)
    output_padding: Sizes = pair((0, 0), least=0)
    groups: int = whole(1)
    bias: bool = flag(False)
    dilation: Sizes = pair((1, 1))

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"filters": 6, "kernel": 2, "stride": 2}, ((4, 5, 6),)),
        Example(
            {
                "filters": 4,
                "kernel": [3, 4],
                "stride": 2,
                "padding": 1,
                "output_padding": [1, 0],
                "groups": 2,
                "bias": True,
                "dilation": [2, 1],
            },
            ((6, 5, 6),),
        ),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """(filters, s (n - 1) + d (k - 1) + 1 - 2 p + output padding, ...)."""
        lead, channels, sizes = need_axes(self.kind, inputs[0], self.axes)
        if channels % self.groups or self.filters % self.groups:
            raise BadValue(
                f"{channels} channels and {self.filters} filters do not divide into "
                f"{self.groups} groups",
                "change groups or the channels",
            )
        spans = window.extents(self.kernel, self.dilation)
        steps = zip(sizes, spans, self.stride, self.padding, self.output_padding, strict=True)
        out = tuple(s * (n - 1) + e - 2 * p + extra for n, e, s, p, extra in steps)
        if min(out) < 1:
            raise BadValue(f"a map of {list(out)} is empty", "use less padding")
        return (*lead, self.filters, *out)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights: the kernel's elements times C_in C_out / groups.

        Each input element meets the kernel's elements times C_out / groups of them.
        """
        lead, channels, _ = need_axes(self.kind, inputs[0], self.axes)
        spread = prod(self.kernel) * self.filters // self.groups
        return Tally.of(
            inputs,
            outputs,
            len(lead),
            macs=elements(inputs) * spread,
            weights=channels * spread,
            biases=self.filters if self.bias else 0,
        )

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """A convolution of stride 1 over its input spread out, zeros in between being no words."""
        lead, channels, sizes = need_axes(self.kind, inputs[0], self.axes)
        outputs = self.out_shape(inputs[0])[-self.axes :]
        spans = window.extents(self.kernel, self.dilation)
        sweeps = tuple(
            Sweep(out, taps, 1, apart, span - 1 - cut, size, step)
            for out, taps, apart, span, cut, size, step in zip(
                outputs,
                self.kernel,
                self.dilation,
                spans,
                self.padding,
                sizes,
                self.stride,
                strict=True,
            )
        )
        nest = convolved(self.filters, channels, sweeps, prod(lead) * samples, self.groups)
        macs = self.tally(inputs, self.out_shapes(inputs)).macs * samples
        return (Contraction(nest, counted=macs),)

    def channel_axis(self, shape: Shape) -> int:
        """In front of the axes that the kernel slides over."""
        return len(shape) - self.axes - 1

    def folded(self, inputs: Shapes, outputs: Shapes) -> tuple[int, Layer] | None:
        """A scale for each filter goes into the weights, a shift into the bias."""
        return self.filters, replace(self, bias=True)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Torch's transposed convolution."""
        _, channels, _ = need_axes(self.kind, inputs[0], self.axes)
        return getattr(torch.nn, f"ConvTranspose{self.axes}d")(
            channels,
            self.filters,
            self.kernel,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.bias,
            self.dilation,
        )


@dataclass(frozen=True)
class ConvTranspose1d(ConvTranspose2d, axes=1):
    """Transposed 1-D convolution."""

    kind: ClassVar[str] = "conv_transpose1d"
    examples: ClassVar[tuple[Example, ...]] = (
        Example({"filters": 6, "kernel": 4, "stride": 2, "padding": 1}, ((4, 5),)),
    )


@dataclass(frozen=True)
class ConvTranspose3d(ConvTranspose2d, axes=3):
    """Transposed 3-D convolution."""

    kind: ClassVar[str] = "conv_transpose3d"
    examples: ClassVar[tuple[Example, ...]] = (
        Example({"filters": 6, "kernel": 2, "stride": 2}, ((4, 5, 6, 3),)),
    )
