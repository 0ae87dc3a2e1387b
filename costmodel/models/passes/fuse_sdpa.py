"""One call of scaled_dot_product_attention, spelt out by an exporter, becomes one row again."""

from __future__ import annotations

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row, Tap
from costmodel.models.layers.arithmetic import Arithmetic
from costmodel.models.layers.merge import Add, Mul
from costmodel.models.layers.move import Transpose
from costmodel.models.passes._draft import Draft, fused
from costmodel.models.passes.fuse_attention import scores


class FuseSdpa(Pass):
    """Attention becomes one row only where the framework itself runs it as one kernel.

    One call scales queries or keys before their product: its exporter writes it so, and model
    libraries spell their fallback so. A model that spells out its own attention scales the scores
    or masks them with maps, and launches row by row. The kernels take heads of tokens for each
    sample; with further axes the products and the softmax stay apart.
    """

    source = (
        "torch.onnx.export, operator set 14: scaled_dot_product_attention scales before the "
        "product; timm, layers/attention.py: the fallback of fused_attn scales q; PyTorch, "
        "sdp_utils.h: fused kernels take batch, heads, tokens and size"
    )

    def apply(self, network: Network) -> Network:
        """Every product of scores that were scaled before they were made, with the scalings."""
        return fused(network, lambda draft, row: call(draft, row) if one_kernel(row) else ())


def one_kernel(product: Row) -> bool:
    """True where the result is heads of tokens, for each sample or for each piece of one."""
    tap = product.taps[0]
    heads = tap.shape[1:-2] if tap.pieces else tap.shape[:-2]
    return len(heads) <= 1


def call(draft: Draft, product: Row) -> list[Row]:
    """The rows of one call that ends in `product`, latest first; empty if it ends none.

    They are the scores, the softmax, the product, and the scalings before it.
    """
    between = scores(draft, product)
    if not between or any(map(_own_work, between[:-1])):
        return []
    first = between[-1]
    # both operands may be one map
    before = [scale for tap in dict.fromkeys(first.inputs) for scale in _scales(draft, tap, first)]
    return [*between, *before] if before else []


def _own_work(row: Row) -> bool:
    """True for a scale behind the product, or a mask that is worked out from maps."""
    layer = row.layer
    return isinstance(layer, Mul | Arithmetic) or (isinstance(layer, Add) and len(row.inputs) > 1)


def _scales(draft: Draft, tap: Tap, reader: Row) -> list[Row]:
    """The scaling by a number in front of a product's operand, and a transposition between them."""
    turned: list[Row] = []
    row = draft.feeds_only(tap, reader)
    while row is not None and len(row.parts) == len(row.inputs) == 1:
        if isinstance(row.layer, Mul):
            return [*turned, row]
        if not isinstance(row.layer, Transpose):
            return []
        turned.append(row)
        row = draft.feeds_only(row.inputs[0], row)
    return []
