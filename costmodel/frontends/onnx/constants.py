"""Constants of an ONNX graph: what they hold, where they come from, how wide their elements are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from costmodel.frontends.onnx.values import FLOATS, Origin, Value

MOVING = (
    "Transpose",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Identity",
    "Slice",
    "Split",
    "Expand",
    "Tile",
)
QUANTISING = ("DequantizeLinear", "QuantizeLinear")


def contents(tensor: TensorProto) -> Any:
    """What an initialiser holds; None where it was stripped of its data."""
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError):
        return None


def stored(graph: onnx.GraphProto) -> bool:
    """True where weights are initialisers; else the exporter wrote them as Constant nodes."""
    held = sum(prod(t.dims) for t in graph.initializer if t.data_type in FLOATS)
    names = {t.name for t in graph.initializer}
    written = sum(
        prod(a.t.dims)
        for n in graph.node
        if n.op_type == "Constant"
        for a in n.attribute
        if a.name == "value" and a.t.data_type in FLOATS
    )
    filled = any(n.op_type == "ConstantOfShape" and n.input[0] in names for n in graph.node)
    return filled or held >= written


def handed_on(proto: onnx.NodeProto, inputs: Sequence[Value | None]) -> int | None:
    """Return the bits of a folded constant that is its first input's elements again.

    The elements are dequantised, or stand elsewhere.
    """
    first = inputs[0] if inputs else None
    if first is None or proto.op_type not in (*MOVING, "DequantizeLinear"):
        return None
    return first.bits


def shape_of(proto: onnx.NodeProto, value: Value) -> Any:
    """What Shape (with its start and end) or Size gives."""
    if proto.op_type == "Size":
        return np.array(value.elements, dtype=np.int64)
    limits = {a.name: a.i for a in proto.attribute}
    return np.array(
        value.shape[limits.get("start", 0) : limits.get("end", len(value.shape))], dtype=np.int64
    )


def origin_of(proto: onnx.NodeProto, inputs: Sequence[Value | None]) -> Origin:
    """Return the origin of a folded constant.

    It comes from its data, not from the indices or scales beside it.
    """
    if proto.op_type == "Constant":
        return Origin(literal=True)
    given = [v for v in inputs if v is not None and v.origin is not None]
    given = given[:1] if proto.op_type in QUANTISING else [v for v in given if v.floating] or given
    if proto.op_type in ("ConstantOfShape", "Shape", "Size", "Range"):
        return Origin()
    origins = [v.origin for v in given if v.origin is not None]
    return Origin(frozenset().union(*(o.weights for o in origins)), any(o.literal for o in origins))


def reads(graph: onnx.GraphProto) -> Iterable[str]:
    """Every name that a node of the graph, or of a graph inside it, reads or gives out."""
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from reads(attribute.g)
                yield from (value.name for value in attribute.g.output)
