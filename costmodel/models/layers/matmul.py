"""Products of two maps, as attention makes them, or of a map and a batch of weights."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from costmodel.core.attributes import flag, optional_shape
from costmodel.core.layer import Example, MatrixLayer
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Nest, Sweep
from costmodel.errors import BadValue
from costmodel.models.layers._twins import holding


@dataclass(frozen=True)
class Matmul(MatrixLayer):
    """Product of two maps [..., m, k] and [..., k, n]: m k n multiply-adds for each leading index.

    A `constant` of weights stands for the second map, or with `constant_first` for the first.
    """

    kind = "matmul"
    routine = "dense"
    reads = "matrices"
    writes = "row_major"
    source = "Vaswani et al. 2017, Attention, eq. (1): Q K^T and its product with V"
    arity = (2, 2)

    transpose: bool = flag(False)
    """The second map is [..., n, k]."""
    constant: Shape | None = optional_shape()
    constant_first: bool = flag(False)

    examples = (
        Example({}, ((5, 7), (7, 3))),
        Example({"transpose": True}, ((4, 5, 8), (4, 6, 8))),
        Example({}, ((4, 5, 6), (1, 6, 8))),
        Example({"constant": [4, 6, 8]}, ((4, 5, 6),)),
        Example({"constant": [4, 9, 5], "constant_first": True}, ((4, 5, 6),)),
    )

    @property
    def input_count(self) -> tuple[int, int | None]:
        """A constant stands for a map."""
        return (2, 2) if self.constant is None else (1, 1)

    def pair(self, inputs: Shapes) -> tuple[Shape, Shape]:
        """Both factors, the constant among them."""
        if self.constant is None:
            return inputs[0], inputs[1]
        factors = inputs[0], self.constant
        return factors[::-1] if self.constant_first else factors

    def out_shape(self, *inputs: Shape) -> Shape:
        """[..., m, n]; BadValue where the inner sizes or the leading ones misfit."""
        left, right = self.pair(inputs)
        if len(left) < 2 or len(left) != len(right):
            raise BadValue(
                f"matmul needs two maps of equal rank from 2, got {list(left)} and {list(right)}",
                "reshape one of them",
            )
        inner, wide = (right[-1], right[-2]) if self.transpose else (right[-2], right[-1])
        pairs = list(zip(left[:-2], right[:-2], strict=True))
        if left[-1] != inner or any(a != b and 1 not in (a, b) for a, b in pairs):
            raise BadValue(
                f"matmul of {list(left)} and {list(right)} does not fit",
                "the inner sizes must be equal",
            )
        return (*(max(a, b) for a, b in pairs), left[-2], wide)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """k multiply-adds per output element."""
        left, _ = self.pair(inputs)
        weights = 0 if self.constant is None else prod(self.constant)
        return Tally.of(inputs, outputs, macs=prod(outputs[0]) * left[-1], weights=weights)

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """One product for each leading index of the weights: the constant, or the second map.

        Leading indices that the weights do not tell apart are positions, samples too of a constant.
        """
        left, right = self.pair(inputs)
        inner, wide = (right[-1], right[-2]) if self.transpose else (right[-2], right[-1])
        tall, held = left[-2], right
        if self.constant_first:
            # the product turned over: out^T = map^T constant^T
            tall, wide, held = wide, tall, left
        pairs = list(zip(self.out_shape(*inputs)[:-2], held[:-2], strict=True))
        groups = prod(own for _, own in pairs)
        positions = tall * prod(size for size, _ in pairs) // groups
        if self.constant is None:
            groups *= samples
        else:
            positions *= samples
        nest = Nest(wide, inner, (Sweep(positions),), 1, groups)
        return (Contraction(nest, weights="parameters" if self.constant else (1,)),)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.matmul of the two factors."""
        held = () if self.constant is None else (self.constant,)

        def forward(module: Any, *maps: Any) -> Any:
            factors = (*maps, *module.parameters())
            a, b = reversed(factors) if self.constant_first else factors
            return torch.matmul(a, b.transpose(-1, -2) if self.transpose else b)

        return holding(torch, held, forward)
