"""Convolutions and matrix products, whole and quantised."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from costmodel.errors import BadValue
from costmodel.importer.node import Node, Rule, Work
from costmodel.layers.attention import Attention
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.conv_transpose import ConvTranspose2d
from costmodel.layers.linear import Linear
from costmodel.layers.matmul import Matmul
from costmodel.tally import Shape, Tally


def flat(shape: Shape) -> Shape:
    """[N, C, spatial...] as [C, N times all axes but the last, last]: what a 2-D formula needs."""
    if len(shape) < 3:
        raise BadValue(
            f"a feature map has three axes or more, got {list(shape)}", "check the export"
        )
    return (shape[1], shape[0] * prod(shape[2:-1]), shape[-1])


def pair(sizes: Shape) -> tuple[int, int]:
    """A window of one to three sizes as (all but the last, last)."""
    return prod(sizes[:-1]), sizes[-1]


def conv(node: Node, data: int = 0, weight: int = 1, bias: int = 2) -> Work:
    """A convolution of any rank; with one group per channel it is depthwise."""
    filters, _, *window = node.shape(weight)
    groups, channels, kernel = node.get("group", 1), node.shape(data)[1], pair(tuple(window))
    if groups == channels and groups > 1:
        layer: Conv2d | DepthwiseConv2d = DepthwiseConv2d(
            kernel=kernel, multiplier=filters // channels
        )
    else:
        layer = Conv2d(filters=filters, kernel=kernel, groups=groups, bias=node.has(bias))
    tally = layer.tally((flat(node.shape(data)),), (flat(node.outputs[0]),))
    return Work(layer, tally, weights=(weight, bias), bias=bias)


def conv_transpose(node: Node) -> Work:
    """A transposed convolution; weights are [C_in, C_out / groups, window]."""
    _, share, *window = node.shape(1)
    groups = node.get("group", 1)
    layer = ConvTranspose2d(
        filters=share * groups, kernel=pair(tuple(window)), groups=groups, bias=node.has(2)
    )
    return Work(
        layer, layer.tally((flat(node.shape()),), (flat(node.outputs[0]),)), weights=(1, 2), bias=2
    )


def quantised_conv(node: Node) -> Work:
    """QLinearConv: x, its scale and zero point, w, its scale and zero point, y's, bias."""
    work = conv(node, 0, 3, 8)
    return Work(work.layer, work.tally, weights=(3, 8), aside=(1, 2, 4, 5, 6, 7), bias=8)


def integer_conv(node: Node) -> Work:
    """ConvInteger: x, w, and their zero points."""
    work = conv(node, 0, 1, 4)
    return Work(work.layer, work.tally, weights=(1,), aside=(2, 3))


def product(node: Node, left: int, right: int, depth: int, weights: tuple[int, ...],
            aside: tuple[int, ...] = ()) -> Work:  # fmt: skip
    """y = a b with `depth` multiply-adds per output: linear if one side is constant, else matmul."""
    out = node.outputs[0]
    a, b = node.inputs[left], node.inputs[right]
    assert a is not None
    assert b is not None
    if b.constant or a.constant:
        whole, depth = prod(out), max(depth, 1)
        features = (
            (out[-1] if out else 1) if b.constant else whole // max(prod(a.shape) // depth, 1)
        )
        tokens = whole // max(features, 1)
        layer: Linear | Matmul = Linear(features=features, bias=False)
        tally = layer.tally(((tokens, depth),), ((tokens, features),))
    else:
        layer = Matmul()
        tally = layer.tally(((prod(out), depth), b.shape), (out,))
    return Work(layer, tally, weights=weights, aside=aside)


def matmul(node: Node) -> Work:
    """MatMul: the inner size is the last axis of the first input."""
    return product(node, 0, 1, node.shape(0)[-1], (0, 1))


def gemm(node: Node) -> Work:
    """Gemm: a and b possibly transposed, and a bias."""
    depth = node.shape(0)[0 if node.get("transA", 0) else -1]
    work = product(node, 0, 1, depth, (0, 1, 2))
    layer = replace(work.layer, bias=node.has(2)) if isinstance(work.layer, Linear) else work.layer
    return replace(work, layer=layer, bias=2)


def quantised_matmul(node: Node) -> Work:
    """QLinearMatMul: a, its scale and zero point, b, its scale and zero point, y's."""
    return product(node, 0, 3, node.shape(0)[-1], (0, 3), (1, 2, 4, 5, 6, 7))


def integer_matmul(node: Node) -> Work:
    """MatMulInteger: a, b, and their zero points."""
    return product(node, 0, 1, node.shape(0)[-1], (0, 1), (2, 3))


def einsum(node: Node) -> Work:
    """Two operands that share a summed index: one multiply-add for each combination of all indices."""
    left, arrow, right = node.get("equation").replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:  # what stands once is kept
        right = "".join(letter for letter in left if left.count(letter) == 1)
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, node.shapes, strict=True):
        before, _, after = term.partition("...")
        sizes |= dict(zip(before, shape, strict=False))
        sizes |= dict(zip(after, shape[len(shape) - len(after) :], strict=False))
    summed = set("".join(terms).replace(".", "")) - set(right.replace(".", ""))
    depth = prod(sizes[letter] for letter in summed)
    if len(terms) == 2:
        return product(node, 0, 1, depth, (0, 1))
    macs = prod(node.outputs[0]) * depth * max(len(terms) - 1, 0)
    return Work(Matmul(), Tally.of(node.shapes, node.outputs, macs=macs))


def attention(node: Node) -> Work:
    """Attention of operator set 23: q, k, v as [N, heads, tokens, size] or [N, tokens, heads * size]."""
    q, k, v = (node.shape(i) for i in range(3))
    if len(q) == 3:
        heads, kv = node.get("q_num_heads"), node.get("kv_num_heads")
        q = (q[0], heads, q[1], q[2] // heads)
        k, v = ((s[0], kv, s[1], s[2] // kv) for s in (k, v))
    past = node.shape(4)[2] if node.has(4) else 0
    k, v = ((s[0], q[1], s[2] + past, s[3]) for s in (k, v))
    layer = Attention()
    three = tuple((s[0] * s[1], s[2], s[3]) for s in (q, k, v))
    return Work(layer, layer.tally(three, ((three[0][0], three[0][1], three[2][2]),)))


GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(node: Node) -> Work:
    """x [steps, batch, size], w [directions, gates * hidden, size], r: two products and the gates each step."""
    steps, batch, size = node.shape(0)
    directions, wide = node.shape(1)[:2]
    hidden = wide // GATES[node.op]
    tokens = steps * batch * directions
    layer = Linear(features=wide, bias=False)
    tally = layer.tally(((tokens, size + hidden),), ((tokens, wide),))
    gates = tokens * wide  # each an exponential, and a product with the state
    return Work(
        layer, replace(tally, exps=gates, muls=gates), weights=(1, 2, 3, 7), aside=(4, 5, 6)
    )


RULES: dict[str, Rule] = {
    "Conv": conv, "ConvTranspose": conv_transpose, "QLinearConv": quantised_conv, "ConvInteger": integer_conv,
    "MatMul": matmul, "Gemm": gemm, "QLinearMatMul": quantised_matmul, "MatMulInteger": integer_matmul,
    "Einsum": einsum, "Attention": attention, **dict.fromkeys(GATES, recurrent),
}  # fmt: skip
