"""Types of a node's outputs, and the contents of small constants: both asked of onnx itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from costmodel.errors import BadValue
from costmodel.frontends.onnx.values import Value, unresolved

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
    """An inference answers questions about one model and remembers the answers.

    Exporters write repeated questions by the thousand.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.opsets = {entry.domain or "": entry.version for entry in model.opset_import}
        self.opsets[""] = self.opsets.get(
            "", self.opsets.get("ai.onnx", onnx.defs.onnx_opset_version())
        )
        self.imports = list(model.opset_import)
        self.known: dict[Any, list[Any]] = {}
        self.schemas: dict[tuple[str, str], Any] = {}

    def schema(self, node: onnx.NodeProto) -> Any:
        """The operator's definition, or None for an operator that onnx does not define."""
        word = node.op_type, "" if node.domain == "ai.onnx" else node.domain
        if word not in self.schemas:
            try:
                op, domain = word
                found = onnx.defs.get_schema(op, self.opsets.get(domain, 1), domain)
            except onnx.defs.SchemaError:
                found = None
            self.schemas[word] = found
        return self.schemas[word]

    def types(self, node: onnx.NodeProto, inputs: Sequence[Value | None]) -> list[onnx.TypeProto]:
        """Return the types of the outputs, in order.

        Raises BadValue where they do not follow from the inputs.
        """
        named = {v.name: v for v in inputs if v is not None}
        data = {
            name: numpy_helper.from_array(np.asarray(v.data), name)
            for name, v in named.items()
            if v.data is not None
        }
        try:
            found = onnx.shape_inference.infer_node_outputs(
                self.schema(node),
                node,
                {name: v.type for name, v in named.items()},
                data,
                opset_imports=self.imports,
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
        empty = onnx.TypeProto()
        return [found.get(name, empty) for name in node.output]

    def contents(
        self, node: onnx.NodeProto, inputs: Sequence[Value | None], types: Sequence[onnx.TypeProto]
    ) -> list[Any] | None:
        """The outputs' contents where every input's are known and all are small; else None."""
        if node.op_type in IMPURE or any(v is not None and v.data is None for v in inputs):
            return None
        if any(not unresolved(t) and _size(t) > SMALL for t in types):
            return None
        fixed = b"".join(a.SerializeToString() for a in node.attribute)
        given = [None if v is None else np.asarray(v.data) for v in inputs]
        key = (
            node.op_type,
            node.domain,
            fixed,
            tuple(None if a is None else (a.dtype.str, a.shape, a.tobytes()) for a in given),
        )
        if key not in self.known:
            self.known[key] = self._run(node, inputs)
        found = self.known[key]
        return found if found and all(np.size(array) <= SMALL for array in found) else None

    def _run(self, node: onnx.NodeProto, inputs: Sequence[Value | None]) -> list[Any]:
        """It is empty where onnx's reference does not run the operator as old sets define it."""
        feeds = {v.name: np.asarray(v.data) for v in inputs if v is not None}
        try:
            with np.errstate(all="ignore"):
                return list(ReferenceEvaluator(node, opsets=dict(self.opsets)).run(None, feeds))
        except (RuntimeError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
            return []


def _size(kind: onnx.TypeProto) -> int:
    return prod(dim.dim_value for dim in kind.tensor_type.shape.dim)
