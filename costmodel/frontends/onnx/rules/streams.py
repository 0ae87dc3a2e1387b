"""Several residual streams that are mixed, gates of linear attention, and convolutions of packs.

Source: onnxruntime 1.32, docs/ContribOperators.md. There are C streams of H features, one behind
the other in the last axis or along an axis of their own.
"""

from __future__ import annotations

from math import prod

import onnx

from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules.elementwise import worked
from costmodel.frontends.onnx.samples import leading, nowhere
from costmodel.frontends.onnx.shaping import Shaper, folded, same, tokens, typed
from costmodel.models.layers.computed import Computed, Products

DOMAIN = "com.microsoft"


def low_rank_mix(node: OnnxNode) -> Work:
    """HyperConnectionLowRankMix: a norm, three small products, gates and a sum of streams."""
    shape, rank = node.shape(), node.whole(2)[1]
    many, wide, count = tokens(shape), shape[-1], node.get("num_branches")
    products = ((rank, wide, many, 1), (wide, rank, many, 1), (count, wide, many, 1))
    curved = many * (rank + wide + count)
    mixed = many * wide * node.has(5)
    layer = Products(
        shapes=node.outputs, products=products, held=True, exps=curved, divs=curved,
        adds=curved + 2 * many * wide + mixed, muls=curved + 4 * many * wide + mixed,
    )  # fmt: skip
    return Work((layer,), node.shapes, weights=(1, 2, 3, 4))


def low_rank_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """The input of a block (..., H), a gate for each stream (..., C), and the streams."""
    whole, count = node.whole(), node.get("num_branches")
    return typed(node, folded(whole, whole[-1] // count), folded(whole, count), whole)


def lead_of(node: OnnxNode) -> tuple[int, ...]:
    """The axes in front of streams, and their number and width."""
    whole, count = node.whole(), node.get("num_branches", 0)
    if count:
        return (*whole[:-1], count, whole[-1] // count)
    return whole


def before(node: OnnxNode) -> Work:
    """HyperConnectionPreMix: a product and an addition for each element of the streams."""
    size = prod(node.shape())
    return Work((Computed(shapes=node.outputs, muls=size, adds=size),), node.shapes)


def after(node: OnnxNode) -> Work:
    """HyperConnectionPostMix: streams by a small matrix, where there is one, and a gated output."""
    count, wide = lead_of(node)[-2:]
    size = prod(node.shape())
    many = size // (count * wide)
    products = ((wide, count, count, many),) if node.has(3) else ()
    layer = Products(shapes=node.outputs, products=products, muls=size, adds=size)
    return Work((layer,), node.shapes)


def gates(node: OnnxNode) -> Work:
    """LinearAttentionGate: a softplus of one map and a sigmoid of another."""
    size = prod(node.shape())
    both = size * (1 + node.has(3))
    layer = Computed(shapes=node.outputs, exps=both, adds=both + size, divs=both, muls=size)
    return Work((layer,), node.shapes, weights=(1, 2))


def gate_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """Each as its input."""
    return typed(node, node.whole(), node.whole(3) if node.has(3) else node.whole())


def packed_conv(node: OnnxNode) -> Work:
    """VarlenCausalConvWithState: a depthwise convolution of [tokens, channels]."""
    if node.has(6):
        raise BadValue("its kernel depends on the data", "export it with a stored kernel")
    channels, _, taps = node.whole(1)
    size = prod(node.shape())
    curved = size * (node.get("activation", "none") != "none")
    layer = Products(
        shapes=node.outputs, products=((1, taps, size // channels, channels),), held=True,
        exps=curved, adds=curved, divs=curved, muls=curved,
    )  # fmt: skip
    return Work((layer,), node.shapes, weights=(1, 3), bias=3, aside=(2, 5))


def packed_conv_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """The input's shape, and the state's."""
    return [*typed(node, node.whole()), *typed(node, node.whole(4), like=4)]


OWN: dict[str, tuple[Rule, Shaper]] = {
    "HyperConnectionLowRankMix": (low_rank_mix, low_rank_shapes),
    "HyperConnectionPreMix": (
        before,
        lambda node: typed(node, (*lead_of(node)[:-2], lead_of(node)[-1])),
    ),
    "HyperConnectionPostMix": (after, same),
    "LinearAttentionGate": (gates, gate_shapes),
    "VarlenCausalConvWithState": (packed_conv, packed_conv_shapes),
    # two norms, a product and an addition for the score, and the gate's product
    "EngramGate": (
        worked({"muls": 8, "adds": 3}, weights=(3, 4, 5)),
        lambda node: typed(node, node.whole(), node.whole()),
    ),
}
RULES: dict[str, Rule] = {f"{DOMAIN}:{op}": rule for op, (rule, _) in OWN.items()}
SHAPES: dict[str, Shaper] = {f"{DOMAIN}:{op}": shape for op, (_, shape) in OWN.items()}
FOLLOW: dict[str, Follow] = {
    **dict.fromkeys(OWN, leading),
    "VarlenCausalConvWithState": nowhere,
}
