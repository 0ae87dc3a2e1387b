"""Positions as rotations of pairs of features, onnx's and ONNX Runtime's."""

from __future__ import annotations

from math import prod

from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import leading
from costmodel.frontends.onnx.shaping import Shaper, same
from costmodel.models.layers.rotary import Rotary

DOMAIN = "com.microsoft"


def rotary(cosines: int, positions: int | None) -> Rule:
    """Rotated features of [..., heads, tokens, size] or [..., tokens, heads * size].

    The ports of cosines and sines are tables by definition, also where the file lacks their
    contents; of tables that positions look up a row is read for each position.
    """

    def rule(node: OnnxNode) -> Work:
        shape, table = node.shape(), node.whole(cosines)
        heads = node.get("num_heads", 0)
        size = shape[-1] // heads if heads and len(node.whole()) == 3 else shape[-1]
        if not heads and len(node.whole()) == 3:
            # every head is as wide as the table says
            size = 2 * table[-1]
        turned = node.get("rotary_embedding_dim", 0) or size
        if turned > size or shape[-1] % size:
            raise BadValue(f"{turned} of {size} features are turned", "check the export")
        layer = Rotary(turned=turned * (shape[-1] // size))
        tables = (cosines, cosines + 1)
        read = {}
        if positions is not None and node.has(positions):
            rows = prod(node.whole(positions))
            read = dict.fromkeys(tables, rows * table[-1])
        aside = () if positions is None else (positions,)
        return Work((layer,), (shape,), operands=(0,), tables=tables, aside=aside, read=read)

    return rule


RULES: dict[str, Rule] = {
    "RotaryEmbedding": rotary(1, 3),
    f"{DOMAIN}:RotaryEmbedding": rotary(2, 1),
    f"{DOMAIN}:MRotaryEmbedding": rotary(2, 1),
}
SHAPES: dict[str, Shaper] = dict.fromkeys(RULES, same)
FOLLOW: dict[str, Follow] = dict.fromkeys(("RotaryEmbedding", "MRotaryEmbedding"), leading)
