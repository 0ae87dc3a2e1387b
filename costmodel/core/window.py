"""Sliding windows over any number of axes: the arithmetic that convolutions and pools share."""

from __future__ import annotations

from costmodel.core.attributes import Padding, Sizes
from costmodel.errors import BadValue


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Padding (before, after) that makes an axis of `size` come out as ceil(size / stride).

    The odd element goes after, as in TensorFlow's SAME.
    """
    out = -(-size // stride)
    total = max((out - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def sides(
    sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Padding, dilation: Sizes | None = None
) -> Sizes:
    """The padding of a window on axes of `sizes`: before and after each axis [elements]."""
    if not isinstance(padding, str):
        return padding
    steps = zip(sizes, kernel, stride, dilation or (1,) * len(sizes), strict=True)
    return tuple(side for axis in steps for side in same_padding(*axis))


def torch_sides(sides: Sizes) -> Sizes:
    """Put a padding in torch's order, which has the last axis first."""
    pairs = [sides[at : at + 2] for at in range(0, len(sides), 2)]
    return tuple(side for pair in reversed(pairs) for side in pair)


def extents(kernel: Sizes, dilation: Sizes | None = None) -> Sizes:
    """Elements that a window spans on each axis: d (k - 1) + 1."""
    pairs = zip(kernel, dilation or (1,) * len(kernel), strict=True)
    return tuple(d * (k - 1) + 1 for k, d in pairs)


def out_size(
    sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Padding, dilation: Sizes | None = None
) -> Sizes:
    """Output sizes: floor((n + p - d (k - 1) - 1) / s) + 1 on each axis.

    Source: Dumoulin & Visin 2016, A guide to convolution arithmetic, relationships 6 and 15.
    Raises BadValue where the kernel is larger than the padded map.
    """
    around = sides(sizes, kernel, stride, padding, dilation)
    padded = tuple(n + sum(around[2 * axis : 2 * axis + 2]) for axis, n in enumerate(sizes))
    spans = extents(kernel, dilation)
    if any(span > n for span, n in zip(spans, padded, strict=True)):
        raise BadValue(
            f"the kernel spans {_times(spans)} and its padded map is only {_times(padded)}",
            "use a smaller kernel, more padding, or padding: same",
        )
    return tuple((n - e) // s + 1 for n, e, s in zip(padded, spans, stride, strict=True))


def padding_for(
    sizes: Sizes, out: Sizes, kernel: Sizes, stride: Sizes, around: Sizes, dilation: Sizes
) -> Sizes:
    """`around`, with what has to be added after each axis so that the sizes `out` come out.

    Frameworks that round output sizes up (ceil_mode) let windows run over the end of the map.
    """
    padded: list[int] = []
    for axis, (n, o, e, s) in enumerate(
        zip(sizes, out, extents(kernel, dilation), stride, strict=True)
    ):
        before, after = around[2 * axis : 2 * axis + 2]
        wanted = (o - 1) * s + e - n - before
        fits = wanted <= after < wanted + s
        padded += [before, after if fits else max(wanted, 0)]
    return tuple(padded)


def _times(sizes: Sizes) -> str:
    return "x".join(map(str, sizes))
