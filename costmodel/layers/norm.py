"""Normalisation."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.layers.base import Example, Layer
from costmodel.tally import Shape, Shapes, Tally


class BatchNorm(Layer):
    """Batch normalisation at inference: y = a x + b with a and b fixed per channel."""

    in_place: ClassVar[bool] = True

    kind: ClassVar[str] = "batch_norm"
    source: ClassVar[str] = "Ioffe & Szegedy 2015; HairNet section 3.2, Algorithm 2 step 11"
    examples: ClassVar[tuple[Example, ...]] = (Example({}, ((6, 5, 4),)), Example({}, ((6,),)))

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape."""
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One multiplication and one addition per element; four values per channel."""
        channels = inputs[0][0]
        size = Tally.of(inputs, outputs).out_elements
        return Tally.of(inputs, outputs, muls=size, adds=size, bn_scale=channels,
                        bn_shift=channels, bn_mean=channels, bn_variance=channels)  # fmt: skip

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.BatchNorm2d on maps, nn.BatchNorm1d on vectors, in inference mode."""
        norm = torch.nn.BatchNorm2d if len(inputs[0]) == 3 else torch.nn.BatchNorm1d
        return norm(inputs[0][0]).eval()
