"""Shapes by rules of our own, for operators that onnx infers wrongly or does not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np
import onnx

from costmodel.core.tally import Shape
from costmodel.errors import BadValue
from costmodel.frontends.onnx.constants import tensor_type
from costmodel.frontends.onnx.node import OnnxNode

Shaper = Callable[[OnnxNode], Sequence[onnx.TypeProto]]
"""The types of a node's outputs, of its first ones at least."""


def typed(node: OnnxNode, *shapes: Shape, like: int = 0) -> list[onnx.TypeProto]:
    """Outputs of these shapes, of the element type of the input `like`."""
    elem = node.value(like).type.tensor_type.elem_type
    return [tensor_type(elem, shape) for shape in shapes]


def element(kind: int, shape: Shape) -> onnx.TypeProto:
    """An output of a stated element type."""
    return tensor_type(kind, shape)


def same(node: OnnxNode) -> list[onnx.TypeProto]:
    """One output like the first input."""
    return typed(node, node.whole())


def stretched_over(*places: int, like: int = 0, kind: int = 0) -> Shaper:
    """One output of the common shape of these inputs, of the type of one of them or a `kind`."""

    def shape(node: OnnxNode) -> list[onnx.TypeProto]:
        held = [node.whole(place) for place in places if node.has(place)]
        common = tuple(map(int, np.broadcast_shapes(*held)))
        return [element(kind, common)] if kind else typed(node, common, like=like)

    return shape


def slid(
    size: int, taps: int, step: int, dilation: int, around: tuple[int, int], ceil: bool
) -> int:
    """Positions of a window along an axis of `size` elements.

    Rounded up, the last window has to begin inside the input or the padding before it (torch's
    ``pooling_output_shape``, onnxruntime, ONNX from operator set 22). Of 9 elements with 2 padded
    on each side, a window of 4 and a stride of 4 there are ceil(9 / 4) + 1 = 4, of which the last
    would begin at 12 >= 9 + 2: 3.

    >>> slid(9, 4, 4, 1, (2, 2), True), slid(9, 4, 4, 1, (2, 2), False)
    (3, 3)
    """
    room = size + sum(around) - dilation * (taps - 1) - 1
    if not ceil:
        return room // step + 1
    out = -(-room // step) + 1
    return out - ((out - 1) * step >= size + around[0])


def window_of(node: OnnxNode, sizes: Shape, kernel: Shape) -> Shape:
    """Positions of the window of a pool or convolution over axes of these sizes."""
    axes = len(kernel)
    steps = node.get("strides") or (1,) * axes
    dilations = node.get("dilations") or (1,) * axes
    pads = node.get("pads") or (0,) * 2 * axes
    auto, ceil = node.get("auto_pad", "NOTSET"), bool(node.get("ceil_mode", 0))
    if auto.startswith("SAME"):
        out = tuple(-(-n // s) for n, s in zip(sizes, steps, strict=True))
    else:
        around = (
            [(0, 0)] * axes if auto == "VALID" else list(zip(pads[:axes], pads[axes:], strict=True))
        )
        given = zip(sizes, kernel, steps, dilations, around, strict=True)
        out = tuple(slid(*axis, ceil) for axis in given)
    return full(out, sizes)


def full(out: Shape, sizes: Shape) -> Shape:
    """Sizes that are there. Raises BadValue where a window does not fit."""
    if any(size < 1 for size in out):
        what = f"its window gives {list(out)} out of {list(sizes)}"
        raise BadValue(what, "use a smaller kernel or more padding")
    return out


def spread_out(node: OnnxNode, sizes: Shape, kernel: Shape, pads: Sequence[int]) -> Shape:
    """Positions of a transposed convolution: s (n - 1) + extra + d (k - 1) + 1 - pads.

    SAME makes it s n, inside which the extra lies; a stated `output_shape` is the answer.
    """
    axes = len(kernel)
    stated = node.get("output_shape")
    if stated:
        return full(tuple(stated[-axes:]), sizes)
    steps = node.get("strides") or (1,) * axes
    dilations = node.get("dilations") or (1,) * axes
    extra = node.get("output_padding") or (0,) * axes
    auto = node.get("auto_pad", "NOTSET")
    if auto.startswith("SAME"):
        return full(tuple(n * s for n, s in zip(sizes, steps, strict=True)), sizes)
    around = [0] * axes
    if auto != "VALID":
        around = [b + e for b, e in zip(pads[:axes], pads[axes:], strict=True)]
    given = zip(sizes, kernel, steps, dilations, extra, around, strict=True)
    return full(tuple(s * (n - 1) + x + d * (k - 1) + 1 - p for n, k, s, d, x, p in given), sizes)


def multiplied(left: Shape, right: Shape) -> Shape:
    """The shape of a matrix product, as numpy has it. Raises BadValue where it does not fit."""
    a = (1, *left) if len(left) == 1 else left
    b = (*right, 1) if len(right) == 1 else right
    if a[-1] != b[-2]:
        what = f"shapes do not fit: a product of {list(left)} and {list(right)}"
        raise BadValue(what, "check the export")
    lead = tuple(map(int, np.broadcast_shapes(a[:-2], b[:-2])))
    rows = a[-2:-1] if len(left) > 1 else ()
    columns = b[-1:] if len(right) > 1 else ()
    return (*lead, *rows, *columns)


def folded(shape: Shape, last: int) -> Shape:
    """A shape with another last size."""
    return (*shape[:-1], last)


def tokens(shape: Shape) -> int:
    """Vectors along the last axis."""
    return prod(shape[:-1])
