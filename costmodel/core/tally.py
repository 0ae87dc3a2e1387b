"""What a layer does, counted neutrally: no convention has been applied yet.

Every figure is per sample and an exact integer. A convention turns tallies into the ``ops`` and
``params`` that are printed; nothing else may.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

Shape = tuple[int, ...]
"""Axes of one map per sample: (channels, height, width), (tokens, features) or (features,)."""
Shapes = tuple[Shape, ...]


@dataclass(frozen=True)
class Tally:
    """Neutral counts of one layer on one sample.

    Work [count]: multiply-adds of the layer's contraction (a bias starts the accumulator and adds
    nothing), and single additions, multiplications, divisions, comparisons and exponentials.
    Parameters [count]: weights, biases, and batch norm's scale, shift, mean and variance.
    Geometry [elements]: all inputs, all outputs; channels of the first input.
    """

    macs: Any = 0
    adds: Any = 0
    muls: Any = 0
    divs: Any = 0
    compares: Any = 0
    exps: Any = 0
    weights: Any = 0
    biases: Any = 0
    bn_scale: Any = 0
    bn_shift: Any = 0
    bn_mean: Any = 0
    bn_variance: Any = 0
    in_elements: Any = 0
    out_elements: Any = 0
    in_channels: Any = 0

    @classmethod
    def of(cls, inputs: Shapes, outputs: Shapes, channel: int = 0, **counts: int) -> Tally:
        """A tally whose geometry is read off the shapes; `channel` is the axis of the channels."""
        first = inputs[0] if inputs else ()
        return cls(
            in_elements=elements(inputs),
            out_elements=elements(outputs),
            in_channels=first[channel] if first else 0,
            **counts,
        )

    @property
    def moved_params(self) -> Any:
        """Parameters that inference reads [count]: weights, biases, BN scale and shift."""
        return self.weights + self.biases + self.bn_scale + self.bn_shift

    @property
    def parameters(self) -> Tally:
        """The parameters alone, without work and geometry."""
        return Tally(**{name: getattr(self, name) for name in PARAMETERS})

    def __add__(self, other: Tally) -> Tally:
        """Both counts together, field by field; the channels are the first one's."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in SUMMED}
        return Tally(**sums, in_channels=self.in_channels)


PARAMETERS = ("weights", "biases", "bn_scale", "bn_shift", "bn_mean", "bn_variance")
SUMMED = tuple(name for name in Tally.__dataclass_fields__ if name != "in_channels")


def elements(shapes: Shapes) -> int:
    """Elements of all `shapes` together [count]."""
    return sum(prod(shape) for shape in shapes)
