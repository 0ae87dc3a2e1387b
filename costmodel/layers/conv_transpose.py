"""Transposed convolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers.base import Engine, Example, Layer, need_map
from costmodel.layers.fields import Pair, flag, pair, whole
from costmodel.tally import Shape, Shapes, Tally, elements


@dataclass(frozen=True)
class ConvTranspose2d(Layer):
    """Transposed convolution: every input element is spread over kernel^2 C_out / groups outputs."""

    kind: ClassVar[str] = "conv_transpose2d"
    routine: ClassVar[str] = "window"
    engine: ClassVar[Engine] = "matrix"
    source: ClassVar[str] = "Dumoulin & Visin 2016, section 4, relationship 14"

    filters: int = whole()
    kernel: Pair = pair()
    stride: Pair = pair((1, 1))
    padding: Pair = pair((0, 0), least=0)
    output_padding: Pair = pair((0, 0), least=0)
    groups: int = whole(1)
    bias: bool = flag(False)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"filters": 6, "kernel": 2, "stride": 2}, ((4, 5, 6),)),
        Example({"filters": 4, "kernel": [3, 4], "stride": 2, "padding": 1, "output_padding": [1, 0],
                 "groups": 2, "bias": True}, ((6, 5, 6),)),
    )  # fmt: skip

    def out_shape(self, *inputs: Shape) -> Shape:
        """(filters, s (H - 1) + k - 2 p + output padding, ...)."""
        channels, height, width = need_map(self.kind, inputs[0])
        if channels % self.groups or self.filters % self.groups:
            raise BadValue(f"{channels} channels and {self.filters} filters do not divide into "
                           f"{self.groups} groups", "change groups or the channels")  # fmt: skip
        sizes = zip(
            (height, width),
            self.kernel,
            self.stride,
            self.padding,
            self.output_padding,
            strict=True,
        )
        out = tuple(s * (n - 1) + k - 2 * p + extra for n, k, s, p, extra in sizes)
        if min(out) < 1:
            raise BadValue(f"a map of {list(out)} is empty", "use less padding")
        return (self.filters, *out)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights K_h K_w C_in C_out / groups; each input element meets K_h K_w C_out / groups of them."""
        spread = self.kernel[0] * self.kernel[1] * self.filters // self.groups
        return Tally.of(inputs, outputs, macs=elements(inputs) * spread, weights=inputs[0][0] * spread,
                        biases=self.filters if self.bias else 0)  # fmt: skip

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.ConvTranspose2d."""
        return torch.nn.ConvTranspose2d(inputs[0][0], self.filters, self.kernel, self.stride, self.padding,
                                        self.output_padding, self.groups, self.bias)  # fmt: skip
