"""Attention that was written out becomes one row whose scores never leave the chip."""

from __future__ import annotations

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row
from costmodel.models.layers.activation import Softmax
from costmodel.models.layers.matmul import Matmul
from costmodel.models.layers.move import Copy, Gather
from costmodel.models.passes._draft import Draft, fused


class FuseAttention(Pass):
    """A product, a softmax and a second product, with scaling and masking between them, as one row.

    The scores are kept on chip piece by piece; the operations stay the same.
    """

    source = "Dao et al. 2022 (arXiv 2205.14135), FlashAttention, Algorithm 1"

    def apply(self, network: Network) -> Network:
        """Every product whose first map leads back over a softmax to another product.

        Nobody else may read what lies between them.
        """
        return fused(network, scores)


def multiplies_maps(row: Row) -> bool:
    """True for a row that begins with a product of two maps."""
    return isinstance(row.layer, Matmul) and row.layer.constant is None


def scores(draft: Draft, product: Row) -> list[Row]:
    """The rows behind the first map of `product`, latest first, to the product that makes scores.

    Empty where there is no such product with a softmax behind it.
    """
    if not multiplies_maps(product):
        return []
    behind: list[Row] = []
    reader = product
    while True:
        row = draft.feeds_only(reader.source_of(0, 0), reader)
        if row is None:
            return []
        behind.append(row)
        if multiplies_maps(row) and len(row.parts) == 1:
            layers = [part.layer for inner in behind for part in inner.parts]
            return behind if any(isinstance(layer, Softmax) for layer in layers) else []
        between = (isinstance(part.layer, Softmax | Copy | Gather) for part in row.parts)
        if not (row.elementwise or all(between)):
            return []
        reader = row
