"""Dense layers, on vectors and on tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from costmodel.core.attributes import flag, optional_whole, weight_bits, weight_type, whole
from costmodel.core.layer import Example, Layer, MatrixLayer, Share
from costmodel.core.sharing import Devices, Use, padded_share
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Nest, Sweep
from costmodel.errors import BadValue
from costmodel.models.layers._twins import along


@dataclass(frozen=True)
class Linear(MatrixLayer):
    """Dense layer on a vector [features], or on each token of [tokens, features].

    On maps of any rank `axis` says which one holds the features.
    """

    kind = "linear"
    routine = "dense"
    reads = "row_major"
    writes = "row_major"
    source = "y = x W + b; Enhanced Hybrid MobileNet Table 1, row FC"

    features: int = whole()
    bias: bool = flag(True)
    axis: int | None = optional_whole()
    weight_bits: float | None = weight_bits()
    weight_type: str = weight_type()

    examples = (
        Example({"features": 10}, ((64,),)),
        Example({"features": 12, "bias": False}, ((7, 8),)),
        Example({"features": 12, "axis": 1}, ((3, 7, 8),)),
    )

    def held_by(self, shape: Shape) -> int:
        """The axis that holds the features of a map. Raises BadValue where that is not clear."""
        if self.axis is None and len(shape) > 2:
            raise BadValue(
                f"linear needs a vector or [tokens, features], got {list(shape)}",
                "put a flatten or global_avg_pool before it, or name the features' axis",
            )
        axis = len(shape) - 1 if self.axis is None else self.axis
        if axis >= len(shape):
            raise BadValue(f"linear along axis {axis} of {list(shape)}", "axes count from 0")
        return axis

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input shape with the features' axis replaced by `features`."""
        shape, axis = inputs[0], self.held_by(inputs[0])
        return (*shape[:axis], self.features, *shape[axis + 1 :])

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights features_in features_out, used once per token."""
        axis = self.held_by(inputs[0])
        weights, macs = (size * self.features for size in (inputs[0][axis], prod(inputs[0])))
        biases = self.features if self.bias else 0
        return Tally.of(inputs, outputs, macs=macs, weights=weights, biases=biases)

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """A matrix product of all tokens of all samples."""
        axis = self.held_by(inputs[0])
        tokens = prod(inputs[0]) // inputs[0][axis]
        return (Contraction(Nest(self.features, inputs[0][axis], (Sweep(tokens * samples),))),)

    def divided(self, devices: Devices, use: Use) -> Share:
        """Parts of the outputs: whole heads, or equal ones, filled up in a network's last layer.

        Of a divided input each device makes a summand of all outputs; the first starts it with the
        bias.
        """
        if use.apart:
            return Share(replace(self, bias=self.bias and not devices.asked), False, summed=True)
        if use.heads is not None:
            features = use.heads.features
        elif use.last:
            features = padded_share(self.features, devices)
        else:
            features = devices.share(self.features)
        return Share(replace(self, features=features), True)

    def folded(self, inputs: Shapes, outputs: Shapes) -> tuple[int, Layer] | None:
        """A scale for each feature of one vector; a norm of many tokens scales the tokens."""
        if prod(outputs[0]) != self.features:
            return None
        return self.features, replace(self, bias=True)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Linear, behind the features' axis moved to the end and back."""
        axis = self.held_by(inputs[0])
        dense = torch.nn.Linear(inputs[0][axis], self.features, bias=self.bias)
        return dense if axis == len(inputs[0]) - 1 else along(torch, dense, axis, -1)
