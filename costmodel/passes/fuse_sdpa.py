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
            if row.id not in draft.rows or row.parts[0].layer.kind != "matmul":
                continue
            last, between = draft.rows[row.id], scores(draft, draft.rows[row.id])
            if not between or len(last.outputs[0]) != RANK or any(map(_own_work, between[:-1])):
                continue
            before = [
                found for tap in between[-1].inputs for found in _scales(draft, tap, between[-1])
            ]
            if not before:
                continue
            for first in (*between, *before):
                last = draft.merge(first, last, (*first.parts, *last.parts))
        return draft.network()


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
