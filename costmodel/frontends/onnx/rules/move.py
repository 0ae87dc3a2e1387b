"""Operators that move elements without arithmetic, and views, which move nothing."""

from __future__ import annotations

from math import prod

import onnx

from costmodel.core.layer import Layer
from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import batched
from costmodel.frontends.onnx.shaping import Shaper, element, same, typed
from costmodel.models.layers.computed import Computed
from costmodel.models.layers.merge import Concat
from costmodel.models.layers.move import Copy, Gather, Pieces, Transpose
from costmodel.models.layers.update import Update

VIEWS = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "BitCast")


def copy(node: OnnxNode) -> Work:
    """Elements at other places; what follows the data are axes, sizes and positions."""
    layer = Copy(shape=node.outputs[0])
    return Work((layer,), (node.shape(),), aside=tuple(range(1, len(node.inputs))))


def piece(node: OnnxNode) -> Work:
    """A range of an axis, or several: what they leave out is not read."""
    layer = Pieces(shapes=node.outputs)
    return Work((layer,), (node.shape(),), aside=tuple(range(1, len(node.inputs))))


def concat(node: OnnxNode) -> Work:
    """Maps side by side; constants among them (class tokens) are weights."""
    spread = node.spread(node.maps[0])
    constant = [value.shape for value in node.inputs if value is not None and value.constant]
    layer = Concat(
        axis=spread.place(node.get("axis")), constants=tuple(map(spread.beside, constant))
    )
    return Work((layer,), node.shapes)


def order_of(node: OnnxNode) -> tuple[int, ...]:
    """The axes of the input in the order of a Transpose's output: reversed unless stated."""
    return tuple(node.get("perm", ())) or tuple(range(len(node.whole())))[::-1]


def transpose(node: OnnxNode) -> Work:
    """A transposition: the same axes in another order."""
    spread = node.spread()
    own = [axis for axis in order_of(node) if not (spread.alone and axis == spread.axis)]
    return Work((Transpose(axes=tuple(map(spread.place, own))),), (node.shape(),))


def turned(node: OnnxNode, number: int) -> int | None:
    """The samples' axis goes where the transposition puts it."""
    axis = node.spread().axis
    return None if axis is None else order_of(node).index(axis)


def gather(node: OnnxNode) -> Work:
    """Rows of a table by position: of a table of weights (an embedding) only the rows are read."""
    data, index, out = node.value(0), node.value(1), node.outputs[0]
    plain = node.op in ("Gather", "TorchEmbedding")
    layer: Layer
    if data.constant:
        # of a run all samples look up the same table
        axis = node.get("axis", 0) % max(len(data.shape), 1)
        layer = Gather(table=data.shape, axis=axis) if plain else Copy(shape=out)
        return Work((layer,), (node.shape(1),), rows_read=prod(out))
    layer = Gather(shape=out)
    if plain and index.constant and not index.shape:
        layer = Pieces(shapes=node.outputs, axis=node.place(node.get("axis", 0)))
    return Work((layer,), node.shapes, aside=(1,))


def looked_up(node: OnnxNode, number: int) -> int | None:
    """Positions take the place of the axis that they count along."""
    data, positions = node.spread(0), node.spread(1)
    along = node.get("gather_axis", node.get("axis", 0)) % max(len(data.whole), 1)
    if data.axis is None:
        return None if positions.axis is None else along + positions.axis
    if data.axis == along or positions.axis is not None:
        return None
    return data.axis if data.axis < along else data.axis - 1 + len(positions.whole)


def widened(node: OnnxNode, number: int) -> int | None:
    """OneHot puts an axis of its own among those of the positions."""
    axis = node.spread().axis
    place = node.get("axis", -1) % len(node.wholes[number])
    return None if axis is None else axis + (axis >= place)


def scatter(node: OnnxNode) -> Work:
    """A map of which some elements are replaced by others."""
    (first, *_) = node.maps
    layer: Layer = Copy(shape=node.outputs[0])
    join = node.get("reduction", "none")
    if join != "none":
        count = prod(node.shape(2))
        work = {"add": "adds", "mul": "muls"}.get(join, "compares")
        layer = Computed(shapes=node.outputs, **{work: count})
    return Work((layer,), (node.shape(first),), operands=(first,), aside=(1,))


def update(node: OnnxNode) -> Work:
    """TensorScatter: new elements written into a cache where it lies."""
    new = node.shape(1)
    if node.value(0).constant or node.value(1).constant:
        return scatter(node)
    return Work((Update(),), (node.shape(), new), operands=(0, 1), updates={0: (0, new)})


def expanded(node: OnnxNode) -> list[onnx.TypeProto]:
    """ExpandDims: one axis more."""
    (axis,) = node.numbers("", 1) or [0]
    whole = node.whole()
    place = axis % (len(whole) + 1)
    return typed(node, (*whole[:place], 1, *whole[place:]))


def padded(node: OnnxNode) -> list[onnx.TypeProto]:
    """Pad of ONNX Runtime: sizes and what is added before and after them."""
    whole = node.whole()
    pads = node.numbers("", 1)
    if pads is None:
        raise BadValue("its padding is no constant", "fold it first")
    rank = len(whole)
    sides = zip(whole, pads[-2 * rank : -rank], pads[-rank:], strict=True)
    return typed(node, tuple(n + b + e for n, b, e in sides))


def rows_of(node: OnnxNode) -> list[onnx.TypeProto]:
    """TorchEmbedding: a row of the table for each position."""
    return typed(node, (*node.whole(1), node.whole()[-1]))


def gathered(node: OnnxNode) -> list[onnx.TypeProto]:
    """GatherND: what the last axis of the positions does not name of the data."""
    whole, positions = node.whole(), node.whole(1)
    return typed(node, (*positions[:-1], *whole[positions[-1] :]))


def compressed(node: OnnxNode) -> list[onnx.TypeProto]:
    """Compress: as many elements along the axis as the condition, a constant, has true ones."""
    whole, kept_ones = node.whole(), node.numbers("", 1)
    if kept_ones is None:
        raise BadValue("the shape of its output depends on the data", "cut the network before it")
    axis, count = node.get("axis"), sum(map(bool, kept_ones))
    if axis is None:
        return typed(node, (count,))
    place = axis % len(whole)
    return typed(node, (*whole[:place], count, *whole[place + 1 :]))


def literal(node: OnnxNode) -> list[onnx.TypeProto]:
    """The tensor that a Constant holds; onnx infers the types of its other kinds."""
    tensor = node.get("value")
    return [] if tensor is None else [element(tensor.data_type, tuple(tensor.dims))]


OWN: dict[str, tuple[Rule, Shaper]] = {
    "ExpandDims": (copy, expanded),
    "Pad": (copy, padded),
    "Trilu": (copy, same),
    "TorchEmbedding": (gather, rows_of),
    "GatherND": (gather, gathered),
}
"""Operators of ONNX Runtime's own domain."""
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
    "TensorScatter": update,
    **{f"com.microsoft:{op}": rule for op, (rule, _) in OWN.items()},
}
SHAPES: dict[str, Shaper] = {
    "TensorScatter": same,
    "Compress": compressed,
    "Constant": literal,
    **{f"com.microsoft:{op}": shape for op, (_, shape) in OWN.items()},
}
FOLLOW: dict[str, Follow] = {
    "Transpose": turned,
    "Gather": looked_up,
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth", "TensorScatter"), batched),
    "TorchEmbedding": looked_up,
    "OneHot": widened,
}
