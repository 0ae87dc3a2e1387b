"""Attention as onnx defines it from operator set 23, and what other attentions share with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx

from costmodel.core.layer import Layer
from costmodel.core.tally import Shape, Shapes
from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import batched
from costmodel.frontends.onnx.shaping import Shaper, typed
from costmodel.models.layers.attention import Attention
from costmodel.models.layers.computed import behind
from costmodel.models.layers.move import StridedView


@dataclass(frozen=True)
class Heads:
    """Q, K and V of an attention as [..., heads, tokens, size], and the inputs that hold them."""

    shapes: Shapes
    operands: tuple[int, ...]
    """The inputs of the node; one alone holds all three."""

    @property
    def new(self) -> int:
        """Keys that are new."""
        return self.shapes[1][-2]

    @property
    def wide(self) -> int:
        """Features of the output."""
        return self.shapes[0][-3] * self.shapes[2][-1]


def headed(shape: Shape, heads: int) -> Shape:
    """[..., tokens, heads * size] as [..., heads, tokens, size]. Raises BadValue."""
    if not heads or shape[-1] % heads:
        raise BadValue(f"{shape[-1]} features do not divide into {heads} heads", "check the export")
    return (*shape[:-2], heads, shape[-2], shape[-1] // heads)


def divided(shape: Shape, operand: int, counts: tuple[int, ...], sizes: tuple[int, ...]) -> Heads:
    """Q, K and V side by side in one map of [..., tokens, features]."""
    lead, tokens = shape[:-2], shape[-2]
    parts = tuple((*lead, n, tokens, d) for n, d in zip(counts, sizes, strict=True))
    return Heads(parts, (operand,))


def number(node: OnnxNode, index: int) -> int | None:
    """The greatest of a constant input's whole numbers; None where it is not known."""
    data = node.value(index).data if node.has(index) else None
    return None if data is None or not np.size(data) else int(np.max(data))


def side_by_side(node: OnnxNode, heads: Heads) -> Shapes:
    """The maps as [tokens, heads * size], where they lie so in one sequence; else none."""
    q, k, v = heads.shapes
    if len(q) != 3 or q[0] % k[0]:
        return ()
    if len(heads.operands) == 1:
        features = sum(count * size for count, _, size in heads.shapes)
        return ((q[1], features),) if q[2] == k[2] == v[2] else ()
    lying = [node.shape(place) for place in heads.operands]
    alike = zip(lying, heads.shapes, strict=True)
    if len(set(heads.operands)) < 3 or any(
        len(shape) != 2 or shape[0] != tokens for shape, (_, tokens, _) in alike
    ):
        return ()
    return tuple(lying)


def attend(
    node: OnnxNode,
    heads: Heads,
    past: int,
    before: tuple[Layer, ...] = (),
    extra: dict[str, int] | None = None,
    **given: Any,
) -> Work:
    """The work of an attention that has `past` keys besides its new ones.

    `before` projects what becomes Q, K and V; `extra` counts what is done besides. Its weights and
    tables are added by those who call.
    """
    layer = Attention(past=past, **given)
    out = (*heads.shapes[0][:-1], heads.shapes[2][-1])
    after = behind(out, **(extra or {}))
    flat = () if before else side_by_side(node, heads)
    if flat:
        layer = replace(layer, heads=heads.shapes[0][0], kv_heads=heads.shapes[1][0])
        after = behind((out[1], out[0] * out[2]), **(extra or {}))
        return Work((layer, *after), flat, operands=heads.operands)
    if len(heads.operands) == 1:
        layers = (*before, StridedView(shapes=heads.shapes), layer, *after)
        return Work(layers, (node.shape(heads.operands[0]),), operands=heads.operands)
    return Work((layer, *after), heads.shapes, operands=heads.operands)


def around(left: int, right: int, causal: bool, offset: int, keys: int) -> dict[str, Any]:
    """Attributes of a window: `left` keys before a query's own, `right` behind it (-1: all)."""
    if not causal and left < 0 and right < 0:
        return {}
    ahead = 0 if causal else keys if right < 0 else right
    window = None if left < 0 else left + 1
    return {"causal": True, "offset": offset, "ahead": ahead, "window": window}


# --- onnx's own ------------------------------------------------------------------------------


def standard(node: OnnxNode) -> Heads:
    """Maps are [batch, heads, tokens, size], or [batch, tokens, heads * size]."""
    shapes = tuple(node.shape(place) for place in range(3))
    if len(node.whole()) == 3:
        counts = node.get("q_num_heads"), node.get("kv_num_heads"), node.get("kv_num_heads")
        shapes = tuple(map(headed, shapes, counts))
    return Heads(shapes, (0, 1, 2))


def attention(node: OnnxNode) -> Work:
    """Attention-23 to -25: causal queries see as many keys more as stand before the first of them.

    Of an external cache `nonpad_kv_seqlen` keys are in use, where the file fixes them.
    """
    heads = standard(node)
    past = node.whole(4)[2] if node.has(4) else 0
    used = number(node, 6)
    queries = heads.shapes[0][-2]
    offset = (used or heads.new) - queries if node.has(6) else past
    causal = bool(node.get("is_causal", 0))
    left, right = node.get("left_window_size", -1), node.get("right_window_size", -1)
    given = around(left, right, causal, offset, past + heads.new)
    shapes = heads.shapes
    if used is not None and used < heads.new:
        # padding behind the keys in use is masked, and no one multiplies it
        q, k, v = shapes
        shapes = (q, (*k[:-2], used, k[-1]), (*v[:-2], used, v[-1]))
        view = replace(heads, shapes=shapes)
        return in_use(node, view, given)
    work = attend(node, heads, past, softcap=bool(node.get("softcap", 0)), **given)
    others = tuple(n for n in node.maps if n in (3, 4, 5))
    inputs = (*work.inputs, *map(node.shape, others))
    return replace(work, inputs=inputs, operands=(*heads.operands, *others), aside=(6,))


def in_use(node: OnnxNode, heads: Heads, given: dict[str, Any]) -> Work:
    """An attention over the first keys of a cache, of which the others are not read."""
    work = attend(node, heads, 0, softcap=bool(node.get("softcap", 0)), **given)
    return replace(work, aside=(6,))


def standard_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """Y like Q with V's size, both present maps, and the scores."""
    heads = standard(node)
    q, k, v = heads.shapes
    total = (node.whole(4)[2] if node.has(4) else 0) + heads.new
    y = (*q[:-1], v[-1]) if len(node.whole()) == 4 else (*node.whole()[:-1], heads.wide)
    present = [(*k[:-2], total, k[-1]), (*v[:-2], total, v[-1])]
    return typed(node, y, *present, (*q[:-1], total))


def attended(node: OnnxNode, number: int) -> int | None:
    """The batch stands first; behind the 2 of ONNX Runtime's keys and values in one map."""
    axis = batched(node, number)
    return axis if axis is None else axis + (len(node.wholes[number]) == 5)


RULES: dict[str, Rule] = {"Attention": attention}
FOLLOW: dict[str, Follow] = {"Attention": attended}
SHAPES: dict[str, Shaper] = {"Attention": standard_shapes}
