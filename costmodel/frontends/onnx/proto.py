"""An ONNX file to a model: read without its weights, checked, its dimensions bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import onnx
from google.protobuf.message import DecodeError
from onnx import inliner

from costmodel.errors import InputError, Place, Problems, did_you_mean
from costmodel.frontends.onnx import beside, structure
from costmodel.frontends.onnx.bodies import opened
from costmodel.frontends.onnx.cut import cut
from costmodel.frontends.onnx.live import prune, real_inputs
from costmodel.frontends.onnx.node import STANDARD

OLDEST = 7
"""The operator set from which operators broadcast as they do today."""
MAX_BYTES = 2**31 - 1
"""No reader of the format takes more than this [B]."""


class Span(NamedTuple):
    """The piece of a graph that is asked for: from some nodes to others; empty: all there is."""

    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()


class Ready(NamedTuple):
    """A model that can be walked."""

    model: onnx.ModelProto
    axis: int | None
    """The one that a dimension's name calls a batch."""
    dead: tuple[str, ...]
    """Operators that no output needs, which were taken out: a name for each node."""
    short: tuple[str, ...]
    """Files beside the model that are shorter than it says."""


def read(path: Path, dims: Mapping[str, int], span: Span) -> Ready:
    """The model in `path`, ready to be walked.

    Functions are inlined, what no output needs is taken out, and symbolic dimensions of the inputs
    are bound; weights in external files are not read here. Raises InputError for what is no ONNX
    file, for an operator set that is too old, and for each dimension that `dims` leaves open or
    names in vain.
    """
    place = Place(str(path))
    model = _loaded(path, place)
    structure.check(model, path)
    short = beside.check(model, path)
    newest = onnx.defs.onnx_opset_version()
    for entry in model.opset_import:
        if entry.domain in STANDARD and not OLDEST <= entry.version <= newest:
            remedy = f"export with one of {OLDEST}..{newest}"
            raise InputError.at(place, f"uses operator set {entry.version}", remedy)
    if model.functions:
        model = inliner.inline_local_functions(model, convert_version=False)
    model = opened(model)
    dead = tuple(node.op_type for node in prune(model.graph))
    if span != Span():
        cut(model, span.start, span.end, place)
        prune(model.graph)
    axis = batch_axis(model)
    bind(model, dims, place)
    return Ready(model, axis, dead, tuple(short))


def _loaded(path: Path, place: Place) -> onnx.ModelProto:
    """The model as the file has it. Raises InputError for a file that holds none."""
    if path.exists() and not path.is_dir() and not 0 <= _length(path) <= MAX_BYTES:
        remedy = "keep the weights in a file of their own: they are not read"
        raise InputError.at(place, f"is no file of at most {MAX_BYTES} bytes", remedy)
    again = "export the model to ONNX again"
    try:
        model = onnx.load(str(path), load_external_data=False)
    except FileNotFoundError:
        raise InputError.at(place, "no such file", "check the path") from None
    except OSError as error:
        raise InputError.at(place, f"cannot be read: {error.strerror}", "check the path") from None
    except DecodeError:
        raise InputError.at(place, "is no ONNX file", again) from None
    if not model.HasField("graph") or not model.graph.node:
        raise InputError.at(place, "holds no ONNX graph", again)
    return model


def _length(path: Path) -> int:
    """Bytes of a file; -1 of a device or a pipe, which may have no end."""
    return path.stat().st_size if path.is_file() else -1


def batch_axis(model: onnx.ModelProto) -> int | None:
    """The axis of an input that its name says holds a batch."""
    for value in real_inputs(model.graph):
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if "batch" in dim.dim_param.lower():
                return axis
    return None


def bind(model: onnx.ModelProto, dims: Mapping[str, int], place: Place) -> None:
    """Give every symbolic dimension of the inputs its size. Raises InputError."""
    problems, asked = Problems(), set()
    for value in real_inputs(model.graph):
        kind = value.type.tensor_type
        if value.type.HasField("tensor_type") and not kind.HasField("shape"):
            problems.add(place, f"input '{value.name}' has no shape", "export it with one")
            continue
        for name, dim in _open(value):
            asked.add(name)
            if name in dims:
                dim.dim_value = dims[name]
            else:
                what = f"input '{value.name}' has an open dimension '{name}'"
                remedy = f"bind it with --dim {name}=1 (in compare: FILE:{name}=1)"
                problems.add(place, what, remedy)
    for name in dims.keys() - asked:
        what = f"{place.file} has no dimension '{name}'"
        problems.add(Place(f"--dim {name}={dims[name]}"), what, did_you_mean(name, asked))
    problems.raise_if_any()


def _open(value: onnx.ValueInfoProto) -> Iterator[tuple[str, onnx.TensorShapeProto.Dimension]]:
    """The dimensions of an input without a size, by their name or as input.axis."""
    for axis, dim in enumerate(value.type.tensor_type.shape.dim):
        # a size of nothing is one: the cache before the first token; exporters write -1 for open
        if not dim.HasField("dim_value") or dim.dim_value < 0:
            yield dim.dim_param or f"{value.name}.{axis}", dim
