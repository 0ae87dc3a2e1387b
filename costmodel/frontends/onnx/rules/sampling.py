"""Maps that are read between their elements: resized, sampled along grids, pooled by regions."""

from __future__ import annotations

from math import ceil, prod

import onnx

from costmodel.core.layer import Layer
from costmodel.core.tally import Shape
from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import batched, nowhere
from costmodel.frontends.onnx.shaping import Shaper, typed
from costmodel.models.layers.computed import Computed, Products
from costmodel.models.layers.move import Copy, Resize

TAPS = {"nearest": 1, "linear": 2, "bilinear": 2, "cubic": 4, "bicubic": 4}
"""Elements along an axis that an element is mixed of."""


def taps(node: OnnxNode, default: str) -> int:
    """The taps of a node's mode. Raises BadValue for a mode that is not known."""
    mode = node.get("mode", default)
    if mode not in TAPS:
        raise BadValue(f"mode '{mode}' is not known", f"one of {', '.join(TAPS)} is")
    return TAPS[mode]


def resize(node: OnnxNode) -> Work:
    """Enlarged or shrunk maps; regions, scales and sizes are no weights.

    A linear mode mixes two elements along each axis that is resized, a cubic one four; with
    `antialias` as many times more as the axis shrinks.
    """
    before, after, axes = node.shape(), node.outputs[0], max(len(node.whole()) - 2, 1)
    each = taps(node, "nearest")
    mixed = tuple(
        each * ceil(old / new) if node.get("antialias", 0) and old > new else each
        for old, new in zip(before, after, strict=True)
        if old != new and each > 1
    )
    layer: Layer = Resize(size=after[-axes:], taps=mixed)
    if after[:-axes] != before[:-axes]:
        size = prod(after)
        muls, adds = sum(mixed) * size, sum(n - 1 for n in mixed) * size
        layer = Computed(shapes=(after,), muls=muls, adds=adds) if mixed else Copy(shape=after)
    return Work((layer,), (before,), operands=(0,), aside=(1, 2, 3))


def resized(node: OnnxNode, number: int) -> int | None:
    """The batch, unless it is what is resized."""
    return batched(node, number) if node.wholes[number][0] == node.whole()[0] else None


def mixing(count: int, each: int, shape: Shape, more: int = 0) -> Layer:
    """Elements of `shape`, each of `count` samples that mix `each` elements; the samples add up."""
    size = prod(shape)
    muls, adds = count * each * (each > 1) * size, (count * each - 1) * size
    return Computed(shapes=(shape,), muls=muls, adds=adds, divs=more * size)


def grid_sample(node: OnnxNode) -> Work:
    """GridSample: x and where to read it; 2^axes products for each element, or 4^axes."""
    axes = len(node.whole()) - 2
    each = taps(node, "linear") ** axes
    return Work((mixing(1, each, node.outputs[0]),), node.shapes)


def grid_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, channels, the grid's positions]."""
    return typed(node, (*node.whole()[:2], *node.whole(1)[1:-1]))


def aligned(node: OnnxNode) -> Work:
    """RoiAlign: bins of `sampling_ratio`^2 samples, each of four elements.

    With a ratio of 0 the samples follow from the regions' sizes; one for each bin is counted.
    """
    count = max(node.get("sampling_ratio", 0), 1) ** 2
    return Work((mixing(count, 4, node.outputs[0], more=count > 1),), node.shapes, aside=(1, 2))


def aligned_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[regions, channels, height, width]."""
    size = node.get("output_height", 1), node.get("output_width", 1)
    return typed(node, (node.whole(1)[0], node.whole()[1], *size))


def region_max(node: OnnxNode) -> Work:
    """MaxRoiPool: how many elements a bin has depends on the regions; one of each is counted."""
    shape = node.outputs[0]
    return Work((Computed(shapes=(shape,), compares=prod(shape)),), node.shapes, aside=(1,))


def region_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[regions, channels, bins]."""
    return typed(node, (node.whole(1)[0], node.whole()[1], *node.get("pooled_shape")))


def crop(node: OnnxNode) -> Work:
    """CropAndResize: regions brought to one size."""
    each = taps(node, "bilinear") ** 2
    return Work((mixing(1, each, node.outputs[0]),), node.shapes, aside=(1, 2, 3))


def crop_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[regions, channels, height, width], the last two a constant."""
    size = node.numbers("", 3)
    if size is None:
        raise BadValue("the size of its crops is no constant", "fold it first")
    return typed(node, (node.whole(1)[0], node.whole()[1], *size))


def added_up(node: OnnxNode) -> Work:
    """Col2Im: columns of blocks added up where they overlap."""
    layer = Computed(shapes=node.outputs, adds=prod(node.shape()))
    return Work((layer,), (node.shape(),), operands=(0,), aside=(1, 2))


def added_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, channels, image]: a block holds as many elements of each channel."""
    image, block = node.numbers("", 1), node.numbers("", 2)
    if image is None or block is None:
        raise BadValue("the size of its image or blocks is no constant", "fold it first")
    axes = len(image)
    steps, dilations = (node.get(name) or (1,) * axes for name in ("strides", "dilations"))
    pads = node.get("pads") or (0,) * 2 * axes
    sides = [b + e for b, e in zip(pads[:axes], pads[axes:], strict=True)]
    given = zip(image, block, steps, dilations, sides, strict=True)
    columns = prod((n + p - d * (k - 1) - 1) // s + 1 for n, k, s, d, p in given)
    batch, rows, found = node.whole()
    if columns != found or rows % prod(block):
        what = f"{list(node.whole())} are not the {columns} blocks of {block} of {image}"
        raise BadValue(what, "check the export")
    return typed(node, (batch, rows // prod(block), *image))


def affine_grid(node: OnnxNode) -> Work:
    """AffineGrid: each position by a small matrix of its sample."""
    whole, out = node.shape(), node.outputs[0]
    axes, many = whole[-2], prod(whole[:-2])
    product = (axes, axes + 1, prod(out) // axes // many, many)
    layer = Products(shapes=(out,), products=(product,))
    return Work((layer,), (whole,), operands=(0,), aside=(1,))


def affine_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, positions, axes] of a constant size [batch, channels, positions]."""
    size = node.numbers("", 1)
    if size is None:
        raise BadValue("the size of its grid is no constant", "fold it first")
    return typed(node, (size[0], *size[2:], len(size) - 2))


TABLE: dict[str, tuple[Rule, Shaper | None]] = {
    "AffineGrid": (affine_grid, affine_shape),
    "Resize": (resize, None),
    "Upsample": (resize, None),
    "GridSample": (grid_sample, grid_shape),
    "RoiAlign": (aligned, aligned_shape),
    "MaxRoiPool": (region_max, region_shape),
    "Col2Im": (added_up, added_shape),
    "com.microsoft:GridSample": (grid_sample, grid_shape),
    "com.microsoft:CropAndResize": (crop, crop_shape),
}
RULES: dict[str, Rule] = {op: rule for op, (rule, _) in TABLE.items()}
SHAPES: dict[str, Shaper] = {op: shape for op, (_, shape) in TABLE.items() if shape is not None}
REGIONS = ("RoiAlign", "MaxRoiPool", "CropAndResize")
"""Operators of whose outputs the first axis counts regions, of whichever image they are."""
FOLLOW: dict[str, Follow] = {
    **dict.fromkeys((op.split(":")[-1] for op in TABLE), batched),
    **dict.fromkeys(("Resize", "Upsample"), resized),
    **dict.fromkeys(REGIONS, nowhere),
}
