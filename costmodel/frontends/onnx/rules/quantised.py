"""Products with weights that are packed or quantised, and look-ups in packed tables.

Source: onnxruntime, docs/ContribOperators.md. What counts as a parameter is a weight, however many
of them a byte holds; scales and zero points move and are none.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import onnx
from onnx import TensorProto

from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules import move, product
from costmodel.frontends.onnx.rules.elementwise import activated
from costmodel.frontends.onnx.samples import vectors
from costmodel.frontends.onnx.shaping import Shaper, element, folded, multiplied, typed
from costmodel.models.layers.linear import Linear
from costmodel.models.layers.move import Gather

DOMAIN = "com.microsoft"


def sizes(node: OnnxNode) -> tuple[int, int]:
    """K and N of a matrix of packed weights: stated, or the values of an input (MatMulFpQ4)."""
    if node.op == "MatMulFpQ4":
        stated = node.numbers("", 2)
        if not stated:
            raise BadValue("the shape of its weights is no constant", "fold it first")
        return stated[0], stated[1]
    if node.op == "MatMulBlockQuantizedFp8Weight":
        wide, deep = node.whole(1)
        return deep, wide
    if node.op == "MatMulBlockQuantizedFp4Weight":
        wide, half = node.whole(1)
        return 2 * half, wide
    return node.get("K"), node.get("N")


def packed(bias: int, tables: tuple[int, ...], turns: bool = False) -> Rule:
    """A dense layer whose weights (1) are packed; `tables` are scales and the like."""

    def rule(node: OnnxNode) -> Work:
        deep, wide = sizes(node)
        shape = node.shape()
        layer = Linear(features=outputs(node, turns), bias=node.has(bias), axis=len(shape) - 1)
        after = activated(node.get("activation_type"))
        return Work(
            (layer, *after),
            (shape,),
            weights=(1, bias),
            bias=bias,
            tables=tables,
            packed={1: deep * wide},
        )

    return rule


def outputs(node: OnnxNode, turns: bool) -> int:
    """Features that come out: N, or K where the weights are multiplied the other way round."""
    deep, wide = sizes(node)
    back = turns and not node.get("transB", 1)
    if node.whole()[-1] != (wide if back else deep):
        what = f"{node.whole()[-1]} features meet weights of {deep} x {wide}"
        raise BadValue(what, "check the export")
    return deep if back else wide


def packed_shape(turns: bool = False) -> Shaper:
    """[..., N]."""
    return lambda node: typed(node, folded(node.whole(), outputs(node, turns)))


def scaled(left: int, right: int, bias: int, tables: tuple[int, ...]) -> Rule:
    """A product of quantised factors; further inputs are scales and zero points."""

    def rule(node: OnnxNode) -> Work:
        work = product.product(node, (left, right, bias))
        layer = work.layers[0]
        if isinstance(layer, Linear) and node.has(bias) and node.value(bias).constant:
            work = replace(work, layers=(replace(layer, bias=True), *work.layers[1:]))
        return replace(work, bias=bias, tables=tables)

    return rule


def scaled_shape(left: int, right: int, like: int | None = None) -> Shaper:
    """The product's shape; its type is that of the input `like`, or else a float."""

    def shape(node: OnnxNode) -> list[onnx.TypeProto]:
        out = multiplied(*(product.turned(node, n, node.whole(n)) for n in (left, right)))
        if like is not None and node.has(like):
            return typed(node, out, like=like)
        return [element(TensorProto.FLOAT, out)]

    return shape


def packing(node: OnnxNode) -> int:
    """Table elements to a stored one: 8 / bits where they are bytes."""
    kind = node.value(0).type.tensor_type.elem_type
    return 8 // node.get("bits", 4) if kind == TensorProto.UINT8 else 1


def gather_blocks(node: OnnxNode) -> Work:
    """GatherBlockQuantized: rows of a quantised table, with their scales and zero points."""
    data, axis = node.value(0), node.get("gather_axis", 0) % len(node.whole())
    many = packing(node)
    table = folded(data.shape, data.shape[-1] * many)
    layer = Gather(table=table, axis=axis)
    share = prod(node.whole(1)) / max(data.shape[axis], 1)
    read = {n: int(np.ceil(node.value(n).elements * share)) for n in (0, 2, 3) if node.has(n)}
    return Work(
        (layer,), (node.shape(1),), operands=(1,), weights=(0,), tables=(2, 3),
        packed={0: prod(table)}, read=read,
    )  # fmt: skip


def gather_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """The positions in the place of the table's axis, in the type of the scales."""
    data = node.whole()
    axis = node.get("gather_axis", 0) % len(data)
    table = folded(data, data[-1] * packing(node))
    return typed(node, (*table[:axis], *node.whole(1), *table[axis + 1 :]), like=2)


PACKED: dict[str, tuple[int, tuple[int, ...], bool]] = {
    "MatMulNBits": (5, (2, 3, 4), False),
    "MatMulBnb4": (-1, (2,), True),
    "MatMulPacked": (-1, (2,), False),
    "MatMulFpQ4": (-1, (2,), False),
    "MatMulBlockQuantizedFp8Weight": (4, (2, 3), False),
    "MatMulBlockQuantizedFp4Weight": (5, (2, 3, 4), False),
}
"""The input of the bias, and those of the scales, of products with packed weights."""
OWN: dict[str, tuple[Rule, Shaper, Follow]] = {
    "QGemm": (
        scaled(0, 3, 6, (1, 2, 4, 5, 7, 8)),
        scaled_shape(0, 3, like=8),
        product.multiplied,
    ),
    "DynamicQuantizeMatMul": (
        scaled(0, 1, 4, (2, 3)),
        scaled_shape(0, 1, like=0),
        product.multiplied,
    ),
    "MatMulIntegerToFloat": (
        scaled(0, 1, 6, (2, 3, 4, 5)),
        scaled_shape(0, 1, like=2),
        product.multiplied,
    ),
    "QOrderedMatMul": (
        scaled(0, 2, 5, (1, 3, 4, 7)),
        scaled_shape(0, 2, like=0),
        product.multiplied,
    ),
    "MatMulInteger16": (
        scaled(0, 1, -1, ()),
        lambda node: [element(TensorProto.INT32, multiplied(node.whole(0), node.whole(1)))],
        product.multiplied,
    ),
    "GatherBlockQuantized": (gather_blocks, gather_shape, move.looked_up),
    **{op: (packed(*given), packed_shape(given[2]), vectors) for op, given in PACKED.items()},
}
RULES: dict[str, Rule] = {f"{DOMAIN}:{op}": rule for op, (rule, _, _) in OWN.items()}
SHAPES: dict[str, Shaper] = {f"{DOMAIN}:{op}": shape for op, (_, shape, _) in OWN.items()}
FOLLOW: dict[str, Follow] = {op: follow for op, (_, _, follow) in OWN.items()}
