"""Batch normalisation at inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costmodel.core.attributes import whole
from costmodel.core.layer import Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue
from costmodel.models.layers._twins import along


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation at inference: y = a x + b with a and b fixed per channel."""

    in_place = True
    parameters_widen = False

    kind = "batch_norm"
    source = "Ioffe & Szegedy 2015; HairNet section 3.2, Algorithm 2 step 11"
    examples = (
        Example({}, ((6, 5, 4),)),
        Example({}, ((6,),)),
        Example({}, ((6, 7),)),
        Example({"axis": 1}, ((5, 6, 4),)),
    )

    axis: int = whole(0, least=0)
    """The axis that holds the channels."""

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape; BadValue where it lacks the axis."""
        if self.axis >= len(inputs[0]):
            raise BadValue(f"batch_norm over axis {self.axis} of {list(inputs[0])}", "use 0")
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One multiplication and one addition per element; four values per channel."""
        channels, size = inputs[0][self.axis], elements(outputs)
        held = dict.fromkeys(("bn_scale", "bn_shift", "bn_mean", "bn_variance"), channels)
        return Tally.of(inputs, outputs, self.axis, muls=size, adds=size, **held)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.BatchNorm of as many axes as the map has besides its channels, in inference mode."""
        axes = max(len(inputs[0]) - 1, 1)
        norm = getattr(torch.nn, f"BatchNorm{axes}d")(inputs[0][self.axis])
        return along(torch, norm, self.axis, 1).eval()
