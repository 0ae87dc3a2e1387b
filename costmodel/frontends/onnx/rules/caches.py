"""ONNX Runtime's attentions that project, cache and pack, in its domain com.microsoft.

Source: onnxruntime, docs/ContribOperators.md. Lengths are S new tokens, L new keys and P past ones
of n heads of size d, values of size dv.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import onnx

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules.attention import (
    Heads,
    around,
    attend,
    attended,
    divided,
    headed,
    number,
)
from costmodel.frontends.onnx.samples import nowhere
from costmodel.frontends.onnx.shaping import Shaper, typed
from costmodel.models.layers.linear import Linear

DOMAIN = "com.microsoft"


def sizes_of(node: OnnxNode, features: int) -> tuple[int, int, int]:
    """Features of Q, K and V behind a projection to so many of them together."""
    stated = node.get("qkv_hidden_sizes")
    if stated:
        q, k, v = stated
        return q, k, v
    return features // 3, features // 3, features // 3


def projected_heads(node: OnnxNode) -> Heads:
    """Q, K and V as a projection of one map gives them: weights are [features, q + k + v]."""
    n = node.get("num_heads")
    sizes = sizes_of(node, node.whole(1)[-1])
    shape = node.shape()
    return divided((*shape[:-1], sum(sizes)), 0, (n, n, n), tuple(size // n for size in sizes))


def in_sequences(node: OnnxNode, heads: Heads) -> Heads:
    """Tokens of several sequences one behind the other, as sequences of equal lengths.

    How long each of them is depends on the data; `token_offset` [sequences, longest] counts them.
    """
    place = {"PackedAttention": 3, "PackedMultiHeadAttention": 4}.get(node.op)
    if place is None or not node.has(place):
        return heads
    count = node.whole(place)[0]
    if any(shape[-2] % count for shape in heads.shapes):
        return heads
    shapes = tuple((*s[:-3], count, s[-3], s[-2] // count, s[-1]) for s in heads.shapes)
    return replace(heads, shapes=shapes)


PAST = {"Attention": 4, "QAttention": 8, "DecoderMaskedSelfAttention": 4}
"""The input [2, batch, heads, past, size] of operators that project Q, K and V."""
LENGTH = {"Attention": 6, "DecoderMaskedSelfAttention": 6}
"""The input that says how much of a shared buffer is in use."""


def past_of(node: OnnxNode, new: int) -> tuple[int, int]:
    """Past keys, and the length of the present: a shared buffer keeps its own."""
    place = PAST.get(node.op, -1)
    if place < 0 or not node.has(place):
        return 0, new
    long = node.whole(place)[3]
    if not node.get("past_present_share_buffer", 0):
        return long, long + new
    length = number(node, LENGTH.get(node.op, -1)) if node.op in LENGTH else None
    return (max(long - new, 0) if length is None else length), long


def projected(aside: tuple[int, ...] = (), tables: tuple[int, ...] = ()) -> Rule:
    """A projection with weights (1) and a bias (2), and an attention of what it gives."""

    def rule(node: OnnxNode) -> Work:
        heads = in_sequences(node, projected_heads(node))
        past, _ = past_of(node, heads.new)
        features = node.whole(1)[-1]
        shape = node.shape()
        dense = Linear(features=features, bias=node.has(2), axis=len(shape) - 1)
        given: dict[str, Any] = {}
        if node.get("unidirectional", 0):
            given = {"causal": True, "offset": past}
        turned = sum(map(prod, heads.shapes[:2])) if node.get("do_rotary", 0) else 0
        if turned and node.get("rotary_embedding_dim", 0):
            turned = turned // heads.shapes[0][-1] * node.get("rotary_embedding_dim")
        extra = {"muls": 2 * turned, "adds": turned}
        work = attend(node, heads, past, (dense,), extra, **given)
        return replace(work, weights=(1, 2), bias=2, aside=aside, tables=tables)

    return rule


def projected_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, tokens, features of V], and the present [2, batch, heads, total, size]."""
    heads = projected_heads(node)
    _, total = past_of(node, heads.new)
    like = 3 if node.op == "QAttention" else 0
    y = (*node.whole()[:-1], heads.wide)
    present = (2, node.whole()[0], heads.shapes[1][-3], total, heads.shapes[1][-1])
    return typed(node, y, present, like=like)


@dataclass(frozen=True)
class Ports:
    """Where an operator that is given Q, K and V has its other inputs."""

    past: int = -1
    """The past keys [batch, heads, past, size]; values follow."""
    bias: int = -1
    """A bias of Q, K and V together, which is a weight."""
    length: int = -1
    """Tokens in use: past ones where `new` is out of count, else all of them."""
    total: bool = False
    """True: `length` counts the new ones too."""
    cosines: int = -1
    """A table of cosines; one of sines follows."""
    learned: tuple[int, ...] = ()
    """Scales and sinks that are weights."""
    tables: tuple[int, ...] = ()
    aside: tuple[int, ...] = ()


PORTS = {
    "MultiHeadAttention": Ports(past=6, bias=3, length=8, aside=(4, 9)),
    "DecoderMaskedMultiHeadAttention": Ports(past=5, bias=10, length=7, aside=(3, 8, 9)),
    "GroupQueryAttention": Ports(
        past=3,
        length=6,
        total=True,
        cosines=7,
        learned=(11, 14, 15),
        tables=(12, 13),
        aside=(5, 9, 16),
    ),
    "SparseAttention": Ports(past=3, length=7, total=True, cosines=9, aside=(5, 6, 8)),
    "PackedMultiHeadAttention": Ports(bias=3, aside=(4, 5)),
}


def given_heads(node: OnnxNode) -> Heads:
    """Q, K and V as they are given: three maps, one of all, or Q and one of K and V.

    Packed maps are [..., tokens, heads, 3, size], or [..., tokens, features] of fewer heads of K
    and V. Keys of another sequence come as [..., heads, tokens, size].
    """
    heads = node.get("num_heads")
    fewer = node.get("kv_num_heads", heads)
    q = node.shape()
    if not node.has(1):
        flat = q
        if q[-3:-1] == (heads, 3):
            flat = (*q[:-3], heads * 3 * q[-1])
        size = flat[-1] // (heads + 2 * fewer)
        return divided(flat, 0, (heads, fewer, fewer), (size, size, size))
    split = headed(q, heads)
    k = node.shape(1)
    if not node.has(2):
        # [..., tokens, heads, 2, size]
        each = (*k[:-4], fewer, k[-4], k[-1])
        return Heads((split, each, each), (0, 1, 1))
    v = node.shape(2)
    if len(node.whole(1)) == 4:
        return Heads((split, k, v), (0, 1, 2))
    return Heads((split, headed(k, fewer), headed(v, fewer)), (0, 1, 2))


def lengths(node: OnnxNode, heads: Heads) -> tuple[int, int, bool]:
    """Past keys, length of the present, and whether it shares the past's memory.

    Where a present map is as long as the past one, or more tokens than that would not fit, they are
    one buffer.
    """
    ports = PORTS[node.op]
    if ports.past < 0 or not node.has(ports.past):
        return 0, heads.new, False
    long, used = node.whole(ports.past)[2], number(node, ports.length)
    present = next((whole[2] for whole in node.wholes[1:] if len(whole) == 4), None)
    shared = present == long or bool(node.get("past_present_share_buffer", 0))
    if ports.total and used is not None and present is None:
        shared = used <= long
    if not shared:
        return long, long + heads.new, False
    before = None if used is None else used - heads.new * ports.total
    return (max(long - heads.new, 0) if before is None else before), long, True


def is_causal(node: OnnxNode) -> bool:
    """GroupQueryAttention is causal unless it says so, SparseAttention always, others never."""
    default = node.op in ("GroupQueryAttention", "SparseAttention")
    return bool(node.get("causal", node.get("unidirectional", default)))


def given(node: OnnxNode) -> Work:
    """An attention of given Q, K and V; of a present in the past's memory the new is written."""
    ports, heads = PORTS[node.op], in_sequences(node, given_heads(node))
    past, _, shared = lengths(node, heads)
    q, k, v = heads.shapes
    # a window of ONNX Runtime counts the query's own key
    near = node.get("local_window_size", -1)
    settings: dict[str, Any] = {"softcap": bool(node.get("softcap", 0))}
    settings |= around(near - 1 if near > 0 else -1, -1, is_causal(node), past, past + k[-2])
    turned = prod(q) + prod(k) if node.get("do_rotary", 0) else 0
    normed = prod(q) + prod(k) if node.has(14) and node.op == "GroupQueryAttention" else 0
    biased = sum(map(prod, heads.shapes)) if node.has(ports.bias) and ports.bias >= 0 else 0
    extra = {"muls": 2 * turned + 3 * normed, "adds": turned + normed + biased}
    work = attend(node, heads, past, extra=extra, **settings)
    if past and len(heads.operands) > 1:
        cached = (ports.past, ports.past + 1)
        inputs = (*work.inputs, *map(node.shape, cached))
        work = replace(work, inputs=inputs, operands=(*heads.operands, *cached))
    updates = {}
    if shared:
        new = {n: s for n, s in enumerate(node.wholes) if n and len(s) == 4}
        pairs = zip(new, (ports.past, ports.past + 1), ((k, v)), strict=False)
        updates = {place: (into, shape) for place, into, shape in pairs}
    weights = tuple(n for n in (ports.bias, *ports.learned) if n >= 0)
    angles = (ports.cosines, ports.cosines + 1) if ports.cosines >= 0 else ()
    read = {n: q[-2] * prod(q[:-3]) * node.whole(n)[-1] for n in angles if node.has(n)}
    return replace(
        work, weights=weights, bias=ports.bias if ports.bias >= 0 else None,
        tables=(*angles, *ports.tables), aside=(ports.length, *ports.aside), updates=updates,
        read=read,
    )  # fmt: skip


def given_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, tokens, heads * size], the present keys and values, and the scores."""
    heads = given_heads(node)
    past, total, _ = lengths(node, heads)
    q, k, v = heads.shapes
    y = (*q[:-3], q[-2], heads.wide)
    keys, values, cache = (*k[:-2], total, k[-1]), (*v[:-2], total, v[-1]), PORTS[node.op].past
    if cache >= 0 and node.has(cache):
        # a quantised cache packs its elements
        keys, values = ((*s[:-1], node.whole(cache + n)[-1]) for n, s in enumerate((keys, values)))
    present = typed(node, keys, values, like=cache if cache >= 0 and node.has(cache) else 0)
    return [*typed(node, y), *present, *typed(node, (*q[:-1], past + heads.new))]


PROJECTING: dict[str, Rule] = {
    "Attention": projected(aside=(3, 6)),
    "DecoderMaskedSelfAttention": projected(aside=(3, 6, 7, 8)),
    "PackedAttention": projected(aside=(3, 4)),
    "QAttention": projected(aside=(3, 5, 6, 7), tables=(4,)),
}
RULES: dict[str, Rule] = {
    **{f"{DOMAIN}:{op}": rule for op, rule in PROJECTING.items()},
    **{f"{DOMAIN}:{op}": given for op in PORTS},
}
FOLLOW: dict[str, Follow] = {
    **dict.fromkeys((op for op in (*PROJECTING, *PORTS) if op != "Attention"), attended),
    # tokens of several sequences one behind the other
    **dict.fromkeys(("PackedAttention", "PackedMultiHeadAttention"), nowhere),
}
SHAPES: dict[str, Shaper] = {
    **{f"{DOMAIN}:{op}": projected_shapes for op in PROJECTING},
    **{f"{DOMAIN}:{op}": given_shapes for op in PORTS},
}
