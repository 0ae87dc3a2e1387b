"""Dense layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers.base import Engine, Example, Layer
from costmodel.layers.fields import flag, whole
from costmodel.tally import Shape, Shapes, Tally


@dataclass(frozen=True)
class Linear(Layer):
    """Dense layer on a vector [features], or on each token of [tokens, features]."""

    kind: ClassVar[str] = "linear"
    routine: ClassVar[str] = "dense"
    engine: ClassVar[Engine] = "matrix"
    source: ClassVar[str] = "y = x W + b; Enhanced Hybrid MobileNet Table 1, row FC"

    features: int = whole()
    bias: bool = flag(True)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"features": 10}, ((64,),)),
        Example({"features": 12, "bias": False}, ((7, 8),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input shape with its last axis replaced by `features`."""
        shape = inputs[0]
        if len(shape) > 2:
            raise BadValue(f"linear needs a vector or [tokens, features], got {list(shape)}",
                           "put a flatten or global_avg_pool before it")  # fmt: skip
        return (*shape[:-1], self.features)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Weights features_in features_out, used once per token."""
        weights = inputs[0][-1] * self.features
        tokens = inputs[0][0] if len(inputs[0]) == 2 else 1
        return Tally.of(inputs, outputs, macs=weights * tokens, weights=weights,
                        biases=self.features if self.bias else 0)  # fmt: skip

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Linear."""
        return torch.nn.Linear(inputs[0][-1], self.features, bias=self.bias)
