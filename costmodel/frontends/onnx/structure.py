"""What must hold of an ONNX model before it is walked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from math import prod
from pathlib import Path

import onnx
from onnx import TensorProto

from costmodel.core.layer import MAX_ELEMENTS
from costmodel.errors import Place, Problems

TRAINING = "ai.onnx.preview.training"
TYPES = frozenset(TensorProto.DataType.values()) - {TensorProto.UNDEFINED}
POSITIVE = ("group", "strides", "dilations", "kernel_shape", "hidden_size", "num_heads")
"""Attributes that count something."""
MOST = 20
"""Mistakes of one file that are told."""


def check(model: onnx.ModelProto, path: Path) -> None:
    """Raise InputError with the mistakes of the file's structure, at most MOST of them."""
    problems = Problems()
    for what, remedy in islice(_mistakes(model), MOST):
        problems.add(Place(str(path)), what, remedy)
    problems.raise_if_any()


def _mistakes(model: onnx.ModelProto) -> Iterator[tuple[str, str]]:
    """Every mistake of the file: what is wrong, and the remedy."""
    seen: set[tuple[str, str, str]] = set()
    for function in model.functions:
        name = function.domain, function.name, getattr(function, "overload", "")
        if name in seen:
            yield f"function '{function.name}' is defined twice", "keep one of them"
        seen.add(name)
        yield from _nodes(function.node)
    yield from _graph(model.graph)


def _graph(graph: onnx.GraphProto) -> Iterator[tuple[str, str]]:
    """The mistakes of a graph: its stored tensors, its stated types, its nodes."""
    for tensor in graph.initializer:
        yield from _tensor(tensor)
    for value in (*graph.input, *graph.output, *graph.value_info):
        kind = value.type.tensor_type
        if kind.elem_type not in TYPES and kind.elem_type != TensorProto.UNDEFINED:
            yield f"'{value.name}' has the unknown element type {kind.elem_type}", "export it again"
        # exporters write -1 where a size is open
        sizes = [max(dim.dim_value, 1) for dim in kind.shape.dim if dim.HasField("dim_value")]
        yield from _sizes(f"'{value.name}'", sizes)
    yield from _nodes(graph.node)


def _nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[tuple[str, str]]:
    """The mistakes of nodes, and of the graphs inside them."""
    for node in nodes:
        name = node.name or node.op_type
        if not any(node.output):
            yield f"node '{name}' has no output", "remove it"
        if node.domain == TRAINING:
            yield f"'{node.op_type}' is an operator of training", "export the network for inference"
        for attribute in node.attribute:
            if attribute.name in POSITIVE:
                given = [*attribute.ints, *([attribute.i] if attribute.HasField("i") else [])]
                if any(value < 1 for value in given):
                    yield f"'{attribute.name}' of '{name}' is {given}", "write whole numbers from 1"
            if attribute.HasField("t"):
                yield from _tensor(attribute.t)
            for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _graph(graph)
                if node.op_type == "If" and len(graph.output) != len(node.output):
                    yield (
                        f"a branch of '{name}' gives {len(graph.output)} maps, the node "
                        f"{len(node.output)}",
                        "export it again",
                    )


def _tensor(tensor: TensorProto) -> Iterator[tuple[str, str]]:
    """The mistakes of a stored tensor: its element type and its sizes."""
    what = f"stored tensor '{tensor.name}'"
    if tensor.data_type not in TYPES:
        yield f"{what} has the unknown element type {tensor.data_type}", "export it again"
    yield from _sizes(what, list(tensor.dims))


def _sizes(what: str, sizes: list[int]) -> Iterator[tuple[str, str]]:
    """The mistakes of a shape: sizes below nothing, or more elements than any map has."""
    if any(size < 0 for size in sizes):
        yield f"{what} has the sizes {sizes}", "a size is a whole number from 0"
    elif prod(sizes) > MAX_ELEMENTS:
        yield f"{what} of {sizes} is beyond 2**53 elements", "shrink it"
