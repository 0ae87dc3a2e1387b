"""Operators that onnx defines by a body of other operators: those without a rule become it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from inspect import signature

import onnx
from onnx import inliner

from costmodel.frontends.onnx.live import graphs_in
from costmodel.frontends.onnx.node import STANDARD
from costmodel.frontends.onnx.rules import listed, table

DEPTH = 4
"""Bodies inside bodies that are opened."""
BODIES = ("has_function", "has_context_dependent_function")
"""What a definition says where it has a body."""
KEPT = ("SequenceMap",)
"""Operators that run a graph, which the walk takes by itself."""


def opened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model, in which every operator without a rule stands as its body, where it has one.

    Attributes that a node leaves out get their defaults, which bodies refer to. Releases of onnx
    that cannot open bodies leave the operators as they are: they are then unknown.
    """
    if "inline_schema_functions" not in signature(inliner.inline_selected_functions).parameters:
        return model
    for _ in range(DEPTH):
        found = list(_bodied(model, model.graph))
        if not found:
            break
        for node, schema in found:
            given = {attribute.name for attribute in node.attribute}
            node.attribute.extend(
                attribute.default_value
                for name, attribute in schema.attributes.items()
                if name not in given and attribute.default_value.type
            )
        named = sorted({(node.domain, node.op_type) for node, _ in found})
        with suppress(RuntimeError, ValueError):
            model = inliner.inline_selected_functions(model, named, inline_schema_functions=True)
    return model


def _bodied(
    model: onnx.ModelProto, graph: onnx.GraphProto
) -> Iterator[tuple[onnx.NodeProto, onnx.defs.OpSchema]]:
    """Nodes of a graph, and of those inside it, that have a body and no rule; their definitions."""
    versions = {
        "" if entry.domain in STANDARD else entry.domain: entry.version
        for entry in model.opset_import
    }
    known = {*table("RULES"), *listed("VIEWS"), *KEPT}
    for node in graph.node:
        for inner in graphs_in(node):
            yield from _bodied(model, inner)
        op, domain = node.op_type, "" if node.domain in STANDARD else node.domain
        word = f"{domain}:{op}" if domain else op
        if domain not in versions or word in known:
            continue
        with suppress(onnx.defs.SchemaError):
            schema = onnx.defs.get_schema(op, versions[domain], domain)
            if any(getattr(schema, word, False) for word in BODIES):
                yield node, schema
