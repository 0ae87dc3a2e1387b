"""Where the elements of a map lie: its axes and strides, worked out by numpy on arrays without memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from costmodel.tally import Shape

Layout = NDArray[np.int8]  # never read: shape and strides alone count


def dense(shape: Sequence[int], order: Sequence[int]) -> Layout:
    """A map without gaps whose axes lie in `order`, the outermost first."""
    sizes = [shape[axis] for axis in order]
    strides = [prod(sizes[place + 1 :]) for place in range(len(sizes))]
    found = as_strided(np.empty(1, np.int8), sizes, strides, writeable=False)
    return found.transpose(np.argsort(order)) if len(sizes) > 1 else found


def row_major(shape: Sequence[int]) -> Layout:
    """The last axis innermost."""
    return dense(shape, range(len(shape)))


def channels_last(shape: Sequence[int]) -> Layout:
    """The channels (axis 1 of a map with a batch axis, axis 0 of one without) innermost."""
    axes, channels = list(range(len(shape))), 1 if len(shape) > 3 else 0
    return dense(shape, [axis for axis in axes if axis != channels] + [channels])


def alike(layout: Layout, shape: Sequence[int]) -> Layout:
    """What an elementwise kernel writes for such an input: its axes in the same order, without gaps."""
    if layout.ndim != len(shape):
        return row_major(shape)
    return dense(shape, sorted(range(layout.ndim), key=lambda axis: -layout.strides[axis]))


def seen(layout: Layout, shape: Shape) -> Layout | None:
    """The same elements under another shape; None where that takes a copy. The batch lies in the first axis."""
    if layout.shape == shape:
        return layout
    try:
        return layout.reshape((-1, *shape[1:]), copy=False)
    except ValueError:
        return None


def merged(layout: Layout) -> bool:
    """True where the axes in front of the last two can be one, and one of these lies densely: a batch of matrices."""
    if layout.ndim < 2 or min(layout.strides[-2:]) > 1:
        return False
    try:
        layout.reshape((-1, *layout.shape[-2:]), copy=False)
    except ValueError:
        return False
    return True
