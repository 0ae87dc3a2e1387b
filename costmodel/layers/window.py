"""Sliding windows: the arithmetic that convolutions and pools share."""

from __future__ import annotations

from costmodel.errors import BadValue
from costmodel.layers.fields import Padding, Pair

Sides = tuple[int, int, int, int]  # (top, bottom, left, right) [elements]


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Padding (before, after) that makes an axis of `size` come out as ceil(size / stride).

    The odd element goes after, as in TensorFlow's SAME.
    """
    out = -(-size // stride)
    total = max((out - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def sides(height: int, width: int, kernel: Pair, stride: Pair, padding: Padding,
          dilation: Pair = (1, 1)) -> Sides:  # fmt: skip
    """The padding of a window on a map of `height` x `width`, written out for four sides."""
    if isinstance(padding, tuple):
        return padding
    vertical = same_padding(height, kernel[0], stride[0], dilation[0])
    return vertical + same_padding(width, kernel[1], stride[1], dilation[1])


def out_size(height: int, width: int, kernel: Pair, stride: Pair, padding: Padding,
             dilation: Pair = (1, 1)) -> Pair:  # fmt: skip
    """Output (height, width): floor((n + p - d (k - 1) - 1) / s) + 1 on each axis.

    Source: Dumoulin & Visin 2016, A guide to convolution arithmetic, relationships 6 and 15.
    Raises BadValue where the kernel is larger than the padded map.
    """
    top, bottom, left, right = sides(height, width, kernel, stride, padding, dilation)
    padded = (height + top + bottom, width + left + right)
    extent = (dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1)
    if extent[0] > padded[0] or extent[1] > padded[1]:
        raise BadValue(
            f"the kernel spans {extent[0]}x{extent[1]} and its padded map is only "
            f"{padded[0]}x{padded[1]}", "use a smaller kernel, more padding, or padding: same"
        )  # fmt: skip
    return (padded[0] - extent[0]) // stride[0] + 1, (padded[1] - extent[1]) // stride[1] + 1
