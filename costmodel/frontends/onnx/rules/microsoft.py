"""Operators that ONNX Runtime's own optimiser writes, in its domain com.microsoft.

Source: onnxruntime, docs/ContribOperators.md. onnx infers no shapes for them; those under
``SHAPES`` have a rule of their own. Attention, packed products and experts have their own files.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import onnx
from onnx import TensorProto

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules import elementwise, move, norm, product
from costmodel.frontends.onnx.samples import kept
from costmodel.frontends.onnx.shaping import (
    Shaper,
    element,
    folded,
    multiplied,
    same,
    stretched_over,
    tokens,
    typed,
)
from costmodel.models.layers.activation import Gelu, Softmax
from costmodel.models.layers.computed import Computed, behind
from costmodel.models.layers.layer_norm import GroupNorm, LayerNorm, RmsNorm
from costmodel.models.layers.linear import Linear
from costmodel.models.layers.merge import Add
from costmodel.models.layers.move import Gather

DOMAIN = "com.microsoft"


def after_skip(kind: type[LayerNorm | RmsNorm]) -> Rule:
    """A sum of two maps and its normalisation: x, skip, scale, shift, bias."""

    def rule(node: OnnxNode) -> Work:
        maps = tuple(node.shape(n) for n in node.maps if n < 2)
        held = () if len(maps) == 2 else (maps[0],)
        bias = 4 if kind is LayerNorm else 3
        plus = behind(maps[0], adds=prod(maps[0]) * node.has(bias))
        operands = tuple(n for n in node.maps if n < 2)
        return Work(
            (Add(constants=held), *plus, kind()), maps, operands=operands, weights=(2, 3, 4)
        )

    return rule


def skipped(node: OnnxNode) -> list[onnx.TypeProto]:
    """y, the mean and the inverse deviation of each token, and the sum."""
    shape = node.whole()
    each = element(TensorProto.FLOAT, folded(shape, 1))
    return [*typed(node, shape), each, each, *typed(node, shape)]


def group_norm(node: OnnxNode) -> Work:
    """GroupNorm and SkipGroupNorm: x, scale, shift, skip, bias; channels stand last unless told."""
    last = bool(node.get("channels_last", 1))
    axis = node.place(len(node.whole()) - 1 if last else 1)
    shape = node.shape()
    size = prod(shape)
    layers = (
        *behind(shape, adds=size * (node.has(3) + node.has(4))),
        GroupNorm(groups=node.get("groups"), axis=axis),
        *elementwise.activated("silu" if node.get("activation", 0) else None),
    )
    return Work(layers, (shape,), operands=(0,), weights=(1, 2, 4))


def embedded(tables: tuple[int, ...], norms: tuple[int, int], scales: tuple[int, ...]) -> Rule:
    """Words, positions and segments looked up, added up and normalised."""

    def rule(node: OnnxNode) -> Work:
        found = [place for place in tables if node.has(place)]
        ids, table = node.shape(), node.whole(found[0])
        out = (*ids, table[-1])
        size = prod(out)
        layers = (
            Gather(table=table),
            *behind(out, adds=size * (len(found) - 1)),
            LayerNorm(),
        )
        return Work(
            layers, (ids,), operands=(0,), weights=(*tables, *norms), tables=scales,
            aside=(1, 7, 8), read=dict.fromkeys(found, size),
        )  # fmt: skip

    return rule


def embedded_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, tokens, features], an index of the mask for each sequence, and the sum."""
    ids = node.whole()
    out = (*ids, node.whole(2)[-1])
    like = 5 if node.op == "EmbedLayerNormalization" else 8
    return [
        *typed(node, out, like=like),
        element(TensorProto.INT32, ids[:1]),
        *typed(node, out, like=like),
    ]


def side_by_side(node: OnnxNode) -> Work:
    """QLinearConcat: y's scale and zero point, then each map with its own."""
    return replace(move.concat(node), aside=tuple(range(len(node.inputs))))


def concatenated(node: OnnxNode) -> list[onnx.TypeProto]:
    """The pieces' sizes along the axis, added up."""
    pieces = [node.whole(n) for n in range(2, len(node.inputs), 3)]
    axis = node.get("axis") % len(pieces[0])
    total = sum(piece[axis] for piece in pieces)
    return typed(node, (*pieces[0][:axis], total, *pieces[0][axis + 1 :]), like=2)


def fused_product(node: OnnxNode) -> Work:
    """FusedGemm, FusedMatMulActivation and their kin: a product, and a function of it."""
    work = product.gemm(node) if "Gemm" in node.op else product.matmul(node)
    if node.op == "GemmFastGelu":
        out = node.outputs[0]
        return replace(
            work, layers=(*work.layers, *behind(out, adds=prod(out) * node.has(2)), Gelu()),
            weights=(1, 2), bias=2,
        )  # fmt: skip
    after = elementwise.activated(node.get("activation"))
    return replace(work, layers=(*work.layers, *after), tables=(3, 4, 5))


def fused_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """The product's shape."""
    out = multiplied(*(product.turned(node, n, node.whole(n)) for n in (0, 1)))
    if node.op == "GemmFloat8":
        return [element(node.get("dtype", TensorProto.FLOAT), out)]
    return typed(node, out)


def worked(
    per_element: dict[str, int],
    weights: tuple[int, ...] = (),
    aside: tuple[int, ...] = (),
    over: int | None = None,
) -> Rule:
    """Operations for each element of the first output, or of the input `over`."""

    def rule(node: OnnxNode) -> Work:
        size = prod(node.outputs[0] if over is None else node.shape(over))
        counts = {name: count * size for name, count in per_element.items()}
        layer = Computed(shapes=node.outputs, **counts)
        return Work((layer,), node.shapes, weights=weights, aside=aside)

    return rule


def gemma_rotary(node: OnnxNode) -> Work:
    """Sines and cosines of the angles, then q cos + q_rot sin, and the same of k."""
    turned, angles = prod(node.shape(1)) + prod(node.shape(3)), prod(node.shape(0))
    layer = Computed(shapes=node.outputs, muls=2 * turned, adds=turned, exps=2 * angles)
    return Work((layer,), node.shapes)


def biased_softmax(node: OnnxNode) -> Work:
    """softmax(x + bias)."""
    return Work((*behind(node.shape(), adds=prod(node.shape())), Softmax()), (node.shape(),),
                operands=(0,))  # fmt: skip


def unfolded(node: OnnxNode) -> list[onnx.TypeProto]:
    """Windows of one axis, their elements along an axis behind all others."""
    shape, size = node.whole(), node.get("size")
    axis = node.get("dim", -1) % len(shape)
    many = (shape[axis] - size) // node.get("step", 1) + 1
    return typed(node, (*shape[:axis], many, *shape[axis + 1 :], size))


def relative_bias(node: OnnxNode) -> list[onnx.TypeProto]:
    """[1, heads, queries, keys], whose lengths are constants."""
    queries, keys = (node.numbers("", n) for n in (1, 2))
    assert queries is not None
    assert keys is not None
    return typed(node, (1, node.whole()[1], queries[0], keys[0]))


def gated_bias(node: OnnxNode) -> Work:
    """GatedRelativePositionBias: a small product for each token and head gates a bias."""
    size, wide = node.whole(3)
    many = prod(node.shape()) // size
    dense = Linear(features=wide, bias=node.has(4), axis=1)
    out = node.outputs[0]
    work = {"adds": many * (size + wide), "exps": 2 * many, "divs": 2 * many,
            "muls": 2 * many + prod(out)}  # fmt: skip
    return Work((dense, Computed(shapes=node.outputs, **work)), ((many, size),), operands=(0,),
                weights=(1, 3, 4, 5))  # fmt: skip


def gated_bias_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, heads, tokens, tokens]."""
    rows = node.whole(2)[-1]
    batch = node.whole(6)[0] if node.has(6) else node.whole()[0]
    return typed(node, (batch, node.get("num_heads"), rows, rows))


def halved(node: OnnxNode) -> list[onnx.TypeProto]:
    """Half of the features, where both halves stand in one map."""
    shape = node.whole()
    whole = node.op == "SwiGLU" and node.has(1)
    return typed(node, shape if whole else folded(shape, shape[-1] // 2))


def gated_add(node: OnnxNode) -> Work:
    """x + gate y, where the gate may be a product with a vector of weights."""
    size, many = prod(node.shape()), tokens(node.shape())
    wide = node.whole(2)[-1] if node.has(3) else 0
    layer = Computed(
        shapes=node.outputs, adds=size + many * wide, muls=size + many * wide,
        exps=many * (wide > 0), divs=many * (wide > 0),
    )  # fmt: skip
    return Work((layer,), node.shapes, weights=(3,))


GELU = {"muls": 3, "adds": 1, "exps": 1}
SILU = {"exps": 1, "adds": 1, "divs": 1, "muls": 1}
NORMS: dict[str, tuple[Rule, Shaper]] = {
    "SimplifiedLayerNormalization": (norm.rms_norm, same),
    "SkipLayerNormalization": (after_skip(LayerNorm), skipped),
    "SkipSimplifiedLayerNormalization": (after_skip(RmsNorm), skipped),
    "GroupNorm": (group_norm, same),
    "SkipGroupNorm": (group_norm, lambda node: typed(node, node.whole(), node.whole())),
    "EmbedLayerNormalization": (embedded((2, 3, 4), (5, 6), ()), embedded_shapes),
    "QEmbedLayerNormalization": (
        embedded((2, 3, 4), (5, 6), tuple(range(8, 18))),
        embedded_shapes,
    ),
    "QOrderedLayerNormalization": (
        lambda node: replace(norm.layer_norm(node), weights=(2, 3), tables=(1, 4)),
        same,
    ),
    # a square, an addition and two products for the norm, and the gate's silu
    "GatedRMSNorm": (worked({**SILU, "muls": 5, "adds": 2}, weights=(1,)), same),
    "BranchwiseRMSNorm": (worked({"muls": 3, "adds": 1}, weights=(1,)), same),
}
FUSED: dict[str, tuple[Rule, Shaper]] = {
    **dict.fromkeys(("FusedMatMul", "TransposeMatMul", "SparseToDenseMatMul"),
                    (product.matmul, fused_shape)),
    **dict.fromkeys(("FusedMatMulActivation", "FusedGemm", "GemmFloat8", "GemmFastGelu"),
                    (fused_product, fused_shape)),
}  # fmt: skip
POINTWISE: dict[str, tuple[Rule, Shaper]] = {
    "BiasGelu": (elementwise.activation("gelu", (1,)), same),
    "BiasSplitGelu": (worked(GELU | {"adds": 3, "muls": 4}, weights=(1,)), halved),
    "BiasAdd": (worked({"adds": 2}, weights=(1,)), same),
    "BiasSoftmax": (biased_softmax, same),
    "BiasDropout": (worked({"adds": 2}, weights=(1,), aside=(3, 4)), same),
    "BitmaskBiasDropout": (worked({"adds": 2}, weights=(1,), aside=(3, 4)), same),
    "BitmaskDropout": (worked({}, aside=(1, 2)), same),
    "ScaledSiLU": (worked(SILU | {"muls": 2}, aside=(1,)), same),
    "SwiGLU": (worked({"compares": 3, "exps": 1, "adds": 2, "divs": 1, "muls": 3}), halved),
    "GatedAdd": (gated_add, same),
    "GemmaRotaryEmbedding": (
        gemma_rotary,
        lambda node: [*typed(node, node.whole(1), like=1), *typed(node, node.whole(3), like=3)],
    ),
    "GatedRelativePositionBias": (gated_bias, gated_bias_shape),
    "RelativePositionBias": (worked({}, weights=(0,)), relative_bias),
    "UnfoldTensor": (worked({}), unfolded),
    "QOrderedGelu": (worked(GELU, aside=(1, 2)), same),
    "ComplexMul": (worked({"muls": 2, "adds": 1}), stretched_over(0, 1)),
    "ComplexMulConj": (worked({"muls": 2, "adds": 1}), stretched_over(0, 1)),
    "MulInteger": (
        worked({"muls": 1, "adds": 2}, aside=(1, 3)),
        stretched_over(0, 2, kind=TensorProto.INT32),
    ),
    "QLinearAdd": (elementwise.RULES["QLinearAdd"], stretched_over(0, 3)),
    "QLinearMul": (elementwise.RULES["QLinearMul"], stretched_over(0, 3)),
    "QLinearConcat": (side_by_side, concatenated),
    "QLinearWhere": (
        worked({"compares": 1, "muls": 1, "adds": 1}, aside=(2, 3, 5, 6, 7, 8)),
        stretched_over(0, 1, 4, like=1),
    ),
    "CDist": (
        # a difference, a square and an addition for each feature, and a root for each pair
        lambda node: Work(
            (Computed(shapes=node.outputs, adds=2 * prod(node.outputs[0]) * node.whole()[1],
                      muls=prod(node.outputs[0]) * node.whole()[1], divs=prod(node.outputs[0])),),
            node.shapes,
        ),
        lambda node: typed(node, (node.whole()[0], node.whole(1)[0])),
    ),
}  # fmt: skip
PLAIN = (
    *("Gelu", "FastGelu", "QuickGelu"),
    *("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"),
)
"""Functions of one map, which keep its shape."""
OWN: dict[str, tuple[Rule, Shaper]] = {
    **NORMS,
    **FUSED,
    **POINTWISE,
    **{op: (elementwise.RULES[op], same) for op in PLAIN},
    "DequantizeLinear": (elementwise.convert, lambda n: typed(n, n.whole(), like=1)),
    "QuantizeLinear": (
        elementwise.convert,
        lambda n: (
            typed(n, n.whole(), like=2) if n.has(2) else [element(TensorProto.UINT8, n.whole())]
        ),
    ),
}
RULES: dict[str, Rule] = {f"{DOMAIN}:{op}": rule for op, (rule, _) in OWN.items()}
SHAPES: dict[str, Shaper] = {f"{DOMAIN}:{op}": shape for op, (_, shape) in OWN.items()}
FOLLOW: dict[str, Follow] = {
    **dict.fromkeys(FUSED, product.multiplied),
    **dict.fromkeys(NORMS, kept),
    **dict.fromkeys(("BiasSplitGelu", "GatedAdd", "BiasSoftmax"), kept),
}
