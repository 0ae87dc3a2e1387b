"""Normalisation by statistics of the sample itself: per token, per group, per channel."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from costmodel.core.attributes import flag, whole
from costmodel.core.layer import Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue
from costmodel.models.layers._twins import along


class SampleNorm(Layer):
    """Shared: (x - mean) / deviation, and then a scale and a shift if there are any.

    Per element: an addition for the mean, a subtraction, a square and an addition for the variance,
    and a product to normalise; a product and an addition more to scale and shift. Roots are one per
    group and left out.
    """

    in_place = True
    across = True
    routine = "norm"
    precision = "wide"
    reads = "row_major"
    writes = "row_major"

    affine: bool = True

    def scaled(self, shape: Shape) -> int:
        """Values of the scale, and of the shift."""
        raise NotImplementedError(type(self).__name__)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Three additions and two products per element, and one more of each if it is affine."""
        size, more = elements(outputs), int(self.affine)
        values = self.scaled(inputs[0]) * more
        work = {"adds": (3 + more) * size, "muls": (2 + more) * size}
        channel = self.channel_axis(inputs[0])
        return Tally.of(inputs, outputs, channel, **work, weights=values, biases=values)


class TokenNorm(Layer):
    """Shared by norms over the last `axes` axes: of each token of [tokens, features]."""

    axes: int

    def scaled(self, shape: Shape) -> int:
        """One value for each element of the axes that are normalised."""
        return prod(shape[-self.axes :])

    def vectors(self, inputs: Shapes) -> int:
        """One statistic is taken of each token."""
        return prod(inputs[0][: -self.axes])

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape; BadValue where it has fewer axes."""
        if self.axes > len(inputs[0]):
            raise BadValue(f"{self.kind} over {self.axes} axes of {list(inputs[0])}", "use fewer")
        return inputs[0]


@dataclass(frozen=True)
class LayerNorm(TokenNorm, SampleNorm):
    """Layer normalisation over the last `axes` axes: of each token of [tokens, features]."""

    kind = "layer_norm"
    source = "Ba et al. 2016 (arXiv 1607.06450), eqs. (3), (4)"
    examples = (
        Example({}, ((7, 8),)),
        Example({"affine": False}, ((8,),)),
        Example({"axes": 2}, ((3, 7, 8),)),
    )

    affine: bool = flag(True)
    axes: int = whole(1)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.LayerNorm over the last axes."""
        return torch.nn.LayerNorm(inputs[0][-self.axes :], elementwise_affine=self.affine)


@dataclass(frozen=True)
class GroupNorm(SampleNorm):
    """Normalisation over groups of channels."""

    kind = "group_norm"
    source = "Wu & He 2018 (arXiv 1803.08494), eqs. (1)-(4)"
    examples = (
        Example({"groups": 2}, ((6, 4, 5),)),
        Example({"groups": 3, "axis": 1}, ((5, 6, 4),)),
    )

    groups: int = whole()
    affine: bool = flag(True)
    axis: int = whole(0, least=0)
    """The axis that holds the channels."""

    def scaled(self, shape: Shape) -> int:
        """One value for each channel."""
        return shape[self.axis]

    def channel_axis(self, shape: Shape) -> int:
        """The axis that the file states."""
        return self.axis

    def vectors(self, inputs: Shapes) -> int:
        """One statistic is taken of each group."""
        return self.groups

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape; BadValue where it lacks the axis, or does not divide into groups."""
        shape = inputs[0]
        if self.axis >= len(shape):
            raise BadValue(f"{list(shape)} has no axis {self.axis}", "change the axis")
        channels = shape[self.axis]
        if channels % self.groups:
            raise BadValue(
                f"{channels} channels do not divide into {self.groups} groups", "change groups"
            )
        return shape

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.GroupNorm along the stated axis."""
        norm = torch.nn.GroupNorm(self.groups, inputs[0][self.axis], affine=self.affine)
        return along(torch, norm, self.axis, 1)


@dataclass(frozen=True)
class RmsNorm(TokenNorm):
    """Division by the root mean square of each token, and a scale.

    Per element a square and an addition for the mean, a product to normalise, and the scale's.
    """

    kind = "rms_norm"
    across = True
    routine = "norm"
    source = "Zhang & Sennrich 2019 (arXiv 1910.07467), eq. (4)"
    examples = (Example({}, ((7, 8),)), Example({"axes": 2}, ((3, 7, 8),)))

    axes: int = whole(1)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Three products and an addition per element; one scale per feature."""
        size, weights = elements(outputs), self.scaled(inputs[0])
        return Tally.of(inputs, outputs, muls=3 * size, adds=size, weights=weights)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.RMSNorm over the last axes."""
        return torch.nn.RMSNorm(inputs[0][-self.axes :])


@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """x / (k + a / n * sum of n neighbouring channels' squares) ** b."""

    kind = "local_response_norm"
    across = True
    routine = "norm"
    source = "Krizhevsky et al. 2012, section 3.3"
    examples = (Example({"size": 5}, ((8, 4, 4),)),)

    size: int = whole()

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """A square, n additions (k's included), a product, a power and a division per element."""
        count = elements(outputs)
        return Tally.of(
            inputs, outputs, muls=2 * count, adds=self.size * count, exps=count, divs=count
        )

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.LocalResponseNorm of as many channels."""
        return torch.nn.LocalResponseNorm(self.size)
