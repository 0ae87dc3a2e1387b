"""Half of the features, gated by the other half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costmodel.core.layer import Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue


@dataclass(frozen=True)
class Glu(Layer):
    """silu(a) b on [tokens, a and b side by side]: what stands between a gated network's layers."""

    kind = "glu"
    source = "Shazeer 2020, GLU Variants Improve Transformer (arXiv 2002.05202)"
    across = True
    examples = (Example({}, ((5, 8),)),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """[..., half of the features]."""
        if inputs[0][-1] % 2:
            raise BadValue(f"{inputs[0][-1]} features have no halves", "give an even number")
        return (*inputs[0][:-1], inputs[0][-1] // 2)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """x / (1 + exp(-x)) and a product for each output."""
        count = elements(outputs)
        return Tally.of(inputs, outputs, exps=count, adds=count, divs=count, muls=count)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """silu of the first half by the second."""

        def gated(x: Any) -> Any:
            gate, up = x.chunk(2, dim=-1)
            return torch.nn.functional.silu(gate) * up

        return gated
