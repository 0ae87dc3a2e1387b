"""Mixtures of experts, whole and quantised, and products that share what they multiply.

Source: onnxruntime, docs/ContribOperators.md. Weights are [experts, (2) hidden, features] and
[experts, features, hidden]; in QMoE a byte holds 8 / bits of them.
"""

from __future__ import annotations

from math import ceil

import onnx

from costmodel.core.tally import Shape
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import vectors
from costmodel.frontends.onnx.shaping import Shaper, folded, same, tokens, typed
from costmodel.models.layers.computed import Products

DOMAIN = "com.microsoft"
GATED = ("silu", "swiglu", "gelu")
"""Activations that take an exponential, an addition and a division."""


def shared_out(many: int, experts: int, top: int) -> tuple[tuple[int, int], ...]:
    """Experts and the tokens of each, for so many tokens that choose `top` experts at random.

    E (1 - (1 - k / E)^n) experts are expected to be awake; they share the tokens evenly. 2 of 4
    experts for each of 3 tokens: 4 (1 - 1 / 8) = 3.5, so 4 are awake, of 1, 1, 2 and 2 tokens.

    >>> shared_out(3, 4, 2)
    ((2, 1), (2, 2))
    """
    awake = max(1, round(experts * (1 - (1 - min(top, experts) / experts) ** many)))
    each, more = divmod(many * top, awake)
    return tuple((count, own) for count, own in ((awake - more, each), (more, each + 1)) if count)


def bits_of(node: OnnxNode, number: int) -> int:
    """Bits of a weight of one of an expert's matrices; the file's type's unless it packs them."""
    if node.op != "QMoE":
        return 8
    names = ("fc1_expert_weight_bits", "fc2_expert_weight_bits", "fc3_expert_weight_bits")
    return int(node.get(names[number - 1], 0) or node.get("expert_weight_bits", 4))


MATRICES = {"MoE": (2, 4, 6), "QMoE": (2, 5, 8)}
TABLES = {"MoE": (), "QMoE": (3, 6, 9, 11, 12, 13, 15, 16, 17, 18, 19, 20)}


def mixture(node: OnnxNode) -> Work:
    """Each token meets its k experts: all of their matrices, an activation, and a weighted sum."""
    places = [place for place in MATRICES[node.op] if node.has(place)]
    number = {place: n + 1 for n, place in enumerate(MATRICES[node.op])}
    shape, top = node.shape(), node.get("k", 1)
    many, features = tokens(shape), shape[-1]
    held, products = {}, list[Shape]()
    for place in places:
        experts, rows, columns = node.whole(place)
        wide = columns * 8 // bits_of(node, number[place])
        held[place] = experts * rows * wide
        shares = shared_out(many, experts, top)
        products += [(rows, wide, own, count) for count, own in shares if own]
    hidden = held[places[1]] // (node.whole(places[1])[0] * features)
    active, kind = many * top * hidden, node.get("activation_type", "relu")
    curved, gated = active * (kind in GATED), active * (kind == "swiglu" or len(places) == 3)
    work = {
        "compares": many * node.whole(places[0])[0] + active * (kind == "relu"),
        "exps": curved,
        "divs": curved,
        "muls": gated + curved + many * top * features,
        "adds": curved + many * top * features,
    }
    layer = Products(shapes=(shape,), products=tuple(products), held=True, **work)
    weights = tuple(range(2, 8)) if node.op == "MoE" else (2, 4, 5, 7, 8, 10)
    packed = held if node.op == "QMoE" else {}
    # experts that no token is sent to are not read
    share = 1 - (1 - min(top / node.whole(places[0])[0], 1)) ** (many * node.count)
    read = {place: ceil(node.value(place).elements * share) for place in places}
    return Work((layer,), (shape,), operands=(0,), weights=weights, tables=TABLES[node.op],
                packed=packed, read=read)  # fmt: skip


def packed_mixture(node: OnnxNode) -> Work:
    """MoEPacked: gate, up and down of each expert are blobs of [experts, rows, bytes]."""
    shape, top = node.shape(), node.get("k", 1)
    many, features = tokens(shape), shape[-1]
    experts, hidden, _ = node.whole(2)
    sizes = {2: (hidden, features), 3: (hidden, features), 4: (features, hidden)}
    places = [place for place in sizes if node.has(place)]
    shares = shared_out(many, experts, top)
    products = [(*sizes[n], own, count) for n in places for count, own in shares if own]
    gated = many * top * hidden
    work = {"exps": gated * node.has(3), "divs": gated * node.has(3)}
    adds = many * top * features + gated * node.has(3)
    layer = Products(
        shapes=(shape,), products=tuple(products), held=True, **work, adds=adds,
        muls=many * top * features + 2 * gated,
    )  # fmt: skip
    return Work((layer,), (shape,), operands=(0,), weights=tuple(places),
                packed=dict.fromkeys(places, experts * hidden * features))  # fmt: skip


def side_by_side(
    names: tuple[str, ...], places: tuple[int, ...], gated: bool
) -> tuple[Rule, Shaper]:
    """Products of one map with several packed matrices, behind a norm; `names` say how wide.

    Of inputs there are each matrix's weights, scales and bias; of outputs as many maps, or one of
    two that are joined (`gated`), and the sum with a skip.
    """

    def rule(node: OnnxNode) -> Work:
        shape, deep = node.shape(), node.get("K")
        wide = [node.get(name) for name in names]
        many = tokens(shape)
        normed = many * deep if node.has(2) else 0
        active = many * wide[0] if gated else 0
        work = {"muls": 3 * normed + 2 * active, "adds": normed * (1 + node.has(1)) + active,
                "exps": active, "divs": active}  # fmt: skip
        products = tuple((columns, deep, many, 1) for columns in wide)
        layer = Products(shapes=node.outputs, products=products, held=True, **work)
        biases = tuple(place + 2 for place in places)
        return Work(
            (layer,), (shape,), operands=(0,), weights=(2, *places, *biases),
            tables=tuple(place + 1 for place in places),
            packed={place: deep * columns for place, columns in zip(places, wide, strict=True)},
        )  # fmt: skip

    def shapes(node: OnnxNode) -> list[onnx.TypeProto]:
        wide = [node.get(name) for name in names][: 1 if gated else None]
        return typed(node, *(folded(node.whole(), one) for one in wide), node.whole())

    return rule, shapes


MLP = side_by_side(("N", "N"), (3, 6), gated=True)
QKV = side_by_side(("Nq", "Nkv", "Nkv"), (3, 6, 9), gated=False)


def low_rank(node: OnnxNode) -> Work:
    """MatMulNBitsQLoRA: a packed product, and two packed ones of a low rank beside it."""
    shape, deep, wide = node.shape(), node.get("K"), node.get("N")
    rank = node.whole(3)[0]
    many = tokens(shape)
    products = ((wide, deep, many, 1), (rank, deep, many, 1), (wide, rank, many, 1))
    layer = Products(shapes=node.outputs, products=products, held=True, adds=many * wide)
    packed = {1: wide * deep, 3: rank * deep, 5: wide * rank}
    return Work((layer,), (shape,), operands=(0,), weights=(1, 3, 5), tables=(2, 4, 6),
                packed=packed)  # fmt: skip


def router(node: OnnxNode) -> Work:
    """RouterGateUpProj: one product, of which a part is the router's and the rest a gated pair."""
    shape, deep, wide = node.shape(), *node.whole(1)
    many = tokens(shape)
    active = many * (wide - node.get("router_size")) // 2
    layer = Products(
        shapes=node.outputs, products=((wide, deep, many, 1),), held=True,
        muls=2 * active, adds=active, exps=active, divs=active,
    )  # fmt: skip
    return Work((layer,), (shape,), operands=(0,), weights=(1,))


def router_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """The router's logits, and the gated half of the rest."""
    first, wide = node.get("router_size"), node.whole(1)[1]
    return typed(node, folded(node.whole(), first), folded(node.whole(), (wide - first) // 2))


OWN: dict[str, tuple[Rule, Shaper]] = {
    "MoE": (mixture, same),
    "QMoE": (mixture, same),
    "MoEPacked": (packed_mixture, same),
    "MatMulNBitsMlp": MLP,
    "MatMulNBitsQkv": QKV,
    "MatMulNBitsQLoRA": (
        low_rank,
        lambda node: typed(node, folded(node.whole(), node.get("N"))),
    ),
    "RouterGateUpProj": (router, router_shapes),
}
RULES: dict[str, Rule] = {f"{DOMAIN}:{op}": rule for op, (rule, _) in OWN.items()}
SHAPES: dict[str, Shaper] = {f"{DOMAIN}:{op}": shape for op, (_, shape) in OWN.items()}
FOLLOW: dict[str, Follow] = dict.fromkeys(OWN, vectors)
