"""Normalisation by statistics of the sample itself: per token, per group, per channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers.base import Example, Layer
from costmodel.layers.fields import flag, whole
from costmodel.tally import Shape, Shapes, Tally, elements


class SampleNorm(Layer):
    """Shared: mean, variance, then (x - mean) / deviation * scale + shift.

    Per element an addition for the mean, a subtraction, a product and an addition for the variance, a
    product to normalise, and a product and an addition to scale and shift; roots are one per group and
    left out.
    """

    in_place: ClassVar[bool] = True
    routine: ClassVar[str] = "norm"

    channels_last: ClassVar[bool] = False
    affine: bool = True

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape."""
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Four additions and two products per element, and the scale and shift if there are any."""
        size, channels = elements(outputs), inputs[0][-1 if self.channels_last else 0]
        if not self.affine:
            return Tally.of(inputs, outputs, adds=3 * size, muls=2 * size)
        return Tally.of(
            inputs, outputs, adds=4 * size, muls=3 * size, weights=channels, biases=channels
        )


@dataclass(frozen=True)
class LayerNorm(SampleNorm):
    """Layer normalisation of each token of [tokens, features]."""

    kind: ClassVar[str] = "layer_norm"
    source: ClassVar[str] = "Ba et al. 2016 (arXiv 1607.06450), eqs. (3), (4)"
    channels_last: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, ((7, 8),)),
        Example({"affine": False}, ((8,),)),
    )

    affine: bool = flag(True)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.LayerNorm over the last axis."""
        return torch.nn.LayerNorm(inputs[0][-1], elementwise_affine=self.affine)


@dataclass(frozen=True)
class GroupNorm(SampleNorm):
    """Normalisation over groups of channels."""

    kind: ClassVar[str] = "group_norm"
    source: ClassVar[str] = "Wu & He 2018 (arXiv 1803.08494), eqs. (1)-(4)"
    examples: ClassVar[tuple[Example, ...]] = (Example({"groups": 2}, ((6, 4, 5),)),)

    groups: int = whole()
    affine: bool = flag(True)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape; BadValue where the channels do not divide into the groups."""
        if inputs[0][0] % self.groups:
            raise BadValue(
                f"{inputs[0][0]} channels do not divide into {self.groups} groups", "change groups"
            )
        return inputs[0]

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.GroupNorm."""
        return torch.nn.GroupNorm(self.groups, inputs[0][0], affine=self.affine)


@dataclass(frozen=True)
class RmsNorm(Layer):
    """Division by the root mean square of each token: two products, an addition and the scale's product."""

    kind: ClassVar[str] = "rms_norm"
    routine: ClassVar[str] = "norm"
    source: ClassVar[str] = "Zhang & Sennrich 2019 (arXiv 1910.07467), eq. (4)"
    examples: ClassVar[tuple[Example, ...]] = (Example({}, ((7, 8),)),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape."""
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Three products and an addition per element; one scale per feature."""
        size = elements(outputs)
        return Tally.of(inputs, outputs, muls=3 * size, adds=size, weights=inputs[0][-1])

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.RMSNorm."""
        return torch.nn.RMSNorm(inputs[0][-1])


@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """x / (k + a / n * sum of n neighbouring channels' squares) ** b."""

    kind: ClassVar[str] = "local_response_norm"
    routine: ClassVar[str] = "norm"
    source: ClassVar[str] = "Krizhevsky et al. 2012, section 3.3"
    examples: ClassVar[tuple[Example, ...]] = (Example({"size": 5}, ((8, 4, 4),)),)

    size: int = whole()

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape."""
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """A square, n additions (k's included), a product, a power and a division per element."""
        count = elements(outputs)
        return Tally.of(
            inputs, outputs, muls=2 * count, adds=self.size * count, exps=count, divs=count
        )

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.LocalResponseNorm."""
        return torch.nn.LocalResponseNorm(self.size)
