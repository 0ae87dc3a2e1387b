"""What a layer does, counted neutrally: no convention has been applied yet.

Every figure is per sample and an exact integer. A convention (``costmodel.conventions``) turns
tallies into the ``ops`` and ``params`` that are printed; nothing else may.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

Shape = tuple[int, ...]  # per sample: (channels, height, width), or (features,)
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
    def of(cls, inputs: Shapes, outputs: Shapes, **counts: int) -> Tally:
        """A tally whose geometry is read off the shapes of the layer's inputs and outputs."""
        return cls(
            in_elements=elements(inputs),
            out_elements=elements(outputs),
            in_channels=inputs[0][0] if inputs and inputs[0] else 0,
            **counts,
        )

    @property
    def moved_params(self) -> Any:
        """Parameters that inference reads [count]: weights, biases, BN scale and shift."""
        return self.weights + self.biases + self.bn_scale + self.bn_shift


def elements(shapes: Shapes) -> int:
    """Elements of all `shapes` together [count]."""
    return sum(prod(shape) for shape in shapes)
