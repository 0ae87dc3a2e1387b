"""Types of a node's outputs, and contents of small constants: both asked of onnx itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from costmodel.errors import BadValue
from costmodel.frontends.onnx.node import OnnxNode
from costmodel.frontends.onnx.rules import listed, table
from costmodel.frontends.onnx.values import Value, shape_in, unresolved

SMALL = 4096
"""[elements] of constants whose contents are kept: shapes, axes, ranges, small masks."""
IMPURE = (
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
)


class Inference:
    """Answers about the nodes of one model, kept because exporters repeat nodes by the thousand."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.opsets = {entry.domain or "": entry.version for entry in model.opset_import}
        newest = onnx.defs.onnx_opset_version()
        self.opsets.setdefault("", self.opsets.get("ai.onnx", newest))
        self.imports = list(model.opset_import)
        self.known: dict[Any, list[Any]] = {}
        self.schemas: dict[tuple[str, str], Any] = {}

    def schema(self, node: onnx.NodeProto) -> Any:
        """The operator's definition, or None for an operator that onnx does not define."""
        op, domain = node.op_type, "" if node.domain == "ai.onnx" else node.domain
        if (op, domain) not in self.schemas:
            self.schemas[op, domain] = None
            with suppress(onnx.defs.SchemaError):
                version = self.opsets.get(domain, 1)
                self.schemas[op, domain] = onnx.defs.get_schema(op, version, domain)
        return self.schemas[op, domain]

    def outputs(
        self,
        node: onnx.NodeProto,
        inputs: Sequence[Value | None],
        stated: Mapping[str, onnx.TypeProto],
    ) -> list[onnx.TypeProto]:
        """The types of a node's outputs, in order.

        They are as onnx infers them, else as the file has `stated` them, else like the input.
        Raises BadValue where they do not follow from the inputs.
        """
        known = self.schema(node) is not None
        inferred = self._inferred(node, inputs) if known else {}
        types = [inferred.get(name) or onnx.TypeProto() for name in node.output]
        for number, name in enumerate(node.output):
            if name in stated and unresolved(types[number]) and not unresolved(stated[name]):
                types[number] = stated[name]
        first = inputs[0] if inputs else None
        if not known and first is not None and unresolved(types[0]):
            ruled = OnnxNode(node, tuple(inputs)).word in table("RULES")
            if ruled and node.op_type not in listed("SAME_SHAPE"):
                raise BadValue("the file states no shape for its output", "export it with shapes")
            types[0] = first.type
        return types

    def _inferred(
        self, node: onnx.NodeProto, inputs: Sequence[Value | None]
    ) -> dict[str, onnx.TypeProto]:
        """The types of the outputs by name, as onnx infers them. Raises BadValue for a misfit."""
        named = {v.name: v for v in inputs if v is not None}
        data = {
            name: numpy_helper.from_array(np.asarray(v.data), name)
            for name, v in named.items()
            if v.data is not None
        }
        types = {name: v.type for name, v in named.items()}
        try:
            return onnx.shape_inference.infer_node_outputs(
                self.schema(node), node, types, data, opset_imports=self.imports
            )
        except (
            onnx.shape_inference.InferenceError,
            onnx.checker.ValidationError,
            RuntimeError,
            TypeError,
        ) as error:
            raise BadValue(
                f"shapes do not fit: {str(error).splitlines()[0]}", "check the export"
            ) from None

    def contents(
        self, node: onnx.NodeProto, inputs: Sequence[Value | None], types: Sequence[onnx.TypeProto]
    ) -> list[Any] | None:
        """The outputs' contents where every input's are known and all are small; else None."""
        if node.op_type in IMPURE or any(v is not None and v.data is None for v in inputs):
            return None
        if any(not unresolved(t) and prod(shape_in(t)) > SMALL for t in types):
            return None
        fixed = b"".join(a.SerializeToString() for a in node.attribute)
        given = [None if v is None else np.asarray(v.data) for v in inputs]
        held = tuple(None if a is None else (a.dtype.str, a.shape, a.tobytes()) for a in given)
        key = node.op_type, node.domain, fixed, held
        if key not in self.known:
            self.known[key] = self._run(node, inputs)
        arrays = self.known[key]
        return arrays if arrays and all(np.size(array) <= SMALL for array in arrays) else None

    def _run(self, node: onnx.NodeProto, inputs: Sequence[Value | None]) -> list[Any]:
        """The outputs' contents; none where onnx's reference does not run an old operator."""
        feeds = {v.name: np.asarray(v.data) for v in inputs if v is not None}
        try:
            with np.errstate(all="ignore"):
                return list(ReferenceEvaluator(node, opsets=dict(self.opsets)).run(None, feeds))
        except (RuntimeError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
            return []
