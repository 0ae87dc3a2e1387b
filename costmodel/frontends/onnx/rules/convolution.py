"""Convolutions, plain, depthwise, transposed and quantised, over one to three axes."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from math import prod
from typing import Any

import onnx

from costmodel.core import kinds
from costmodel.core.layer import Layer
from costmodel.core.tally import Shape
from costmodel.core.window import extents, padding_for, same_padding
from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules.elementwise import activated
from costmodel.frontends.onnx.samples import batched
from costmodel.frontends.onnx.shaping import Shaper, spread_out, typed, window_of
from costmodel.models.layers.computed import Products, behind


def sliding(
    kind: str, axes: int, suffixes: tuple[str, ...] = ("1d", "2d", "3d"), **attributes: Any
) -> Layer:
    """The layer of a kind whose window slides over so many axes. Raises BadValue for other numbers.

    >>> sliding("conv", 1, filters=8, kernel=(3,)).kind
    'conv1d'
    """
    if axes not in (1, 2, 3):
        raise BadValue(f"a window over {axes} axes", "of 1 to 3 it is known")
    return kinds.get(kind + suffixes[axes - 1])(**attributes)


def window(node: OnnxNode, sizes: Shape, kernel: Shape, out: Shape) -> dict[str, Shape]:
    """Stride, dilation and padding of a window over `sizes`, so that `out` comes out."""
    axes = len(kernel)
    stride = tuple(node.get("strides", (1,) * axes))
    dilation = tuple(node.get("dilations", (1,) * axes))
    # a file lists what is added before all axes, then what is added after them
    pads = node.get("pads", (0,) * 2 * axes)
    around: tuple[Shape, ...] = tuple(zip(pads[:axes], pads[axes:], strict=True))
    auto = node.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        order = 1 if auto == "SAME_UPPER" else -1
        steps = zip(sizes, kernel, stride, dilation, strict=True)
        around = tuple(same_padding(*axis)[::order] for axis in steps)
    padding = padding_for(sizes, out, kernel, stride, tuple(chain(*around)), dilation)
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": padding}


def in_front(shape: Shape, axes: int, last: bool) -> Shape:
    """A map's shape with its channels in front of the window's axes, where they stand `last`."""
    return (*shape[: -axes - 1], shape[-1], *shape[-axes - 1 : -1]) if last else shape


def is_last(node: OnnxNode) -> bool:
    """True where a map's channels stand last; weights have them in front all the same."""
    return node.op.startswith("Nhwc") or bool(node.get("channels_last", 0))


def conv(node: OnnxNode, data: int = 0, weight: int = 1, bias: int = 2) -> Work:
    """A convolution over one to three axes; with one group per channel it is depthwise."""
    filters, _, *kernel = node.whole(weight)
    axes, groups = len(kernel), node.get("group", 1)
    shape, out = (in_front(s, axes, is_last(node)) for s in (node.shape(data), node.outputs[0]))
    channels = shape[-axes - 1]
    attributes: dict[str, Any] = {"filters": filters, "groups": groups, "bias": node.has(bias)}
    kind = "conv"
    if groups == channels and groups > 1:
        kind = "depthwise_conv"
        attributes = {"multiplier": filters // channels, "bias": node.has(bias)}
    attributes |= window(node, shape[-axes:], tuple(kernel), out[-axes:])
    layer = sliding(kind, axes, **attributes)
    return Work((layer,), (shape,), operands=(data,), weights=(weight, bias), bias=bias)


def fused_conv(node: OnnxNode) -> Work:
    """A convolution, a map (Z) that is added to it, and a function of the sum."""
    work, out = conv(node), node.outputs[0]
    after = (*behind(out, adds=prod(out) * node.has(3)), *activated(node.get("activation")))
    return replace(work, layers=(*work.layers, *after))


def deformed(node: OnnxNode) -> Work:
    """DeformConv: x, w, offsets, bias, mask; each tap of each channel is mixed of four elements."""
    filters, share, *kernel = node.whole(1)
    out, axes = node.outputs[0], len(kernel)
    taps = prod(out[-axes:]) * prod(kernel) * node.shape()[-axes - 1] * prod(out[: -axes - 1])
    groups = node.get("group", 1)
    product = (filters // groups, share * prod(kernel), prod(out) // filters, groups)
    layer = Products(
        shapes=(out,), products=(product,), held=True,
        muls=(2**axes + node.has(4)) * taps, adds=(2**axes - 1) * taps,
    )  # fmt: skip
    return Work((layer,), (node.shape(),), operands=(0,), weights=(1, 3), bias=3)


def causal(node: OnnxNode) -> Work:
    """CausalConvWithState: a depthwise convolution over what has come, its end carried along."""
    shape, taps = node.shape(), prod(node.whole(1)[1:])
    out = node.outputs[0]
    channels = node.whole(1)[0]
    products = ((1, taps, prod(out) // channels, channels),)
    curved = prod(out) * (node.get("activation", "none") != "none")
    layer = Products(
        shapes=node.outputs, products=products, held=True,
        exps=curved, adds=curved, divs=curved, muls=curved,
    )  # fmt: skip
    return Work((layer,), (shape,), operands=(0,), weights=(1, 2), bias=2)


def causal_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """The input's shape, and a state of one element less than the window has."""
    shape, taps = node.whole(), node.whole(1)[-1]
    if node.get("input_channels", 0):
        raise BadValue("it works on a slice of the channels", "slice them before it")
    carried = node.get("state_length", 0) or (taps - 1) * node.get("dilation", 1)
    last = bool(node.get("channels_last", 0))
    state = (shape[0], carried, shape[-1]) if last else (*shape[:-1], carried)
    return typed(node, shape, node.whole(3) if node.has(3) else state)


def conv_shape(data: int = 0, weight: int = 1, like: int = 0) -> Shaper:
    """[batch, filters, positions], or with the filters last."""

    def shape(node: OnnxNode) -> list[onnx.TypeProto]:
        filters, share, *kernel = node.whole(weight)
        axes, last = len(kernel), is_last(node)
        given = in_front(node.whole(data), axes, last)
        if given[-axes - 1] != share * node.get("group", 1):
            what = f"shapes do not fit: {given[-axes - 1]} channels meet filters of {share}"
            raise BadValue(what, "check the export")
        out = window_of(node, given[-axes:], tuple(kernel))
        lead = given[: -axes - 1]
        return typed(node, (*lead, *out, filters) if last else (*lead, filters, *out), like=like)

    return shape


def transposed_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, filters, positions]; a version of ONNX Runtime's has its padding as an input."""
    _, share, *kernel = node.whole(1)
    given, axes = node.whole(), len(kernel)
    pads = node.numbers("pads", 2) if "Dynamic" in node.op else node.get("pads")
    out = spread_out(node, given[-axes:], tuple(kernel), pads or (0,) * 2 * axes)
    return typed(node, (*given[: -axes - 1], share * node.get("group", 1), *out))


def conv_transpose(node: OnnxNode) -> Work:
    """A transposed convolution; weights are [C_in, C_out / groups, window].

    What the file pads or crops follows from its output: of 5 -> 9 with a window of 3 and stride 2,
    2 (5 - 1) + 3 = 11 positions are written, and one is cropped on each side.
    """
    _, share, *kernel = node.whole(1)
    axes, groups, shape = len(kernel), node.get("group", 1), node.shape()
    stride = tuple(node.get("strides", (1,) * axes))
    dilation = tuple(node.get("dilations", (1,) * axes))
    spans = extents(tuple(kernel), dilation)
    padding, extra = [], []
    for n, out, span, step in zip(
        shape[-axes:], node.outputs[0][-axes:], spans, stride, strict=True
    ):
        whole = step * (n - 1) + span
        side = max(-(-(whole - out) // 2), 0)
        padding.append(side)
        extra.append(out - whole + 2 * side)
    layer = sliding(
        "conv_transpose",
        axes,
        filters=share * groups,
        kernel=tuple(kernel),
        stride=stride,
        padding=tuple(padding),
        output_padding=tuple(extra),
        groups=groups,
        bias=node.has(3 if "Dynamic" in node.op else 2),
        dilation=dilation,
    )
    return Work((layer,), (shape,), operands=(0,), weights=(1, 2), bias=2)


def quantised_conv(node: OnnxNode) -> Work:
    """QLinearConv: x, its scale and zero point, w, its scale and zero point, y's, bias."""
    return replace(conv(node, 0, 3, 8), weights=(3, 8), aside=(1, 2, 4, 5, 6, 7))


def integer_conv(node: OnnxNode) -> Work:
    """ConvInteger: x, w, and their zero points."""
    return replace(conv(node, 0, 1, 4), weights=(1,), aside=(2, 3), bias=None)


STANDARD: dict[str, Rule] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "QLinearConv": quantised_conv,
    "ConvInteger": integer_conv,
    "DeformConv": deformed,
    "CausalConvWithState": causal,
}
OWN: dict[str, tuple[Rule, Shaper]] = {
    "FusedConv": (fused_conv, conv_shape()),
    "NhwcConv": (conv, conv_shape()),
    "NhwcFusedConv": (fused_conv, conv_shape()),
    "QLinearConv": (quantised_conv, conv_shape(0, 3, like=7)),
    "ConvTransposeWithDynamicPads": (
        lambda node: replace(conv_transpose(node), weights=(1, 3), bias=3, aside=(2,)),
        transposed_shape,
    ),
    "CausalConvWithState": (causal, causal_shapes),
}
"""Operators of ONNX Runtime's own domain."""
RULES: dict[str, Rule] = STANDARD | {f"com.microsoft:{op}": rule for op, (rule, _) in OWN.items()}
SHAPES: dict[str, Shaper] = {
    "ConvTranspose": transposed_shape,
    "DeformConv": conv_shape(),
    "CausalConvWithState": causal_shapes,
    **{f"com.microsoft:{op}": shape for op, (_, shape) in OWN.items()},
}
FOLLOW: dict[str, Follow] = dict.fromkeys((*STANDARD, *OWN), batched)
