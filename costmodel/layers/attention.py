"""Scaled dot-product attention as one layer, whose scores never leave the chip."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers.base import Engine, Example, Layer
from costmodel.tally import Shape, Shapes, Tally


class Attention(Layer):
    """softmax(Q K^T / sqrt d) V on [heads, tokens, size]: two products, and a softmax of the scores."""

    kind: ClassVar[str] = "attention"
    routine: ClassVar[str] = "dense"
    engine: ClassVar[Engine] = "matrix"
    source: ClassVar[str] = (
        "Vaswani et al. 2017, eq. (1); fused as in Dao et al. 2022 (FlashAttention)"
    )
    arity: ClassVar[tuple[int, int | None]] = (3, 3)
    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, ((4, 5, 8), (4, 6, 8), (4, 6, 8))),
        Example({}, ((2, 3, 4), (2, 7, 4), (2, 7, 6))),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """[heads, tokens of Q, size of V]; BadValue where Q, K and V misfit."""
        q, k, v = inputs
        if not (
            len(q) == len(k) == len(v) == 3
            and q[0] == k[0] == v[0]
            and q[2] == k[2]
            and k[1] == v[1]
        ):
            raise BadValue(f"attention of {list(q)}, {list(k)}, {list(v)} does not fit",
                           "give [heads, tokens, size] each")  # fmt: skip
        return (q[0], q[1], v[2])

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Scores: tokens of Q times tokens of K for each head, each of d and then v multiply-adds."""
        q, k, v = inputs[:3]
        scores = prod(q[:2]) * k[1]
        return Tally.of(inputs, outputs, macs=scores * (q[2] + v[2]), muls=scores, exps=scores,
                        adds=scores, divs=scores)  # fmt: skip

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """scaled_dot_product_attention."""
        return torch.nn.functional.scaled_dot_product_attention
