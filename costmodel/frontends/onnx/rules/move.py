"""Operators that move elements without arithmetic, and views, which move nothing."""

from __future__ import annotations

from math import prod

from costmodel.core.layer import Layer
from costmodel.frontends.onnx.node import Node, Rule, Work
from costmodel.models.layers.merge import Concat
from costmodel.models.layers.move import Copy, Gather, Pieces, Resize, Transpose

VIEWS = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout")


def copy(node: Node) -> Work:
    """Elements at other places; what follows the data are axes, sizes and positions."""
    layer = Copy(shape=node.outputs[0])
    return Work((layer,), (node.shape(),), aside=tuple(range(1, len(node.inputs))))


def piece(node: Node) -> Work:
    """A range of an axis, or several: what they leave out is not read."""
    layer = Pieces(shapes=node.outputs)
    return Work((layer,), (node.shape(),), aside=tuple(range(1, len(node.inputs))))


def concat(node: Node) -> Work:
    """Maps side by side; constants among them (class tokens) are weights."""
    first = node.maps[0]
    layer = Concat(axis=node.place(node.get("axis"), first), constants=_pieces(node, first))
    return Work((layer,), node.shapes)


def _pieces(node: Node, first: int) -> tuple[tuple[int, ...], ...]:
    """Constants that are joined with maps, per sample."""
    spread = node.spread(first)
    constant = [v.shape for v in node.inputs if v is not None and v.constant]
    return tuple(map(spread.beside, constant))


def transpose(node: Node) -> Work:
    """Axes in another order."""
    order = tuple(node.get("perm", ())) or tuple(range(len(node.whole())))[::-1]
    spread = node.spread()
    kept = [axis for axis in order if not (spread.alone and axis == spread.axis)]
    return Work((Transpose(axes=tuple(map(spread.place, kept))),), (node.shape(),))


def resize(node: Node) -> Work:
    """Enlarged or shrunk maps; regions, scales and sizes are no weights."""
    axes = max(len(node.whole()) - 2, 1)
    layer: Layer = Resize(size=node.outputs[0][-axes:])
    if node.outputs[0][:-axes] != node.shape()[:-axes]:
        layer = Copy(shape=node.outputs[0])
    return Work((layer,), (node.shape(),), aside=(1, 2, 3))


def gather(node: Node) -> Work:
    """Rows of a table by position: of a table of weights (an embedding) only the rows are read."""
    data, index = node.value(0), node.value(1)
    rows = prod(node.outputs[0])
    if data.constant:
        # of a run all samples look up the same table
        axis = node.get("axis", 0) % max(len(data.shape), 1)
        shape = node.outputs[0]
        positions = node.shape(1)
        table = (*data.shape[:axis], data.shape[axis], *data.shape[axis + 1 :])
        if node.op == "Gather":
            layer: Layer = Gather(table=table, axis=axis)
            return Work((layer,), (positions,), rows_read=rows)
        return Work((Copy(shape=shape),), (positions,), rows_read=rows)
    layer = Gather(shape=node.outputs[0])
    if node.op == "Gather" and index.constant and not index.shape:
        layer = Pieces(shapes=node.outputs, axis=node.place(node.get("axis", 0)))
    return Work((layer,), node.shapes, aside=(1,))


def scatter(node: Node) -> Work:
    """A map with some elements replaced."""
    (first, *_) = node.maps
    return Work((Copy(shape=node.outputs[0]),), (node.shape(first),), aside=(1,))


COPIES = (
    *("Expand", "Tile", "Pad", "DepthToSpace", "SpaceToDepth", "Compress", "Trilu", "OneHot"),
    *("ReverseSequence", "EyeLike", "Range", "NonZero", "CenterCropPad"),
)
RULES: dict[str, Rule] = {
    **dict.fromkeys(("Slice", "Split"), piece),
    **dict.fromkeys(COPIES, copy),
    **dict.fromkeys(("Gather", "GatherElements", "GatherND"), gather),
    **dict.fromkeys(("Scatter", "ScatterElements", "ScatterND"), scatter),
    "Concat": concat,
    "Transpose": transpose,
    **dict.fromkeys(("Resize", "Upsample", "GridSample", "RoiAlign"), resize),
}
