"""Operators that move elements without arithmetic, and views, which move nothing."""

from __future__ import annotations

from math import prod

from costmodel.importer.node import Node, Rule, Work
from costmodel.layers.merge import Concat
from costmodel.layers.move import Copy, Piece, Resize, Transpose

VIEWS = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout")


def copy(node: Node) -> Work:
    """Elements at other places; what follows the data are axes, sizes and positions."""
    layer = Copy()
    return Work(
        layer, layer.tally((node.shape(),), node.outputs), aside=tuple(range(1, len(node.inputs)))
    )


def piece(node: Node) -> Work:
    """A range of an axis, or several: what they leave out is not read."""
    layer = Piece()
    return Work(
        layer, layer.tally((node.shape(),), node.outputs), aside=tuple(range(1, len(node.inputs)))
    )


def concat(node: Node) -> Work:
    """Maps side by side; constants among them (class tokens) are weights."""
    layer = Concat()
    return Work(layer, layer.tally(node.shapes, node.outputs))


def transpose(node: Node) -> Work:
    """Axes in another order."""
    layer = Transpose(axes=tuple(node.get("perm", ())) or tuple(range(len(node.shape())))[::-1])
    return Work(layer, layer.tally((node.shape(),), node.outputs))


def resize(node: Node) -> Work:
    """Enlarged or shrunk maps, by the nearest neighbour's word; regions, scales and sizes are no weights."""
    layer = Resize(scale=(1, 1))
    return Work(layer, layer.tally((node.shape(),), node.outputs), aside=(1, 2, 3))


def gather(node: Node) -> Work:
    """Rows of a table by position: of a table of weights (an embedding) only the rows are read."""
    index = node.inputs[1]
    scalar = node.op == "Gather" and index is not None and index.constant and not index.shape
    layer = Piece(axis=node.get("axis", 0) % len(node.shape())) if scalar else Copy()
    return Work(
        layer,
        layer.tally((node.outputs[0],), node.outputs),
        aside=(1,),
        rows_read=prod(node.outputs[0]),
    )


def scatter(node: Node) -> Work:
    """A map with some elements replaced."""
    layer = Copy()
    return Work(layer, layer.tally((node.shape(),), node.outputs), aside=(1,))


RULES: dict[str, Rule] = {
    **dict.fromkeys(("Slice", "Split"), piece),
    **dict.fromkeys(("Expand", "Tile", "Pad", "DepthToSpace", "SpaceToDepth", "Compress", "Trilu",
                     "ReverseSequence", "OneHot", "EyeLike", "Range", "NonZero", "CenterCropPad"), copy),
    **dict.fromkeys(("Gather", "GatherElements", "GatherND"), gather),
    **dict.fromkeys(("Scatter", "ScatterElements", "ScatterND"), scatter),
    "Concat": concat, "Transpose": transpose, "Resize": resize, "Upsample": resize, "GridSample": resize,
    "RoiAlign": resize,
}  # fmt: skip
