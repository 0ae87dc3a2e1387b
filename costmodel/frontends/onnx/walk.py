"""An ONNX graph, node by node, to rows: constants folded, views merged, the rest by its rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.helper import np_dtype_to_tensor_dtype

from costmodel.core.builder import Builder
from costmodel.core.network import Row, Tap, Taps
from costmodel.errors import BadValue, Place, Problems
from costmodel.frontends.onnx import constants, live
from costmodel.frontends.onnx.count import Parameters
from costmodel.frontends.onnx.infer import SMALL, Inference
from costmodel.frontends.onnx.node import STANDARD, OnnxNode, Work
from costmodel.frontends.onnx.rows import agreed, block_of, unknown
from costmodel.frontends.onnx.rules import listed, table
from costmodel.frontends.onnx.samples import stretched
from costmodel.frontends.onnx.spread import Spread, Untracked, reshaped, samples_along
from costmodel.frontends.onnx.values import BITS, FLOATS, Origin, Value, shape_in, unresolved


class Refused(Exception):
    """A node of a graph inside a node could not be taken; the report has it already."""


class Walk:
    """One pass over a model. Afterwards `builder` holds the rows and `unknown` what is not known.

    `axis` is the one that holds the samples in the inputs, None to take the whole run as one. Where
    they cannot be followed from there to the end, `run` raises Untracked.
    """

    UNROLLED: ClassVar[Mapping[str, Callable[[Any, onnx.NodeProto], None]]] = {}
    """What else than rows of their own some operators are: control flow, lists of tensors."""

    def __init__(self, model: onnx.ModelProto, path: Path, axis: int | None) -> None:
        self.graph, self.place = model.graph, Place(str(path))
        self.infer, self.builder, self.problems = Inference(model), Builder(), Problems()
        self.values: dict[str, Value] = {}
        self.refused: set[str] = set()
        """Names whose node could not be taken."""
        self.parameters = Parameters(model.graph, path.parent)
        self.path, self.scope = "", ""
        """The nodes whose inner graphs are walked, without and with the number of the trip."""
        self.listed = False
        """True once there may be lists of tensors."""
        self.trips = 0
        """Nodes that graphs inside the graph have run."""
        self.unknown: Counter[str] = Counter()
        self.notes: list[str] = self.infer.notes
        self.stated = {v.name: v.type for v in (*model.graph.value_info, *model.graph.output)}
        self.used = set(live.reads(model.graph))
        self.contents = live.contents(model.graph)
        self.weights = live.weight_inputs(model.graph)
        self.inputs = [v for v in live.real_inputs(model.graph) if v.name not in self.weights]
        elems = (v.type.tensor_type.elem_type for v in self.inputs)
        self.main = next((elem for elem in elems if elem in FLOATS), TensorProto.FLOAT)
        self.axis, self.samples = axis, 1
        if axis is not None:
            self.samples = samples_along(self.inputs, axis)

    def run(self) -> Walk:
        """Walk the graph. Raises InputError with everything that cannot be taken, or Untracked."""
        for value in self.inputs:
            whole, axis = shape_in(value.type), self.axis
            if axis is None or len(whole) <= max(axis, 1) or whole[axis] != self.samples:
                axis = None
            shape = Spread(whole, axis, self.samples).shape
            tap = self.builder.input(value.name, shape, self.bits(value.type))
            self.values[value.name] = Value(value.name, value.type, tap=tap, axis=axis)
        for value in live.real_inputs(self.graph):
            if value.name in self.weights:
                self.parameters.sizes[value.name] = prod(shape_in(value.type))
                self.constant(value.name, value.type, None, Origin(frozenset({value.name})))
        self.body(self.graph)
        for output in self.graph.output:
            if output.name not in self.values and output.name not in self.refused:
                what = f"nothing writes the output '{output.name}'"
                self.problems.add(self.place, what, "export the network again")
        self.problems.raise_if_any()
        return self

    def bits(self, kind: onnx.TypeProto) -> int | None:
        """Bits per element where the file fixes them; None for the network's own floats."""
        elem = int(kind.tensor_type.elem_type)
        return None if elem == self.main else BITS.get(elem)

    def body(self, graph: onnx.GraphProto) -> None:
        """Every node of a graph, in its order."""
        for tensor in graph.initializer:
            self.store(tensor)
        for sparse in graph.sparse_initializer:
            kind = constants.tensor_type(sparse.values.data_type, tuple(sparse.dims))
            # what is stored: the values that are not zero
            self.constant(sparse.values.name, kind, None, self.held(sparse.values))
        for proto in graph.node:
            try:
                self.node(proto)
            except BadValue as error:
                what = f"node '{proto.name or proto.output[0]}' ({proto.op_type}): "
                self.refused.update(proto.output)
                self.problems.found.extend(error.at(self.place, what).problems)
            except Refused:
                self.refused.update(proto.output)

    @contextmanager
    def inside(self, name: str, scope: str, *, again: bool) -> Iterator[None]:
        """Within the graph of a node, in its first or a further trip: rows are named after it."""
        kept = self.path, self.scope, self.parameters.again
        self.path, self.scope = f"{self.path}{name}/", f"{self.scope}{scope}/"
        self.parameters.again |= again
        yield
        self.path, self.scope, self.parameters.again = kept

    def made(self, op: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> None:
        """Take a node that the file does not have, as if it stood there. Raises BadValue."""
        self.used.update(outputs)
        self.contents.update(outputs)
        self.node(helper.make_node(op, inputs, outputs, name=outputs[0], **attributes))

    def store(self, tensor: TensorProto) -> None:
        """An initialiser; the contents of small ones are kept."""
        kind = constants.tensor_type(tensor.data_type, tuple(tensor.dims))
        small = prod(tensor.dims) <= SMALL
        data = constants.contents(tensor, self.parameters.beside) if small else None
        origin = self.held(tensor)
        self.parameters.tensors |= dict.fromkeys(origin.weights, tensor)
        self.constant(tensor.name, kind, data, origin)

    def held(self, tensor: TensorProto) -> Origin:
        """Note an initialiser's elements under a key of its own: branches may use a name again."""
        key = f"{self.path}{tensor.name}"
        self.parameters.sizes[key] = prod(tensor.dims) if tensor.dims else 0
        return Origin(frozenset({key}))

    def constant(
        self, name: str, kind: onnx.TypeProto, data: Any, origin: Origin, bits: int | None = None
    ) -> None:
        """Note a constant, of `bits` an element where its first input fixes them."""
        self.values[name] = Value(name, kind, data, origin, bits=bits or self.bits(kind))

    def node(self, proto: onnx.NodeProto) -> None:
        """One node. Raises BadValue."""
        missing = [name for name in proto.input if name and name not in self.values]
        for name in missing:
            if name not in self.refused:
                raise BadValue(
                    f"reads '{name}', which nothing writes before it",
                    "sort the nodes, or export again",
                )
        if missing:
            self.refused.update(proto.output)
            return
        inputs = tuple(self.values[name] if name else None for name in proto.input)
        if proto.domain in STANDARD and (
            proto.op_type in self.UNROLLED
            or (self.listed and any(v is not None and v.items is not None for v in inputs))
        ):
            self.listed = True
            self.unroll(proto)
            return
        types = self.infer.outputs(proto, inputs, self.stated)
        if proto.op_type in live.MEASURING or all(v is None or v.constant for v in inputs):
            self.fold(proto, inputs, types)
            return
        named = zip(proto.output, types, strict=True)
        if any(unresolved(kind) for name, kind in named if name in self.used):
            raise BadValue(
                "the shape of its output depends on the data, or does not follow from its inputs",
                live.CUT,
            )
        if self.path == "" and self.contents.isdisjoint(proto.output):
            self.measured(proto, types)
            return
        # readers of a dequantised map take the quantised one
        is_view = proto.op_type in listed("VIEWS") or proto.op_type == "DequantizeLinear"
        if is_view and inputs[0] is not None and not inputs[0].constant:
            self.view(proto, inputs[0], types[0])
        else:
            self.row(proto, inputs, types)

    def fold(
        self, proto: onnx.NodeProto, inputs: Sequence[Value | None], types: Sequence[onnx.TypeProto]
    ) -> None:
        """A node whose outputs do not depend on the network's input: constants again."""
        data: Sequence[Any] | None
        if proto.op_type in live.MEASURING:
            assert inputs[0] is not None
            data = [constants.shape_of(proto, inputs[0])]
        else:
            data = self.infer.contents(proto, inputs, types)
        origin = constants.origin_of(proto, inputs)
        bits = constants.handed_on(proto, inputs)
        for number, (name, kind) in enumerate(zip(proto.output, types, strict=True)):
            array = data[number] if data else None
            if array is not None:
                elem = np_dtype_to_tensor_dtype(np.asarray(array).dtype)
                kind = constants.tensor_type(elem, np.shape(array))
            elif unresolved(kind):
                raise BadValue(
                    "the shape of this constant does not follow from its inputs", "fold it first"
                )
            self.constant(name, kind, array, origin, bits)
            if name in origin.weights:
                self.parameters.sizes[name] = self.values[name].elements

    def measured(self, proto: onnx.NodeProto, types: Sequence[onnx.TypeProto]) -> None:
        """A node of which nothing but the shapes of its outputs is used: it does not run."""
        for name, kind in zip(proto.output, types, strict=True):
            tap = Tap(name, 0, shape_in(kind))
            self.values[name] = Value(name, kind, tap=tap)

    def view(self, proto: onnx.NodeProto, source: Value, kind: onnx.TypeProto) -> None:
        """Another shape for the same memory: readers read the source."""
        name, *masks = proto.output
        axis = reshaped(Spread(source.shape, source.axis, self.samples), shape_in(kind))
        self.values[name] = Value(name, kind, tap=source.tap, axis=axis)
        # a dropout's mask, which is all true
        for mask in masks:
            kind = constants.tensor_type(TensorProto.BOOL, source.shape)
            self.constant(mask, kind, None, Origin())

    def row(
        self,
        proto: onnx.NodeProto,
        inputs: tuple[Value | None, ...],
        types: Sequence[onnx.TypeProto],
    ) -> None:
        """A node that works on maps: one row."""
        ports = [n for n, name in enumerate(proto.output) if name in self.used] or [0]
        wholes = tuple(shape_in(types[n]) for n in ports)
        follow = table("FOLLOW").get(proto.op_type, stretched)
        node, work = self.worked_out(OnnxNode(proto, inputs, wholes, follow, self.samples))
        own = (proto.name or f"{proto.op_type}_{proto.output[0]}").strip("/")
        name = f"{self.scope}{own}"
        reads = (node.value(n).tap for n in node.maps)
        row = Row(
            name,
            name,
            block_of(name),
            self.place,
            agreed(node, work, self.notes),
            tuple(tap for tap in reads if tap is not None),
            out_bits=tuple(self.bits(types[n]) for n in ports),
            constants=self.parameters.count(node, work),
            unread_on_purpose=bool(work.updates),
            pieces=node.ends[0].pieces,
            samples_at=node.ends[0].axis or 0,
        )
        taps = list(self.builder.add(row))
        for place, (into, _) in work.updates.items():
            taps[place] = node.value(into).tap or taps[place]
        for tap, port, end in zip(taps, ports, node.ends, strict=True):
            output = proto.output[port]
            self.values[output] = Value(output, types[port], tap=tap, axis=end.axis)

    def worked_out(self, node: OnnxNode) -> tuple[OnnxNode, Work]:
        """The node, and what it does per sample.

        In a run of one sample, where need be, the node's whole shapes say what it does.
        """
        rule = table("RULES").get(node.word)
        if rule is None:
            self.unknown[node.label] += 1
            rule = unknown
        try:
            # a node whose samples get lost says so here, before its rule looks at shapes
            assert node.outputs is not None
            return node, rule(node)
        except Untracked:
            node = node.untracked()
            return node, rule(node)

    def unroll(self, proto: onnx.NodeProto) -> None:
        """Control flow, or work on lists of tensors. Raises BadValue."""
        do = self.UNROLLED.get(proto.op_type)
        if do is None:
            raise BadValue("works on a sequence of tensors", "cut it off with --to NODE")
        do(self, proto)

    def outputs(self) -> Taps:
        """The network's outputs that are maps, under the shapes that the file gives them."""
        named = (self.values[output.name] for output in self.graph.output)
        values = chain.from_iterable([v] if v.items is None else v.items for v in named)
        return tuple(
            replace(value.tap, shape=Spread(value.shape, value.axis, self.samples).shape)
            for value in values
            if value.tap is not None
        )
