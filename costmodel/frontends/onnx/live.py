"""Which nodes of a graph run, and which of its inputs are weights.

A runtime leaves out every node that no output of the graph needs. Some exporters list weights among
the inputs without storing them: an input that only stands where operators have weights is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import onnx

from costmodel.frontends.onnx.constants import MOVING
from costmodel.frontends.onnx.node import STANDARD

BIASED = ("Conv", "ConvTranspose", "FusedConv", "NhwcConv", "NhwcFusedConv", "ConvInteger")
SCALED = ("LayerNormalization", "InstanceNormalization", "GroupNormalization", "GroupNorm")
WEIGHTS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys((*BIASED, *SCALED, "Gemm", "FusedGemm"), (1, 2)),
    **dict.fromkeys(("RMSNormalization", "SimplifiedLayerNormalization", "PRelu"), (1,)),
    **dict.fromkeys(("BiasGelu", "FastGelu", "BiasAdd", "BiasSplitGelu"), (1,)),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), (1, 2, 3, 7)),
    **dict.fromkeys(("MatMulNBits", "MatMulBnb4"), (1, 2, 3, 4, 5)),
    "BatchNormalization": (1, 2, 3, 4),
    "DeformConv": (1, 3),
    **dict.fromkeys(("DequantizeLinear", "QuantizeLinear", "SkipGroupNorm"), (1, 2)),
    "com.microsoft:Attention": (1, 2),
    "QAttention": (1, 2, 3, 4, 6, 7),
    "QGemm": tuple(range(1, 9)),
    "DynamicQuantizeMatMul": (1, 2, 3, 4),
    "MatMulIntegerToFloat": (2, 3, 4, 5, 6),
    "MoE": tuple(range(2, 8)),
    "QMoE": tuple(range(2, 15)),
    "EmbedLayerNormalization": (2, 3, 4, 5, 6),
    "SkipLayerNormalization": (2, 3, 4),
    "SkipSimplifiedLayerNormalization": (2, 3),
    "QLinearConv": (1, 2, 3, 4, 5, 6, 7, 8),
}
"""Inputs that hold weights and nothing else, by operator. The factors of a MatMul may be maps."""
CUT = "cut it off with --to NODE or --from NODE, or export it with fixed shapes"
"""What to do about what depends on data."""
MEASURING = ("Shape", "Size")
GRAPHS = ("If", "Loop", "Scan", "SequenceMap", "FlexAttention")
"""Operators of onnx's own that hold graphs."""
HANDING_ON = (*MOVING, "Cast", "CastLike", "DequantizeLinear", "QuantizeLinear")
"""Operators behind which weights are weights again."""


def prune(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Take out of a graph, and of those inside it, the nodes that no output needs; give those.

    An output of an inner graph that nobody reads loses its name.
    """
    wanted = {value.name for value in graph.output} - {""}
    live, dead = list[onnx.NodeProto](), list[onnx.NodeProto]()
    for node in reversed(graph.node):
        if not wanted.intersection(filter(None, node.output)):
            dead.append(node)
            continue
        live.append(node)
        for inner in graphs_in(node):
            narrow(node, inner, wanted)
            dead += prune(inner)
            wanted.update(reads(inner))
        wanted.update(node.input)
    if len(live) < len(graph.node):
        keep(graph, live[::-1])
    return dead


def keep(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    """Leave a graph these of its nodes."""
    del graph.node[:]
    graph.node.extend(nodes)


def narrow(node: onnx.NodeProto, inner: onnx.GraphProto, wanted: set[str]) -> None:
    """Take the names of an inner graph's outputs that nobody reads, and of states that none needs.

    What goes from trip to trip is needed where it is read outside, or by anything that is needed.
    """
    first = {"Loop": 1, "If": 0, "Scan": 0}.get(node.op_type)
    if first is None:
        return
    carried = len(node.input) - 2 if node.op_type == "Loop" else 0
    if node.op_type == "Scan":
        pieces = next(one.i for one in node.attribute if one.name == "num_scan_inputs")
        carried = len(node.input) - pieces
    entering = [value.name for value in inner.input][2 * first :]
    given = [value.name for value in inner.output]
    needed = set(range(first)) | {
        first + place for place, name in enumerate(node.output) if name in wanted
    }
    while True:
        read = behind(inner, {given[place] for place in needed})
        states = {first + place for place in range(carried) if entering[place] in read}
        if states <= needed:
            break
        needed |= states
    for place in set(range(len(given))) - needed:
        inner.output[place].name = ""
        if place - first < carried:
            node.input[place - first + 2 * first] = ""


def behind(graph: onnx.GraphProto, wanted: set[str]) -> set[str]:
    """All names that have to be known for some of a graph's tensors."""
    known = set(wanted)
    for node in reversed(graph.node):
        if known.intersection(node.output):
            known.update(node.input)
            for inner in graphs_in(node):
                known.update(reads(inner))
    return known


def contents(graph: onnx.GraphProto) -> set[str]:
    """The names of what is needed for what it holds, and not for its shape alone.

    Shapes are known here, so that a runtime and this importer do without what only gives one.
    """
    wanted = {value.name for value in graph.output}
    for node in reversed(graph.node):
        inner = graphs_in(node)
        if node.op_type not in MEASURING and (inner or wanted.intersection(node.output)):
            wanted.update(node.input)
        for one in inner:
            wanted |= contents(one) | set(reads(one))
    return wanted


def graphs_in(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """The graphs that stand inside a node; of onnx's own operators a few have any."""
    if node.op_type not in GRAPHS and node.domain in STANDARD:
        return []
    single = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    return [*single, *(graph for attribute in node.attribute for graph in attribute.graphs)]


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
    _ports(graph, {value.name for value in graph.input}, ports, outputs)

    def weighs(name: str | None) -> bool:
        """True where all that reads a tensor takes it as weights; of None, a port of weights."""
        if name is None:
            return True
        return name not in outputs and name in ports and all(map(weighs, ports[name]))

    return frozenset(value.name for value in graph.input if weighs(value.name))


def _ports(
    graph: onnx.GraphProto,
    followed: set[str],
    ports: dict[str, list[str | None]],
    outputs: set[str],
) -> None:
    """Note where each tensor is read: None for a port of weights, else what is made of it there.

    Inputs are `followed`, and what is made by operators that hand weights on. What another one
    makes is noted among the outputs.
    """
    outputs.update(value.name for value in graph.output)
    for node in graph.node:
        for inner in graphs_in(node):
            _ports(inner, followed, ports, outputs)
        if followed.isdisjoint(node.input):
            continue
        if node.op_type in HANDING_ON:
            followed.update(node.output)
        own = WEIGHTS.get(node.op_type, ())
        held = WEIGHTS.get(f"{node.domain}:{node.op_type}", own)
        for number, name in enumerate(node.input):
            if number in held:
                ports[name].append(None)
            elif number and node.op_type in HANDING_ON:
                # a shape, or axes
                outputs.add(name)
            else:
                ports[name].extend(node.output)
                outputs.update([] if node.op_type in HANDING_ON else node.output)
