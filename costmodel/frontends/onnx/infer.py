"""Types of a node's outputs, and contents of small constants: both asked of onnx itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from costmodel.core.tally import Shape
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


ROUNDED = ("Resize", "Upsample")
"""Operators whose sizes come of scales, which exporters round in ways of their own."""
NOTHING = onnx.TypeProto()
"""The type of what nothing is known of."""
MOST = 4
"""Conflicts between the file's shapes and ours that are told one by one."""


def conflict(kind: onnx.TypeProto, told: onnx.TypeProto) -> bool:
    """True where the file states another rank or another size than a known type has."""
    if not told.tensor_type.HasField("shape"):
        return False
    shape, dims = shape_in(kind), told.tensor_type.shape.dim
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in dims]
    return len(sizes) != len(shape) or any(
        size is not None and size >= 0 and size != own
        for size, own in zip(sizes, shape, strict=True)
    )


def _ruled(rule: Any, seen: OnnxNode) -> list[onnx.TypeProto]:
    """The types that a rule gives a node's first outputs. Raises BadValue for a misfit."""
    try:
        return list(rule(seen))
    except BadValue:
        raise
    except (AssertionError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        told = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise BadValue(
            f"its inputs or attributes do not fit ({told})", "check the export"
        ) from None


def _asked(node: onnx.NodeProto, inputs: Sequence[Value | None]) -> tuple[Any, ...]:
    """All that answers about a node depend on: nodes that agree in it differ in names alone."""
    return (
        node.op_type,
        node.domain,
        *[attribute.SerializeToString() for attribute in node.attribute],
        *[value and value.content for value in inputs],
        *map(bool, node.output),
    )


class Inference:
    """Answers about the nodes of one model, kept because exporters repeat nodes by the thousand."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.opsets = {entry.domain or "": entry.version for entry in model.opset_import}
        newest = onnx.defs.onnx_opset_version()
        self.opsets.setdefault("", self.opsets.get("ai.onnx", newest))
        self.imports = list(model.opset_import)
        self.types: dict[Any, Sequence[onnx.TypeProto]] = {}
        self.known: dict[Any, list[Any]] = {}
        self.schemas: dict[tuple[str, str], Any] = {}
        self.notes: list[str] = []
        self.conflicts = 0

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

        They are as the rules say, else as onnx infers them, else as the file has `stated` them.
        Raises BadValue where they do not follow from the inputs.
        """
        said = [stated.get(name, NOTHING) for name in node.output]
        seen, schema = OnnxNode(node, tuple(inputs)), self.schema(node)
        rule = table("SHAPES").get(seen.word)
        if rule is not None:
            wholes = tuple(() if unresolved(kind) else shape_in(kind) for kind in said)
            seen = replace(seen, wholes=wholes)
        types = [] if rule is None else _ruled(rule, seen)
        if not types and schema is not None:
            types = list(self._inferred(node, inputs))
        types = [*types, *said[len(types) :]][: len(said)]
        if any(told is not NOTHING for told in said):
            self._compare(seen, types, said)
        first, same = inputs[0] if inputs else None, node.op_type in listed("SAME_SHAPE")
        ruled = (same or schema is None) and seen.word in table("RULES")
        if ruled and first is not None and unresolved(types[0]):
            if not same:
                raise BadValue("the file states no shape for its output", "export it with shapes")
            types[0] = first.type
        return types

    def _compare(
        self, seen: OnnxNode, types: list[onnx.TypeProto], said: Sequence[onnx.TypeProto]
    ) -> None:
        """Note where types differ from what is `said`, which may be taken in their place."""
        trusted = seen.word in ROUNDED and not seen.has(3)
        for number, (kind, told) in enumerate(zip(types, said, strict=True)):
            if kind == told:
                continue
            differs = not unresolved(kind) and conflict(kind, told)
            if differs:
                self._tell(seen, shape_in(kind), told, trusted)
            if not unresolved(told) and (unresolved(kind) or (differs and trusted)):
                types[number] = told

    def _tell(self, seen: OnnxNode, shape: Shape, told: onnx.TypeProto, trusted: bool) -> None:
        """Note that a shape differs from what the file states."""
        self.conflicts += 1
        if self.conflicts == MOST + 1:
            self.notes.append("the file states further shapes that its operators do not give")
        elif self.conflicts <= MOST:
            sizes = [dim.dim_value or dim.dim_param for dim in told.tensor_type.shape.dim]
            self.notes.append(
                f"node '{seen.name}' ({seen.op}): the file states {sizes} for its output, its "
                f"definition gives {list(shape)}: the {'first' if trusted else 'second'} is taken"
            )

    def _inferred(
        self, node: onnx.NodeProto, inputs: Sequence[Value | None]
    ) -> Sequence[onnx.TypeProto]:
        """The types of the outputs, as onnx infers them. Raises BadValue for a misfit."""
        asked = _asked(node, inputs)
        if asked in self.types:
            return self.types[asked]
        named = {v.name: v for v in inputs if v is not None}
        data = {
            name: numpy_helper.from_array(np.asarray(v.data), name)
            for name, v in named.items()
            if v.data is not None
        }
        types = {name: v.type for name, v in named.items()}
        try:
            inferred = onnx.shape_inference.infer_node_outputs(
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
        given = tuple(inferred.get(name) or NOTHING for name in node.output)
        self.types[asked] = given
        return given

    def contents(
        self, node: onnx.NodeProto, inputs: Sequence[Value | None], types: Sequence[onnx.TypeProto]
    ) -> list[Any] | None:
        """The outputs' contents where every input's are known and all are small; else None."""
        if node.op_type in IMPURE or any(v is not None and v.data is None for v in inputs):
            return None
        if any(not unresolved(t) and prod(shape_in(t)) > SMALL for t in types):
            return None
        asked = _asked(node, inputs)
        if asked not in self.known:
            self.known[asked] = self._run(node, inputs)
        arrays = self.known[asked]
        return arrays if arrays and all(np.size(array) <= SMALL for array in arrays) else None

    def _run(self, node: onnx.NodeProto, inputs: Sequence[Value | None]) -> list[Any]:
        """The outputs' contents; none where onnx's reference does not run an old operator."""
        feeds = {v.name: np.asarray(v.data) for v in inputs if v is not None}
        typeless = onnx.helper.make_empty_tensor_value_info
        # of a node alone the evaluator takes the newest definition, whatever operator set is given
        graph = onnx.helper.make_graph(
            [node], "one", list(map(typeless, feeds)), list(map(typeless, node.output))
        )
        try:
            with np.errstate(all="ignore"):
                return list(ReferenceEvaluator(graph, opsets=dict(self.opsets)).run(None, feeds))
        except (RuntimeError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
            return []
