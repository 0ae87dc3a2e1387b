"""A piece of an ONNX graph: from some of its nodes to others, with what it reads as inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import onnx
from onnx import helper

from costmodel.core.section import unknown_node
from costmodel.errors import InputError, Place, Problems
from costmodel.frontends.onnx.live import graphs_in, keep, reads, real_inputs


def cut(model: onnx.ModelProto, start: Sequence[str], end: Sequence[str], place: Place) -> None:
    """Leave of a model what stands behind the nodes `start`, and what the nodes `end` need.

    A node is named by its name or by one of its outputs; it belongs to the piece. What the piece
    reads from outside is its input, of the shape that onnx infers; sizes that depend on data are
    open dimensions. Raises InputError with the names that no node has.
    """
    problems = Problems()
    named = _named(model.graph, start, "--from", problems)
    last = _named(model.graph, end, "--to", problems)
    problems.raise_if_any()
    if end:
        outputs = [name for node in last for name in node.output if name]
        del model.graph.output[:]
        model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in outputs)
    if start:
        _behind(model, named, place)


def _named(
    graph: onnx.GraphProto, words: Sequence[str], option: str, problems: Problems
) -> list[onnx.NodeProto]:
    """The nodes that an option names."""
    known = {name: node for node in graph.node for name in (*node.output, node.name) if name}
    for word in words:
        if word not in known:
            problems.add(Place(f"{option} {word}"), *unknown_node(word, known))
    return [known[word] for word in words if word in known]


def _behind(model: onnx.ModelProto, named: Sequence[onnx.NodeProto], place: Place) -> None:
    """Leave the nodes `named` and what reads their results; what else these read is an input."""
    graph = model.graph
    starts = {name for node in named for name in node.output}
    moving, inside = {value.name for value in real_inputs(graph)}, set[str]()
    wanted = dict[str, None]()
    kept = list[onnx.NodeProto]()
    for node in graph.node:
        read = [*node.input, *(name for inner in graphs_in(node) for name in reads(inner))]
        if not (inside.intersection(read) or starts.intersection(node.output)):
            if moving.intersection(read):
                moving.update(node.output)
            else:
                kept.append(node)
            continue
        kept.append(node)
        wanted |= dict.fromkeys(name for name in read if name in moving and name not in inside)
        inside.update(node.output)
    types = _types(model)
    for name in wanted.keys() - types.keys():
        raise InputError.at(
            place,
            f"the file does not state the shape of '{name}'",
            "cut elsewhere",
        )
    given = {name: types[name] for name in wanted}
    keep(graph, kept)
    stored = [value for value in graph.input if value.name not in moving]
    del graph.input[:]
    graph.input.extend([*(helper.make_value_info(n, kind) for n, kind in given.items()), *stored])


def _types(model: onnx.ModelProto) -> dict[str, onnx.TypeProto]:
    """The types of all tensors, as stated or else as onnx infers them."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    for value in inferred.value_info:
        for dim in value.type.tensor_type.shape.dim:
            # a name that onnx made up says nothing: the size goes by its tensor and axis
            if dim.dim_param.startswith("unk__"):
                dim.ClearField("dim_param")

    def by_name(values: Iterable[onnx.ValueInfoProto]) -> dict[str, onnx.TypeProto]:
        return {value.name: value.type for value in values}

    return by_name((*inferred.value_info, *inferred.input)) | by_name(model.graph.value_info)
