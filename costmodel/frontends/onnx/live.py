"""Which nodes of a graph run, and which of its inputs are weights.

A runtime leaves out every node that no output of the graph needs. Some exporters list weights among
the inputs without storing them: an input that only stands where operators have weights is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import onnx

from costmodel.frontends.onnx.constants import MOVING

BIASED = ("Conv", "ConvTranspose", "FusedConv", "NhwcConv", "NhwcFusedConv", "ConvInteger")
SCALED = ("LayerNormalization", "InstanceNormalization", "GroupNormalization", "GroupNorm")
WEIGHTS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys((*BIASED, *SCALED, "Gemm", "FusedGemm"), (1, 2)),
    **dict.fromkeys(("RMSNormalization", "SimplifiedLayerNormalization", "PRelu"), (1,)),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), (1, 2, 3, 7)),
    **dict.fromkeys(("MatMulNBits", "MatMulBnb4"), (1, 2, 3, 4, 5)),
    "BatchNormalization": (1, 2, 3, 4),
    "DeformConv": (1, 3),
    "DequantizeLinear": (1, 2),
    "SkipLayerNormalization": (2, 3, 4),
    "SkipSimplifiedLayerNormalization": (2, 3),
    "QLinearConv": (1, 2, 3, 4, 5, 6, 7, 8),
}
"""Inputs that hold weights and nothing else, by operator. The factors of a MatMul may be maps."""
MEASURING = ("Shape", "Size")
HANDING_ON = (*MOVING, "Cast", "DequantizeLinear", "QuantizeLinear")
"""Operators behind which weights are weights again."""


def prune(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Take out of a graph, and of those inside it, the nodes that no output needs; give those."""
    wanted = {value.name for value in graph.output}
    live, dead = list[onnx.NodeProto](), list[onnx.NodeProto]()
    for node in reversed(graph.node):
        if not wanted.intersection(filter(None, node.output)):
            dead.append(node)
            continue
        live.append(node)
        wanted.update(node.input)
        for inner in graphs_in(node):
            dead += prune(inner)
            wanted.update(reads(inner))
    if len(live) < len(graph.node):
        kept = live[::-1]
        del graph.node[:]
        graph.node.extend(kept)
    return dead


def contents(graph: onnx.GraphProto) -> set[str]:
    """The names of what is needed for what it holds, and not for its shape alone.

    Shapes are known here, so that a runtime and this importer do without what only gives one.
    """
    wanted = {value.name for value in graph.output}
    for node in reversed(graph.node):
        inner = list(graphs_in(node))
        if node.op_type not in MEASURING and (inner or wanted.intersection(node.output)):
            wanted.update(node.input)
        for one in inner:
            wanted |= contents(one) | set(reads(one))
    return wanted


def graphs_in(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs that stand inside a node."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def reads(graph: onnx.GraphProto) -> Iterator[str]:
    """Every name that a node of the graph, or of a graph inside it, reads or gives out."""
    yield from (value.name for value in graph.output)
    for node in graph.node:
        yield from node.input
        for inner in graphs_in(node):
            yield from reads(inner)


def real_inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The graph's inputs without its weights, which old files list among them."""
    stored = {tensor.name for tensor in graph.initializer}
    stored |= {tensor.values.name for tensor in graph.sparse_initializer}
    return [value for value in graph.input if value.name not in stored]


def weight_inputs(graph: onnx.GraphProto) -> frozenset[str]:
    """The graph's inputs that only stand where operators have weights, as they are or moved.

    An input that is read nowhere is a map that nobody reads.
    """
    ports, outputs = defaultdict[str, list[str | None]](list), set[str]()
    _ports(graph, ports, outputs)

    def weighs(name: str | None) -> bool:
        """True where all that reads a tensor takes it as weights; of None, a port of weights."""
        if name is None:
            return True
        return name not in outputs and name in ports and all(map(weighs, ports[name]))

    return frozenset(value.name for value in graph.input if weighs(value.name))


def _ports(graph: onnx.GraphProto, ports: dict[str, list[str | None]], outputs: set[str]) -> None:
    """Note where each tensor is read: None for a port of weights, else what is made of it there.

    What is made by an operator that does not hand weights on is noted among the outputs.
    """
    outputs.update(value.name for value in graph.output)
    for node in graph.node:
        held = WEIGHTS.get(node.op_type, ())
        for number, name in enumerate(node.input):
            if number in held:
                ports[name].append(None)
                continue
            ports[name].extend(node.output)
            if number or node.op_type not in HANDING_ON:
                outputs.update(node.output)
        for inner in graphs_in(node):
            _ports(inner, ports, outputs)
