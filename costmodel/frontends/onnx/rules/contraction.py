"""Convolutions and matrix products, whole and quantised; attention and recurrence."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from costmodel.core.layer import Layer
from costmodel.core.tally import Shape, Shapes
from costmodel.core.window import extents, padding_for, same_padding
from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Node, Rule, Work
from costmodel.models.layers.attention import Attention
from costmodel.models.layers.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    DepthwiseConv1d,
    DepthwiseConv2d,
    DepthwiseConv3d,
)
from costmodel.models.layers.conv_transpose import (
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from costmodel.models.layers.einsum import Einsum
from costmodel.models.layers.linear import Linear
from costmodel.models.layers.matmul import Matmul
from costmodel.models.layers.recurrent import Recurrent

CONVOLUTIONS: dict[int, type[Conv2d]] = {1: Conv1d, 2: Conv2d, 3: Conv3d}
DEPTHWISE: dict[int, type[DepthwiseConv2d]] = {
    1: DepthwiseConv1d,
    2: DepthwiseConv2d,
    3: DepthwiseConv3d,
}
TRANSPOSED: dict[int, type[ConvTranspose2d]] = {
    1: ConvTranspose1d,
    2: ConvTranspose2d,
    3: ConvTranspose3d,
}


def window(node: Node, sizes: Shape, kernel: Shape, out: Shape) -> dict[str, Shape]:
    """Stride, dilation and padding of a window over `sizes`, so that `out` comes out."""
    axes = len(kernel)
    stride = tuple(node.get("strides", (1,) * axes))
    dilation = tuple(node.get("dilations", (1,) * axes))
    pads = tuple(node.get("pads", (0,) * 2 * axes))
    around = tuple(pads[side * axes + axis] for axis in range(axes) for side in range(2))
    auto = node.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        steps = zip(sizes, kernel, stride, dilation, strict=True)
        pairs = [same_padding(*axis) for axis in steps]
        order = 1 if auto == "SAME_UPPER" else -1
        around = tuple(side for pair in pairs for side in pair[::order])
    padding = padding_for(sizes, out, kernel, stride, around, dilation)
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": padding}


def known_rank(table: dict[int, type[Layer]], axes: int) -> int:
    """The number of axes that a window slides over. Raises BadValue for one that is not known."""
    if axes not in table:
        raise BadValue(f"a window over {axes} axes", f"of {min(table)} to {max(table)} it is known")
    return axes


def conv(node: Node, data: int = 0, weight: int = 1, bias: int = 2) -> Work:
    """A convolution over one to three axes; with one group per channel it is depthwise."""
    filters, _, *kernel = node.whole(weight)
    axes = known_rank({**CONVOLUTIONS}, len(kernel))
    groups, shape, out = node.get("group", 1), node.shape(data), node.outputs[0]
    channels = shape[-axes - 1]
    options = window(node, shape[-axes:], tuple(kernel), out[-axes:])
    has_bias = node.has(bias)
    layer: Layer
    if groups == channels and groups > 1:
        layer = DEPTHWISE[axes](multiplier=filters // channels, bias=has_bias, **options)
    else:
        layer = CONVOLUTIONS[axes](filters=filters, groups=groups, bias=has_bias, **options)
    return Work((layer,), (shape,), weights=(weight, bias), bias=bias)


def conv_transpose(node: Node) -> Work:
    """A transposed convolution; weights are [C_in, C_out / groups, window]."""
    _, share, *rest = node.whole(1)
    kernel, groups, shape = tuple(rest), node.get("group", 1), node.shape()
    axes = known_rank({**TRANSPOSED}, len(kernel))
    stride = tuple(node.get("strides", (1,) * axes))
    dilation = tuple(node.get("dilations", (1,) * axes))
    padding, extra = [], []
    spans = extents(kernel, dilation)
    steps = zip(shape[-axes:], node.outputs[0][-axes:], spans, stride, strict=True)
    for n, out, span, step in steps:
        whole = step * (n - 1) + span
        side = max(-(-(whole - out) // 2), 0)
        padding.append(side)
        extra.append(out - whole + 2 * side)
    layer = TRANSPOSED[axes](
        filters=share * groups,
        kernel=kernel,
        stride=stride,
        padding=tuple(padding),
        output_padding=tuple(extra),
        groups=groups,
        bias=node.has(2),
        dilation=dilation,
    )
    return Work((layer,), (shape,), weights=(1, 2), bias=2)


def quantised_conv(node: Node) -> Work:
    """QLinearConv: x, its scale and zero point, w, its scale and zero point, y's, bias."""
    return replace(conv(node, 0, 3, 8), weights=(3, 8), aside=(1, 2, 4, 5, 6, 7))


def integer_conv(node: Node) -> Work:
    """ConvInteger: x, w, and their zero points."""
    return replace(conv(node, 0, 1, 4), weights=(1,), aside=(2, 3), bias=None)


def product(node: Node, weights: tuple[int, ...], aside: tuple[int, ...] = ()) -> Work:
    """y = a b: a dense layer if one side is a matrix of weights, else a product of maps."""
    left, right = node.factors
    if node.value(right).constant:
        work = replace(_times_constant(node, left, right), operands=(left,))
    elif node.value(left).constant:
        work = replace(_constant_times(node, left, right), operands=(right,))
    else:
        work = Work((Matmul(),), _pair(node, left, right), operands=(left, right))
    return replace(work, weights=weights, aside=aside)


def _pair(node: Node, left: int, right: int) -> Shapes:
    """Both maps of a product, of one rank."""
    a, b = turned(node, left), turned(node, right)
    # a vector is a row on the left, a column on the right
    a = a if len(a) > 1 else (1, *a)
    b = b if len(b) > 1 else (*b, 1)
    rank = max(len(a), len(b))
    return (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b


def turned(node: Node, place: int) -> Shape:
    """The shape of a factor as the product multiplies it."""
    shape = node.shape(place)
    if node.get("transA" if place == node.factors[0] else "transB", 0) and len(shape) > 1:
        return (*shape[:-2], shape[-1], shape[-2])
    return shape


def _times_constant(node: Node, left: int, right: int) -> Work:
    """Weights on the right: of each vector along the summed axis."""
    shape, held = node.shape(left), node.whole(right)
    spread = node.spread(left)
    summed = spread.place(-2 if node.get("transA", 0) and len(spread.whole) > 1 else -1)
    inner, wide = (held[-1], 1) if len(held) == 1 else (held[-2], held[-1])
    if node.get("transB", 0) and len(held) > 1:
        inner, wide = wide, inner
    if prod(held[:-2]) == 1:
        return Work((Linear(features=wide, bias=False, axis=summed),), (shape,))
    constant = node.spread(left).beside((*held[:-2], inner, wide))
    rank = max(len(shape), len(constant))
    padded = (1,) * (rank - len(shape)) + shape
    constant = (1,) * (rank - len(constant)) + constant
    return Work((Matmul(constant=constant),), (padded,))


def _constant_times(node: Node, left: int, right: int) -> Work:
    """Weights on the left: of each column of the map."""
    shape, held = node.shape(right), node.whole(left)
    spread = node.spread(right)
    vector = len(spread.whole) == 1
    summed = spread.place(-1 if vector or node.get("transB", 0) else -2)
    tall = 1 if len(held) == 1 else held[-1 if node.get("transA", 0) else -2]
    if prod(held[:-2]) == 1:
        return Work((Linear(features=tall, bias=False, axis=summed),), (shape,))
    constant = spread.beside(held)
    rank = max(len(shape), len(constant))
    padded = (1,) * (rank - len(shape)) + shape
    constant = (1,) * (rank - len(constant)) + constant
    return Work((Matmul(constant=constant, constant_first=True),), (padded,))


def matmul(node: Node) -> Work:
    """MatMul, and FusedMatMul, whose factors may be transposed."""
    return product(node, (0, 1))


def gemm(node: Node) -> Work:
    """Gemm: a and b possibly transposed, and a bias."""
    work = product(node, (0, 1, 2))
    layer = work.layers[0]
    if isinstance(layer, Linear) and node.has(2) and node.value(2).constant:
        return replace(work, layers=(replace(layer, bias=True),), bias=2)
    return replace(work, bias=2)


def quantised_matmul(node: Node) -> Work:
    """QLinearMatMul: a, its scale and zero point, b, its scale and zero point, y's."""
    return product(node, (0, 3), (1, 2, 4, 5, 6, 7))


def integer_matmul(node: Node) -> Work:
    """MatMulInteger: a, b, and their zero points."""
    return product(node, (0, 1), (2, 3))


def einsum(node: Node) -> Work:
    """Operands that share summed indices, the letter of the samples left out."""
    terms, out = node.equation
    order = [*node.maps, *(n for n in range(len(terms)) if n not in node.maps)]
    own, shapes = [], []
    for place in order:
        spread, term = node.spread(place), terms[place]
        if spread.alone and spread.axis is not None:
            term = term[: spread.axis] + term[spread.axis + 1 :]
        own.append(term)
        shapes.append(spread.shape)
    end = node.ends[0]
    if end.alone and end.axis is not None:
        out = out[: end.axis] + out[end.axis + 1 :]
    maps = len(node.maps)
    layer = Einsum(f"{','.join(own)}->{out}", tuple(shapes[maps:]))
    return Work((layer,), tuple(shapes[:maps]), weights=tuple(range(len(terms))))


def attention(node: Node) -> Work:
    """Return the work of Attention, as operator set 23 defines it.

    Its maps are [heads, tokens, size], or [tokens, heads * size], per sample.
    """
    q, k, v = (node.shape(i) for i in range(3))
    if len(node.whole(0)) == 3:
        heads, kv = node.get("q_num_heads"), node.get("kv_num_heads")
        q = (*q[:-2], heads, q[-2], q[-1] // heads)
        k, v = ((*s[:-2], kv, s[-2], s[-1] // kv) for s in (k, v))
    past = node.whole(4)[2] if node.has(4) else 0
    others = tuple(n for n in node.maps if n > 2)
    shapes = (q, k, v, *map(node.shape, others))
    return Work((Attention(past=past),), shapes, operands=(0, 1, 2, *others))


def recurrent(node: Node) -> Work:
    """X [steps, samples, size]; w [directions, gates * hidden, size], r, b, lengths, states."""
    shape, directions = node.shape(), node.whole(1)[0]
    layer = Recurrent(
        cell=node.op.lower(),
        hidden=node.whole(2)[-1],
        bidirectional=directions == 2,
        bias=node.has(3),
    )
    others = tuple(node.shape(n) for n in node.maps if n)
    return Work((layer,), (shape, *others), weights=(1, 2, 3, 7), aside=(4, 5, 6))


RULES: dict[str, Rule] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "QLinearConv": quantised_conv,
    "ConvInteger": integer_conv,
    "MatMul": matmul,
    "Gemm": gemm,
    "QLinearMatMul": quantised_matmul,
    "MatMulInteger": integer_matmul,
    "Einsum": einsum,
    "Attention": attention,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent),
}
