"""Products of two maps, as attention makes them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers.base import Engine, Example, Layer
from costmodel.layers.fields import flag
from costmodel.tally import Shape, Shapes, Tally


@dataclass(frozen=True)
class Matmul(Layer):
    """Product of two maps [..., m, k] and [..., k, n]: m k n multiply-adds for each leading index."""

    kind: ClassVar[str] = "matmul"
    routine: ClassVar[str] = "dense"
    engine: ClassVar[Engine] = "matrix"
    source: ClassVar[str] = "Vaswani et al. 2017, Attention, eq. (1): Q K^T and its product with V"
    arity: ClassVar[tuple[int, int | None]] = (2, 2)

    transpose: bool = flag(False)  # the second map is [..., n, k]

    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, ((5, 7), (7, 3))),
        Example({"transpose": True}, ((4, 5, 8), (4, 6, 8))),
        Example({}, ((4, 5, 6), (1, 6, 8))),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """[..., m, n]; BadValue where the inner sizes or the leading ones misfit."""
        left, right = inputs[0], inputs[1]
        if len(left) < 2 or len(left) != len(right):
            raise BadValue(f"matmul needs two maps of equal rank from 2, got {list(left)} and {list(right)}",
                           "reshape one of them")  # fmt: skip
        inner, wide = (right[-1], right[-2]) if self.transpose else (right[-2], right[-1])
        pairs = list(zip(left[:-2], right[:-2], strict=True))
        if left[-1] != inner or any(a != b and 1 not in (a, b) for a, b in pairs):
            raise BadValue(f"matmul of {list(left)} and {list(right)} does not fit",
                           "the inner sizes must be equal")  # fmt: skip
        return (*(max(a, b) for a, b in pairs), left[-2], wide)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """k multiply-adds per output element."""
        return Tally.of(inputs, outputs, macs=prod(outputs[0]) * inputs[0][-1])

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.matmul."""
        return lambda a, b: torch.matmul(a, b.transpose(-1, -2) if self.transpose else b)
