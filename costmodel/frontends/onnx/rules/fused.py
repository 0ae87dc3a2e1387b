"""Products and elementwise work that ONNX Runtime fuses, in its domain com.microsoft.

Source: onnxruntime, docs/ContribOperators.md.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import onnx
from onnx import TensorProto

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules import elementwise, product
from costmodel.frontends.onnx.rules.elementwise import GELU, SILU, worked
from costmodel.frontends.onnx.samples import batched, beside, nowhere, vectors
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
from costmodel.models.layers.linear import Linear

DOMAIN = "com.microsoft"


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


def distances(node: OnnxNode) -> Work:
    """CDist: a difference, a square and an addition for each feature, a root for each pair."""
    pairs, features = prod(node.outputs[0]), node.whole()[1]
    roots = pairs * (node.get("metric", "sqeuclidean") == "euclidean")
    layer = Computed(
        shapes=node.outputs, adds=2 * pairs * features, muls=pairs * features, divs=roots
    )
    return Work((layer,), node.shapes)


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
    "QLinearWhere": (
        worked({"compares": 1, "muls": 1, "adds": 1}, aside=(2, 3, 5, 6, 7, 8)),
        stretched_over(0, 1, 4, like=1),
    ),
    "CDist": (distances, lambda node: typed(node, (node.whole()[0], node.whole(1)[0]))),
}  # fmt: skip
RULES: dict[str, Rule] = {f"{DOMAIN}:{op}": rule for op, (rule, _) in (FUSED | POINTWISE).items()}
SHAPES: dict[str, Shaper] = {
    f"{DOMAIN}:{op}": shape for op, (_, shape) in (FUSED | POINTWISE).items()
}
FOLLOW: dict[str, Follow] = {
    **dict.fromkeys(FUSED, product.multiplied),
    **dict.fromkeys(("BiasSplitGelu", "GatedAdd", "SwiGLU"), vectors),
    **dict.fromkeys(("BiasSoftmax", "GemmaRotaryEmbedding", "GatedRelativePositionBias"), batched),
    "UnfoldTensor": beside(lambda node: (node.get("dim", -1),)),
    "CDist": nowhere,
}
