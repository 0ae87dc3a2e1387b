"""Convolutions, plain, depthwise, transposed and quantised, over one to three axes."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

from costmodel.core import kinds
from costmodel.core.layer import Layer
from costmodel.core.tally import Shape
from costmodel.core.window import extents, padding_for, same_padding
from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import kept


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


def conv(node: OnnxNode, data: int = 0, weight: int = 1, bias: int = 2) -> Work:
    """A convolution over one to three axes; with one group per channel it is depthwise."""
    filters, _, *kernel = node.whole(weight)
    axes, groups, shape = len(kernel), node.get("group", 1), node.shape(data)
    channels = shape[-axes - 1]
    attributes: dict[str, Any] = {"filters": filters, "groups": groups, "bias": node.has(bias)}
    kind = "conv"
    if groups == channels and groups > 1:
        kind = "depthwise_conv"
        attributes = {"multiplier": filters // channels, "bias": node.has(bias)}
    attributes |= window(node, shape[-axes:], tuple(kernel), node.outputs[0][-axes:])
    layer = sliding(kind, axes, **attributes)
    return Work((layer,), (shape,), weights=(weight, bias), bias=bias)


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
        bias=node.has(2),
        dilation=dilation,
    )
    return Work((layer,), (shape,), weights=(1, 2), bias=2)


def quantised_conv(node: OnnxNode) -> Work:
    """QLinearConv: x, its scale and zero point, w, its scale and zero point, y's, bias."""
    return replace(conv(node, 0, 3, 8), weights=(3, 8), aside=(1, 2, 4, 5, 6, 7))


def integer_conv(node: OnnxNode) -> Work:
    """ConvInteger: x, w, and their zero points."""
    return replace(conv(node, 0, 1, 4), weights=(1,), aside=(2, 3), bias=None)


RULES: dict[str, Rule] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "QLinearConv": quantised_conv,
    "ConvInteger": integer_conv,
}
FOLLOW: dict[str, Follow] = dict.fromkeys(RULES, kept)
