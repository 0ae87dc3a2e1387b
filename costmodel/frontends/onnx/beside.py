"""Files beside an ONNX model that hold its larger tensors: where they lie, what may be wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx import TensorProto

from costmodel.errors import Place, Problems

MOST = 20
"""Mistakes of one model that are told."""


def file_of(tensor: TensorProto, folder: Path) -> Path | None:
    """The file that holds a tensor's elements; None where they stand in the model's own."""
    if tensor.data_location != TensorProto.EXTERNAL:
        return None
    return folder / _stated(tensor).get("location", "").replace("\\", "/")


def check(model: onnx.ModelProto, path: Path) -> None:
    """Raise InputError for tensors that lie outside the model's folder, or nowhere."""
    problems = Problems()
    for tensor in model.graph.initializer:
        for what, remedy in _mistakes(tensor, path.parent):
            if len(problems.found) < MOST:
                problems.add(Place(str(path)), f"stored tensor '{tensor.name}' {what}", remedy)
    problems.raise_if_any()


def short(model: onnx.ModelProto, folder: Path) -> list[str]:
    """The names of files that are shorter than the model says."""
    found = dict[str, None]()
    for tensor in model.graph.initializer:
        file = file_of(tensor, folder)
        if file is not None and file.is_file():
            stated = _stated(tensor)
            ends = int(stated.get("offset", 0)) + int(stated.get("length", 0))
            if file.stat().st_size < ends:
                found[file.name] = None
    return list(found)


def _stated(tensor: TensorProto) -> dict[str, str]:
    """What a tensor says of the place of its elements."""
    return {entry.key: entry.value for entry in tensor.external_data}


def _mistakes(tensor: TensorProto, folder: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with the place of a tensor, and the remedy."""
    file, stated = file_of(tensor, folder), _stated(tensor)
    if file is None:
        return
    location = stated.get("location", "")
    within = os.path.normpath(os.path.relpath(file, folder))
    if not location or within == ".":
        yield f"lies in the file '{location}', which is none", "export the model again"
    elif within.startswith("..") or location.startswith("/"):
        yield f"lies in '{location}', outside the model's folder", "move it beside the model"
    elif file.exists() and not file.resolve().is_relative_to(folder.resolve()):
        yield f"lies in '{location}', a link out of the model's folder", "copy it there"
    for word in ("offset", "length"):
        if not stated.get(word, "0").isdigit():
            yield f"has the {word} {stated[word]!r}", "it must be a whole number from 0"
