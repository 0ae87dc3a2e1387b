"""One call of scaled_dot_product_attention, spelt out by an exporter, becomes one row again."""

from __future__ import annotations

from typing import ClassVar

from costmodel.arch.network import Network, Row, Tap
from costmodel.passes.base import Draft, Pass
from costmodel.passes.fuse_attention import scores

RANK = 4  # batch, heads, tokens, size: what the fused kernels take; anything else runs as products and a softmax


class FuseSdpa(Pass):
    """As `fuse_attention`, but only what the framework itself runs as one kernel.

    Queries or keys are scaled before their product where one call stands behind it (so its exporter writes, and so model
    libraries spell their fallback); who computes an attention of his own scales the scores or masks them with maps, and
    launches row by row.
    """

    source: ClassVar[str] = (
        "torch.onnx.export, operator set 14: scaled_dot_product_attention scales before the product; "
        "timm, layers/attention.py: the fallback of fused_attn scales q"
    )

    def apply(self, network: Network) -> Network:
        """Every product of scores that were scaled before they were made, with the scalings."""
        draft = Draft(network)
        for row in network.rows:
            last = draft.rows.get(row.id)
            found = call(draft, last) if last is not None and len(row.outputs[0]) == RANK else None
            for first in found or ():
                last = draft.merge(first, last, (*first.parts, *last.parts)) if last else None
        return draft.network()


def call(draft: Draft, product: Row) -> list[Row] | None:
    """The rows of one call that ends in `product`, latest first: scores, softmax, product, scalings; None if it ends none."""
    if product.parts[0].layer.kind != "matmul":
        return None
    between = scores(draft, product)
    if not between or any(map(_own_work, between[:-1])):
        return None
    before = [found for tap in between[-1].inputs for found in _scales(draft, tap, between[-1])]
    return [*between, *before] if before else None


def _own_work(row: Row) -> bool:
    """True for a scale behind the product, or a mask that is worked out from maps."""
    kind = row.parts[0].layer.kind
    return kind in ("mul", "elementwise") or (kind == "add" and len(row.inputs) > 1)


def _scales(draft: Draft, tap: Tap, reader: Row) -> list[Row]:
    """The scaling by a number in front of a product's operand, and a transposition between them."""
    found: list[Row] = []
    row = draft.feeds_only(tap, reader)
    while row is not None and row.kind in ("transpose", "mul") and len(row.inputs) == 1:
        found.append(row)
        if row.kind == "mul":
            return found
        row = draft.feeds_only(row.inputs[0], row)
    return []
