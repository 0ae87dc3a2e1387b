"""Operators that ONNX Runtime's own optimiser writes, in its domain com.microsoft.

Source: onnxruntime, docs/ContribOperators.md. onnx infers no shapes for them; those under
``SHAPES`` have a rule of their own. Attention, packed products and experts have their own files.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import onnx
from onnx import TensorProto

from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules import elementwise, norm
from costmodel.frontends.onnx.rules.elementwise import SILU, worked
from costmodel.frontends.onnx.samples import batched, vectors
from costmodel.frontends.onnx.shaping import (
    Shaper,
    element,
    folded,
    same,
    typed,
)
from costmodel.frontends.onnx.spread import led
from costmodel.models.layers.computed import behind
from costmodel.models.layers.layer_norm import GroupNorm, LayerNorm, RmsNorm
from costmodel.models.layers.merge import Add, Concat
from costmodel.models.layers.move import Gather

DOMAIN = "com.microsoft"


def after_skip(kind: type[LayerNorm | RmsNorm]) -> Rule:
    """A sum of two maps and its normalisation: x, skip, scale, shift, bias.

    The skip may be one for all sequences, [tokens, features] or [1, tokens, features].
    """

    def rule(node: OnnxNode) -> Work:
        operands = tuple(n for n in node.maps if n < 2)
        rank = max(len(node.shape(n)) for n in operands)
        maps = tuple(led(node.shape(n), rank) for n in operands)
        held = tuple(node.ends[0].beside(node.whole(n)) for n in (0, 1) if n not in operands)
        out = tuple(map(int, np.broadcast_shapes(*maps, *held)))
        bias = 4 if kind is LayerNorm else 3
        plus = behind(out, adds=prod(out) * node.has(bias))
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
    pieces = [node.value(n).constant for n in range(2, len(node.inputs), 3)]
    if any(pieces):
        raise BadValue("some of its pieces are constants", "dequantise them")
    axis = node.place(node.get("axis"), 2)
    layer, places = Concat(axis=axis), tuple(range(2, len(node.inputs), 3))
    aside = tuple(range(len(node.inputs)))
    return Work((layer,), tuple(map(node.shape, places)), operands=places, aside=aside)


def concatenated(node: OnnxNode) -> list[onnx.TypeProto]:
    """The pieces' sizes along the axis, added up."""
    pieces = [node.whole(n) for n in range(2, len(node.inputs), 3)]
    axis = node.get("axis") % len(pieces[0])
    total = sum(piece[axis] for piece in pieces)
    return typed(node, (*pieces[0][:axis], total, *pieces[0][axis + 1 :]), like=2)


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
PLAIN = (
    *("Gelu", "FastGelu", "QuickGelu"),
    *("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"),
)
"""Functions of one map, which keep its shape."""
OWN: dict[str, tuple[Rule, Shaper]] = {
    "QuantizeWithOrder": (
        elementwise.convert,
        lambda node: [element(TensorProto.INT8, node.whole())],
    ),
    "DequantizeWithOrder": (
        elementwise.convert,
        lambda node: [element(node.get("to"), node.whole())],
    ),
    "IsAllFinite": (worked({}), lambda node: [element(TensorProto.BOOL, ())]),
    **NORMS,
    "QLinearConcat": (side_by_side, concatenated),
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
    **dict.fromkeys((op for op in NORMS if op not in norm.FOLLOW), vectors),
    **dict.fromkeys(("EmbedLayerNormalization", "QEmbedLayerNormalization"), batched),
    **dict.fromkeys(("GroupNorm", "SkipGroupNorm"), batched),
}
