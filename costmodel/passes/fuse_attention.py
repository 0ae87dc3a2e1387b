"""Attention that was written out becomes one row whose scores never leave the chip."""

from __future__ import annotations

from typing import ClassVar

from costmodel.arch.network import Network, Row
from costmodel.passes.base import Draft, Pass, elementwise

BETWEEN = (
    "softmax",
    "cast",
    "copy",
)  # what may stand between the two products besides elementwise rows


class FuseAttention(Pass):
    """A product, a softmax and a second product, with scaling and masking between them, run as one row.

    The scores are kept on chip piece by piece; the operations stay the same.
    """

    source: ClassVar[str] = "Dao et al. 2022 (arXiv 2205.14135), FlashAttention, Algorithm 1"

    def apply(self, network: Network) -> Network:
        """Every product whose first map leads back over a softmax, read by nobody else, to another product."""
        draft = Draft(network)
        for row in network.rows:
            if row.id in draft.rows and row.parts[0].layer.kind == "matmul":
                last = draft.rows[row.id]
                for first in scores(draft, last):
                    last = draft.merge(first, last, (*first.parts, *last.parts))
        return draft.network()


def scores(draft: Draft, product: Row) -> list[Row]:
    """The rows behind the first map of `product`, latest first, down to the product that makes its scores."""
    found: list[Row] = []
    reader = product
    while True:
        row = draft.feeds_only(reader.inputs[0], reader)
        if row is None:
            return []
        found.append(row)
        kinds = [part.layer.kind for part in row.parts]
        if kinds == ["matmul"]:
            return found if any(p.layer.kind == "softmax" for r in found for p in r.parts) else []
        if not (elementwise(row) or all(kind in BETWEEN for kind in kinds)):
            return []
        reader = row
