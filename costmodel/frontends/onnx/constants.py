"""Constants of an ONNX graph: contents, where they come from, how wide their elements are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.helper import make_tensor_type_proto

from costmodel.core.tally import Shape
from costmodel.frontends.onnx.beside import Beside, is_outside
from costmodel.frontends.onnx.unlearnt import MOST
from costmodel.frontends.onnx.values import FLOATS, Origin, Value

MOVING = (
    *("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"),
    *("Slice", "Split", "Expand", "Tile"),
)
"""Operators that give their first input's elements again, elsewhere."""
QUANTISING = ("DequantizeLinear", "QuantizeLinear")


@lru_cache(maxsize=4096)
def tensor_type(elem: int, shape: Shape) -> onnx.TypeProto:
    """The type of a tensor, one object for all tensors of that type: not to be changed."""
    return make_tensor_type_proto(elem, shape)


def contents(tensor: TensorProto, beside: Beside) -> Any:
    """What an initialiser holds, in the file or in one beside it.

    None where it was stripped of its data, or is too large to be looked at.
    """
    outside = is_outside(tensor)
    if prod(tensor.dims) > MOST or (outside and beside.size(tensor) is None):
        return None
    try:
        return numpy_helper.to_array(tensor, str(beside.folder))
    except (ValueError, TypeError, OSError, onnx.checker.ValidationError):
        return None
    finally:
        if outside:
            tensor.ClearField("raw_data")


def stored(graph: onnx.GraphProto) -> bool:
    """True where weights are initialisers; else the exporter wrote them as Constant nodes."""
    names = {t.name for t in graph.initializer}
    if any(n.op_type == "ConstantOfShape" and n.input[0] in names for n in graph.node):
        return True
    literals = (a for n in graph.node if n.op_type == "Constant" for a in n.attribute)
    written = (a.t for a in literals if a.name == "value")
    held, beside = (
        sum(prod(t.dims) for t in tensors if t.data_type in FLOATS)
        for tensors in (graph.initializer, written)
    )
    return bool(held >= beside)


def handed_on(proto: onnx.NodeProto, inputs: Sequence[Value | None]) -> int | None:
    """Bits of a folded constant that is its first input's elements again, where a file fixes them.

    The elements are dequantised, or stand elsewhere.
    """
    first = inputs[0] if inputs else None
    again = proto.op_type in (*MOVING, "DequantizeLinear")
    return first.bits if again and first is not None else None


def shape_of(proto: onnx.NodeProto, value: Value) -> Any:
    """What Shape (with its start and end) or Size gives."""
    limits = {a.name: a.i for a in proto.attribute}
    part = value.shape[slice(limits.get("start", 0), limits.get("end"))]
    return np.array(value.elements if proto.op_type == "Size" else part, dtype=np.int64)


def origin_of(proto: onnx.NodeProto, inputs: Sequence[Value | None]) -> Origin:
    """The origin of a folded constant: its data's, not that of the indices or scales beside it.

    A ConstantOfShape whose shape is stored stands for a weight that was left out.
    """
    if proto.op_type == "Constant":
        return Origin(literal=True)
    held = [(v.floating, v.origin) for v in inputs if v is not None and v.origin is not None]
    if proto.op_type == "ConstantOfShape" and held and held[0][1].weights:
        return Origin(frozenset(proto.output))
    # what sines and cosines are taken of are angles
    if proto.op_type in ("ConstantOfShape", "Shape", "Size", "Range", "Sin", "Cos"):
        return Origin()
    if proto.op_type in QUANTISING:
        held = held[:1]
    elif any(floating for floating, _ in held):
        held = [(floating, origin) for floating, origin in held if floating]
    weights = frozenset[str]().union(*(origin.weights for _, origin in held))
    return Origin(weights, any(origin.literal for _, origin in held))
