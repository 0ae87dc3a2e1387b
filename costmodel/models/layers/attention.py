"""Scaled dot-product attention as one layer, whose scores never leave the chip."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from costmodel.core.attributes import whole
from costmodel.core.layer import Engine, Example, Layer, Order, Precision, Task
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import AttentionNest, Contraction
from costmodel.errors import BadValue


@dataclass(frozen=True)
class Attention(Layer):
    """softmax(Q K^T / sqrt d) V on [heads, tokens, size]: two products and a softmax of the scores.

    K and V may have fewer heads, each read by as many of Q's. `past` tokens of K and V stand in
    maps of their own; these and a mask are further inputs.
    """

    kind: ClassVar[str] = "attention"
    routine: ClassVar[str] = "dense"
    engine: ClassVar[Engine] = "matrix"
    source: ClassVar[str] = (
        "Vaswani et al. 2017, eq. (1); fused as in Dao et al. 2022 (FlashAttention)"
    )
    arity: ClassVar[tuple[int, int | None]] = (3, 6)
    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, ((4, 5, 8), (4, 6, 8), (4, 6, 8))),
        Example({}, ((2, 3, 4), (2, 7, 4), (2, 7, 6))),
    )
    writes: ClassVar[Order] = "row_major"

    past: int = whole(0, least=0)

    @property
    def precision(self) -> Precision:
        """Autocast runs it in 16 bits."""
        return "narrow"

    def out_shape(self, *inputs: Shape) -> Shape:
        """[heads, tokens of Q, size of V]; BadValue where Q, K and V misfit."""
        q, k, v = inputs[:3]
        fits = (
            len(q) == len(k) == len(v) >= 2
            and q[-1] == k[-1]
            and k[:-1] == v[:-1]
            and all(a % b == 0 for a, b in zip(q[:-2], k[:-2], strict=True))
        )
        if not fits:
            raise BadValue(
                f"attention of {list(q)}, {list(k)}, {list(v)} does not fit",
                "give [heads, tokens, size] each",
            )
        return (*q[:-1], v[-1])

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Scores: tokens of Q times tokens of K for each head, each of d and then v multiply-adds.

        The softmax and the scaling take an exponential, a product, an addition and a division each.
        """
        q, k, v = inputs[:3]
        scores = prod(q[:-1]) * (k[-2] + self.past)
        return Tally.of(
            inputs,
            outputs,
            macs=scores * (q[-1] + v[-1]),
            muls=scores,
            exps=scores,
            adds=scores,
            divs=scores,
        )

    def tasks(self, tally: Tally) -> tuple[Task, ...]:
        """The products on the matrix engine, the softmax where a softmax runs."""
        rest = {name: getattr(tally, name) for name in ("muls", "exps", "adds", "divs")}
        return (
            Task(self.engine, self.routine, Tally(macs=tally.macs)),
            Task("host", "norm", Tally(**rest)),
        )

    def contraction(self, inputs: Shapes, samples: int) -> Contraction:
        """One nest for each head of K and V; all queries that read them stand in one row."""
        q, k, v = inputs[:3]
        heads = prod(k[:-2])
        rows = prod(q[:-1]) // heads
        nest = AttentionNest(rows, k[-2] + self.past, q[-1], v[-1], heads * samples)
        return Contraction(nest, (0,), (1, 2, 3, 4) if self.past else (1, 2))

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """scaled_dot_product_attention."""
        return torch.nn.functional.scaled_dot_product_attention
