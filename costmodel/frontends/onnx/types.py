"""The types of a node's outputs: as onnx infers or the file states them, or as the input's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from costmodel.errors import BadValue
from costmodel.frontends.onnx.infer import Inference
from costmodel.frontends.onnx.node import Node
from costmodel.frontends.onnx.rules import rules
from costmodel.frontends.onnx.rules.microsoft import SAME_SHAPE
from costmodel.frontends.onnx.values import Value, unresolved


def output_types(
    infer: Inference,
    proto: onnx.NodeProto,
    inputs: Sequence[Value | None],
    stated: Mapping[str, onnx.TypeProto],
) -> list[onnx.TypeProto]:
    """The types of a node's outputs.

    They are as onnx infers them, else as the file has `stated` them, else like the input.
    """
    types = [onnx.TypeProto() for _ in proto.output]
    if infer.schema(proto) is not None:
        types = infer.types(proto, inputs)
    for number, name in enumerate(proto.output):
        if name in stated and unresolved(types[number]) and not unresolved(stated[name]):
            types[number] = stated[name]
    first = inputs[0] if inputs else None
    if infer.schema(proto) is None and first is not None and unresolved(types[0]):
        if Node(proto, tuple(inputs), ()).word in rules() and proto.op_type not in SAME_SHAPE:
            raise BadValue("the file states no shape for its output", "export it with shapes")
        types[0] = first.type
    return types
