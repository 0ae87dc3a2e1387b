"""Attention that is not a softmax of all pairs: recurrent states, windows, pages, orders.

Sources: ONNX, LinearAttention-27; onnxruntime, docs/ContribOperators.md.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import onnx

from costmodel.core.tally import Shape
from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules.attention import (
    Heads,
    attend,
    divided,
    headed,
    number,
)
from costmodel.frontends.onnx.rules.caches import DOMAIN, sizes_of
from costmodel.frontends.onnx.samples import batched, nowhere
from costmodel.frontends.onnx.shaping import Shaper, folded, typed
from costmodel.models.layers.computed import Products
from costmodel.models.layers.linear import Linear

# --- a state of keys by values ----------------------------------------------------------------


def recurrence(queries: Shape, keys: Shape, values: Shape, rule: str) -> dict[str, Any]:
    """Products and further work of a recurrence over [..., heads, tokens, size].

    Each token adds k v^T to its head's state and each query's head reads it: d dv multiply-adds
    each, and as many for what a delta rule reads before. A decay takes a product for each element
    of the state and token, and an exponential for each of the key's.
    """
    lead, tokens = prod(keys[:-3]), keys[-2]
    deep, wide = keys[-1], values[-1]
    mine, readers = lead * values[-3], lead * max(queries[-3], values[-3])
    products = [(wide, tokens, deep, mine), (wide, deep, tokens, readers)]
    if "delta" in rule:
        products.append((wide, deep, tokens, mine))
    state = mine * tokens * deep * wide * ("gated" in rule)
    delta = mine * tokens * wide * ("delta" in rule)
    return {
        "products": tuple(products),
        "muls": state + delta + readers * tokens * wide,
        "adds": delta,
        "exps": mine * tokens * deep * ("gated" in rule),
    }


def linear(node: OnnxNode) -> Work:
    """LinearAttention: q, k and v of [batch, tokens, heads * size], a state, a decay, a rate."""
    heads, fewer = node.get("q_num_heads"), node.get("kv_num_heads")
    counts = heads, fewer, fewer
    q, k, v = (headed(node.shape(n), count) for n, count in enumerate(counts))
    work = recurrence(q, k, v, node.get("update_rule", "gated_delta"))
    return Work((Products(shapes=node.outputs, **work),), node.shapes)


def linear_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, tokens, heads * size], and the state [batch, heads, d, dv]."""
    heads, fewer = node.get("q_num_heads"), node.get("kv_num_heads")
    _, k, v = (headed(node.whole(n), count) for n, count in enumerate((heads, fewer, fewer)))
    widest = max(heads, fewer) if node.proto.domain == DOMAIN else heads
    state = (*k[:-2], k[-1], v[-1])
    given = node.has(3)
    return [
        *typed(node, folded(node.whole(), widest * v[-1])),
        *typed(node, node.whole(3) if given else state, like=3 if given else 0),
    ]


def gated(node: OnnxNode) -> Work:
    """GatedDeltaNet: q, k and v of [tokens, heads, size]."""
    if not (node.has(1) and node.has(2)):
        raise BadValue("its Q, K and V are one map", "export it with three maps")
    q, k, v = (node.whole(n) for n in range(3))
    q, k, v = ((*s[:-3], s[-2], s[-3], s[-1]) for s in (q, k, v))
    work = recurrence(q, k, v, node.get("update_rule", "gated_delta"))
    normed = (prod(q) + prod(k)) * bool(node.get("qk_l2_norm", 0))
    work |= {"muls": work["muls"] + 2 * normed, "adds": work["adds"] + normed}
    return Work((Products(shapes=node.outputs, **work),), node.shapes, weights=(7, 8))


def gated_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """[tokens, heads, size of values], and the state."""
    q, v = node.whole(), node.whole(2) if node.has(2) else node.whole()
    out = typed(node, (*v[:-2], max(q[-2], v[-2]), v[-1]))
    return [*out, *typed(node, node.whole(6), like=6)] if node.has(6) else out


# --- windows, pages, orders -------------------------------------------------------------------


def longformer(node: OnnxNode) -> Work:
    """A projection, and an attention to `window` tokens before and behind each.

    A second projection serves tokens that attend to all. How many those are depends on the data:
    none is counted beyond its projection.
    """
    ordered = node.op.startswith("QOrdered")
    weight, bias, more = (2, 4, (8, 10)) if ordered else (1, 2, (4, 5))
    shape = node.shape()
    features = node.whole(weight)[-1]
    n, size = node.get("num_heads"), features // 3 // node.get("num_heads")
    heads = divided((*shape[:-1], features), 0, (n, n, n), (size, size, size))
    tokens, near = shape[-2], node.get("window")
    once = prod(shape[:-1])
    dense = Products(
        shapes=((*shape[:-1], features),), held=True,
        products=((features, shape[-1], once, 1), (features, shape[-1], once, 1)),
    )  # fmt: skip
    ahead = min(near, tokens)
    given: dict[str, Any] = {"causal": True, "offset": 0, "ahead": ahead, "window": near + 1}
    work = attend(node, heads, 0, (dense,), **given)
    tables = (1, 3, 5, 6, 9, 11, 13) if ordered else ()
    aside = (7, 12) if ordered else (3, 6)
    return replace(work, weights=(weight, bias, *more), bias=bias, tables=tables, aside=aside)


def ordered(node: OnnxNode) -> Work:
    """QOrderedAttention: three projections with weights of their own, and an attention."""
    shape, n = node.shape(), node.get("num_heads")
    wide = [node.whole(place)[-1] for place in (5, 6, 7)]
    heads = divided((*shape[:-1], sum(wide)), 0, (n, n, n), tuple(size // n for size in wide))
    dense = Linear(features=sum(wide), bias=node.has(11), axis=len(shape) - 1)
    given: dict[str, Any] = {"causal": True, "offset": 0} if node.get("unidirectional", 0) else {}
    work = attend(node, heads, 0, (dense,), **given)
    tables = (1, 2, 3, 4, 8, 9, 10, 14, 15, 16)
    return replace(work, weights=(5, 6, 7, 11, 12, 13), tables=tables, aside=(17,))


def decoder(node: OnnxNode) -> Work:
    """DecoderAttention over [tokens, batch, features]: projections of queries, keys and values.

    Whether keys are cached is told by inputs; they count where the file fixes them.
    """
    n = node.get("num_heads")
    (queries, batch, features), keys = node.whole(), node.whole(1)[0]
    size = features // n
    static, past = number(node, 8), number(node, 9)
    if static is None or past is None:
        raise BadValue("whether its keys are cached depends on the data", "fold it first")
    cached = node.whole(6)[2] if past and node.has(6) else 0
    fresh = 0 if static and past else keys if static else queries
    seen = cached + fresh
    products = (
        (features, features, queries * batch, 1),
        (2 * features, features, max(fresh, 0) * batch, 1),
        (seen, size, queries, batch * n),
        (size, seen, queries, batch * n),
    )
    scores = batch * n * queries * seen
    layer = Products(
        shapes=node.outputs, products=tuple(p for p in products if prod(p)), held=True,
        exps=scores, adds=scores, muls=scores, divs=scores,
    )  # fmt: skip
    return Work((layer,), node.shapes, weights=(2, 3, 4), bias=4, aside=(5, 8, 9, 10, 11))


def decoder_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """The query's shape, and the keys and values [batch, heads, tokens, size]."""
    n = node.get("num_heads")
    (queries, batch, features), keys = node.whole(), node.whole(1)[0]
    static, past = number(node, 8), number(node, 9)
    cached = node.whole(6)[2] if past and node.has(6) else 0
    total = cached + (0 if static and past else keys if static else queries)
    cache = (batch, n, total, features // n)
    return typed(node, node.whole(), cache, cache)


def paged(node: OnnxNode) -> Work:
    """PagedAttention: packed tokens of several sequences over blocks of a cache.

    Each sequence is taken to have its share of the tokens, and to reach as far as the pages that
    its table names: how long it really is depends on the data.
    """
    heads = paged_heads(node)
    q, k, v = heads.shapes
    tables = node.whole(7)
    count, reach = tables[0], tables[1] * node.whole(3)[1]
    each = -(-q[-2] // count)
    past = max(reach - each, 0)
    near = node.get("local_window_size", -1)
    given: dict[str, Any] = {"softcap": bool(node.get("softcap", 0))}
    if node.get("is_causal", 1):
        given |= {"causal": True, "offset": past, "window": near if near > 0 else None}
    shares = tuple((*s[:-3], count, s[-3], each, s[-1]) for s in (q, k, v))
    if each * count != q[-2]:
        raise BadValue(f"{q[-2]} tokens do not divide into {count} sequences", "pad them")
    turned = (prod(q) + prod(k)) * bool(node.get("do_rotary", 0))
    work = attend(
        node,
        replace(heads, shapes=shares),
        past,
        extra={"muls": 2 * turned, "adds": turned},
        **given,
    )
    updates = {n: (2 + n, shape) for n, shape in ((1, k), (2, v)) if len(node.wholes) > n}
    return replace(work, weights=(11, 12, 13), tables=(8, 9, 14, 15), updates=updates,
                   aside=(5, 6, 7, 10, 16))  # fmt: skip


def paged_heads(node: OnnxNode) -> Heads:
    """Q, K and V of [tokens, heads * size], or one map of all."""
    n, fewer = node.get("num_heads"), node.get("kv_num_heads")
    q = node.shape()
    if not node.has(1):
        size = q[-1] // (n + 2 * fewer)
        return divided(q, 0, (n, fewer, fewer), (size, size, size))
    maps = [headed(node.shape(p), count) for p, count in enumerate((n, fewer)) if node.has(p)]
    values = headed(node.shape(2), fewer) if node.has(2) else maps[1]
    return Heads((maps[0], maps[1], values), (0, 1, 2 if node.has(2) else 1))


def paged_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """[tokens, heads * size of values], and both caches as they are."""
    heads = paged_heads(node)
    size = node.get("v_head_size", 0) or heads.shapes[2][-1]
    caches = [typed(node, node.whole(n), like=n)[0] for n in (3, 4) if node.has(n)]
    return [*typed(node, (*node.whole()[:-1], node.get("num_heads") * size)), *caches]


def like_input(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, tokens, a third of what the weights give]."""
    if node.op == "QOrderedAttention":
        return typed(node, folded(node.whole(), node.whole(7)[-1]))
    weight = 2 if node.op.startswith("QOrdered") else 1
    return typed(node, folded(node.whole(), sizes_of(node, node.whole(weight)[-1])[2]))


OWN: dict[str, tuple[Rule, Shaper]] = {
    "LinearAttention": (linear, linear_shapes),
    "GatedDeltaNet": (gated, gated_shapes),
    "LongformerAttention": (longformer, like_input),
    "QOrderedLongformerAttention": (longformer, like_input),
    "QOrderedAttention": (ordered, like_input),
    "DecoderAttention": (decoder, decoder_shapes),
    "PagedAttention": (paged, paged_shapes),
}
RULES: dict[str, Rule] = {
    "LinearAttention": linear,
    **{f"{DOMAIN}:{op}": rule for op, (rule, _) in OWN.items()},
}
SHAPES: dict[str, Shaper] = {
    "LinearAttention": linear_shapes,
    **{f"{DOMAIN}:{op}": shape for op, (_, shape) in OWN.items()},
}
BATCHED = (
    *("LinearAttention", "LongformerAttention", "QOrderedLongformerAttention"),
    "QOrderedAttention",
)
FOLLOW: dict[str, Follow] = {**dict.fromkeys(OWN, nowhere), **dict.fromkeys(BATCHED, batched)}
