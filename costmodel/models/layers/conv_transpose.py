"""Transposed convolutions over one, two or three axes."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Any, ClassVar

from costmodel.core import window
from costmodel.core.attributes import Sizes, flag, pair, whole
from costmodel.core.layer import Example
from costmodel.core.tally import Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Sweep
from costmodel.errors import BadValue
from costmodel.models.layers.conv import Grouped


@dataclass(frozen=True)
class ConvTranspose2d(Grouped):
    """Transposed convolution: every input element is spread over kernel^2 C_out / groups outputs.

    The kernel slides over as many axes as `axes` says.
    """

    kind = "conv_transpose2d"
    routine = "window"
    source = "Dumoulin & Visin 2016, section 4, relationship 14"

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

    def slid(self, sizes: Sizes) -> Sizes:
        """s (n - 1) + d (k - 1) + 1 - 2 p + output padding of each axis. Raises BadValue."""
        spans = window.extents(self.kernel, self.dilation)
        steps = zip(sizes, spans, self.stride, self.padding, self.output_padding, strict=True)
        out = tuple(s * (n - 1) + e - 2 * p + extra for n, e, s, p, extra in steps)
        if min(out) < 1:
            raise BadValue(f"a map of {list(out)} is empty", "use less padding")
        return out

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Each weight meets each input element once."""
        return self.counted(inputs, outputs, inputs[0])

    def sweeps(self, sizes: Sizes) -> tuple[Sweep, ...]:
        """A convolution of stride 1 over its input spread out, zeros in between being no words."""
        spans = window.extents(self.kernel, self.dilation)
        before = (span - 1 - cut for span, cut in zip(spans, self.padding, strict=True))
        axes = (self.slid(sizes), self.kernel, self.dilation, before, sizes, self.stride)
        return tuple(Sweep(out, taps, 1, *rest) for out, taps, *rest in zip(*axes, strict=True))

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """Its multiply-adds are fewer than those of the nest, most of whose taps meet zeros."""
        (whole,) = super().contractions(inputs, samples)
        macs = self.tally(inputs, self.out_shapes(inputs)).macs * samples
        return (replace(whole, counted=macs),)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Torch's transposed convolution, which takes the attributes in the order given here."""
        _, channels, _ = self.parts(inputs[0])
        return getattr(torch.nn, f"ConvTranspose{self.axes}d")(channels, *astuple(self))


class ConvTranspose1d(ConvTranspose2d, kind="conv_transpose1d", axes=1):
    """Transposed 1-D convolution."""

    examples = (Example({"filters": 6, "kernel": 4, "stride": 2, "padding": 1}, ((4, 5),)),)


class ConvTranspose3d(ConvTranspose2d, kind="conv_transpose3d", axes=3):
    """Transposed 3-D convolution."""

    examples = (Example({"filters": 6, "kernel": 2, "stride": 2}, ((4, 5, 6, 3),)),)
