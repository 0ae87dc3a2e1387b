"""Where the elements of a map lie: axes and strides, worked out by numpy without any memory.

A layout has the samples of a run as its first axis and the axes of one sample behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from costmodel.core.tally import Shape

SAMPLES = 2
"""Stands for any number of samples above 1: with one alone, axes merge that do not otherwise."""
Layout = NDArray[np.int8]
"""Never read: shape and strides alone count."""


def dense(shape: Shape, order: Sequence[int], samples_at: int = 0) -> Layout:
    """A map of `shape` per sample without gaps, its axes in `order`, the outermost first.

    The samples lie inside `samples_at` of them.
    """
    places = [axis + 1 for axis in order]
    return _strided((SAMPLES, *shape), [*places[:samples_at], 0, *places[samples_at:]])


def _strided(shape: Shape, order: Sequence[int]) -> Layout:
    """An array without gaps whose axes lie in `order`, the outermost first."""
    sizes = [shape[axis] for axis in order]
    strides = [prod(sizes[place + 1 :]) for place in range(len(sizes))]
    dense_map = as_strided(np.empty(1, np.int8), sizes, strides, writeable=False)
    return dense_map.transpose(np.argsort(order))


def row_major(shape: Shape, samples_at: int = 0) -> Layout:
    """The last axis innermost, the samples inside `samples_at` axes."""
    return dense(shape, range(len(shape)), samples_at)


def channels_last(shape: Shape, channel: int) -> Layout:
    """The axis `channel` of a sample innermost."""
    others = [axis for axis in range(len(shape)) if axis != channel]
    return dense(shape, [*others, channel])


def alike(layout: Layout, shape: Shape) -> Layout:
    """What an elementwise kernel writes for such an input: axes in the same order, without gaps."""
    if layout.ndim != len(shape) + 1:
        return row_major(shape)
    order = sorted(range(layout.ndim), key=lambda axis: -layout.strides[axis])
    return _strided((SAMPLES, *shape), order)


def seen(layout: Layout, shape: Shape) -> Layout | None:
    """The same elements under another shape per sample; None where that takes a copy."""
    wanted = (layout.shape[0], *shape)
    return layout if layout.shape == wanted else _reshaped(layout, wanted)


def _reshaped(layout: Layout, shape: Shape) -> Layout | None:
    """The layout under a `shape` that includes the samples; None where that takes a copy."""
    try:
        return layout.reshape(shape, copy=False)
    except ValueError:
        return None


def merged(layout: Layout) -> bool:
    """True for a batch of matrices: the axes in front of the last two can be one.

    And one of the last two lies densely.
    """
    if layout.ndim < 2 or min(layout.strides[-2:]) > 1:
        return False
    return _reshaped(layout, (-1, *layout.shape[-2:])) is not None
