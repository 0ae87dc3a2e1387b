"""An ONNX file to a network: the model is read, walked, and described."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import onnx

from costmodel.core.network import Facts, Network
from costmodel.errors import InputError, Place
from costmodel.frontends.onnx.proto import Span, read
from costmodel.frontends.onnx.spread import Untracked
from costmodel.frontends.onnx.unroll import Unrolled
from costmodel.frontends.onnx.values import FLOATS
from costmodel.frontends.onnx.walk import Walk

UNNAMED = ("", "main_graph", "torch_jit", "main")
"""What exporters call a graph that nobody named."""


def read_network(
    path: Path, dims: Mapping[str, int], span: Span, *, strict: bool
) -> tuple[Network, list[Path]]:
    """A piece of the ONNX file `path`, its open dimensions bound by `dims`, and all files read.

    `strict` refuses operators that are not known instead of counting them as data movement. Raises
    InputError with everything that cannot be taken.
    """
    ready = read(path, dims, span)
    model, walk = ready.model, walked(ready.model, path, ready.axis)
    outputs = walk.outputs()
    if not outputs or not walk.builder.rows:
        raise InputError.at(
            Place(str(path)), "computes nothing from its inputs", "export the network again"
        )
    unknown = [f"{op} ({count})" for op, count in sorted(walk.unknown.items())]
    if strict and unknown:
        raise InputError.at(
            Place(str(path)),
            f"unknown operators: {', '.join(unknown)}",
            "leave out --strict to count them as data movement",
        )
    made = f"{model.producer_name} {model.producer_version}".strip() or "unnamed producer"
    dtype = FLOATS[walk.main]
    graph_name = model.graph.name
    network = walk.builder.network(
        Facts(
            path.stem if graph_name in UNNAMED else graph_name,
            f"ONNX file by {made}",
            str(path),
            outputs,
            samples=walk.samples,
            variables=dict(dims),
            choices={} if dtype == "fp32" else {"dtype": dtype},
            notes=(*left_out(ready.dead), *cut_short(ready.short), *notes(walk)),
            unknown=dict(walk.unknown),
        )
    )
    return network, [path, *walk.parameters.beside.files]


def walked(model: onnx.ModelProto, path: Path, named: int | None) -> Walk:
    """The model, walked with the samples where they can be followed, else as one run.

    They are looked for along the axis that the file has `named`, then along the first two.
    """
    for axis in dict.fromkeys(axis for axis in (named, 0, 1) if axis is not None):
        with suppress(Untracked):
            return Unrolled(model, path, axis).run()
    return Unrolled(model, path, None).run()


def left_out(dead: tuple[str, ...]) -> Iterator[str]:
    """What a report has to say of nodes that do not run."""
    if dead:
        counted = ", ".join(f"{op} ({count})" for op, count in sorted(Counter(dead).items()))
        yield (
            f"{counted}: no output needs them, so they are not counted; make what they give an "
            "output of the graph if they are to run"
        )


def cut_short(files: tuple[str, ...]) -> Iterator[str]:
    """What a report has to say of files beside the model that end too soon."""
    for name in files:
        yield f"'{name}' is shorter than the model says: tensors that it lacks are not looked at"


def notes(walk: Walk) -> Iterator[str]:
    """What a report has to say of the file."""
    yield from walk.notes
    if walk.parameters.blank:
        yield (
            f"{walk.parameters.blank} parameters are ones or zeros under names of the exporter's "
            "own: it may have added them, or the network was not trained"
        )
    doubtful = walk.parameters.doubtful
    if doubtful:
        yield (
            f"{sum(doubtful.values())} parameters are in {len(doubtful)} stored tensors that only "
            "meet maps element by element; their contents are not in the file, so some may be "
            "masks or tables that nobody learnt"
        )
