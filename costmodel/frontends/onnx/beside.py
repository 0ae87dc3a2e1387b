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


class Beside:
    """The files in a model's folder that its tensors may lie in, each looked for once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sizes: dict[str, int | None] = {}

    def size(self, tensor: TensorProto) -> int | None:
        """Bytes of the file that holds a tensor's elements; None where there is none."""
        location = _stated(tensor).get("location", "")
        if location not in self._sizes:
            file = self.folder / location.replace("\\", "/")
            self._sizes[location] = file.stat().st_size if file.is_file() else None
        return self._sizes[location]

    @property
    def files(self) -> list[Path]:
        """The files that were found."""
        found = (word for word, size in self._sizes.items() if size is not None)
        return sorted(self.folder / word for word in found)


def is_outside(tensor: TensorProto) -> bool:
    """True where a tensor's elements stand in another file than the model."""
    return bool(tensor.data_location == TensorProto.EXTERNAL)


def check(model: onnx.ModelProto, path: Path) -> list[str]:
    """Names of files that are shorter than the model says.

    Raises InputError for tensors that lie outside the model's folder, or nowhere.
    """
    problems, beside = Problems(), Beside(path.parent)
    wrong, short = dict[str, list[tuple[str, str]]](), dict[str, None]()
    for tensor in filter(is_outside, model.graph.initializer):
        stated = _stated(tensor)
        location = stated.get("location", "")
        if location not in wrong:
            wrong[location] = list(_misplaced(location, path.parent))
        lengths = {word: stated.get(word) or "0" for word in ("offset", "length")}
        told = list(wrong[location])
        for word, value in lengths.items():
            if not value.isdigit():
                told.append((f"has the {word} {value!r}", "it must be a whole number from 0"))
        for what, remedy in told[: MOST - len(problems.found)]:
            problems.add(Place(str(path)), f"stored tensor '{tensor.name}' {what}", remedy)
        if not told and (beside.size(tensor) or 0) < sum(map(int, lengths.values())):
            short |= {} if beside.size(tensor) is None else {location: None}
    problems.raise_if_any()
    return list(short)


def _stated(tensor: TensorProto) -> dict[str, str]:
    """What a tensor says of the place of its elements, by word; of a word said twice the first."""
    return {entry.key: entry.value for entry in reversed(tensor.external_data)}


def _misplaced(location: str, folder: Path) -> Iterator[tuple[str, str]]:
    """What is wrong with the place of tensors, and the remedy."""
    file = folder / location.replace("\\", "/")
    within = os.path.normpath(os.path.relpath(file, folder))
    if not location or within == ".":
        yield f"lies in the file '{location}', which is none", "export the model again"
    elif within.startswith("..") or location.startswith("/"):
        yield f"lies in '{location}', outside the model's folder", "move it beside the model"
    elif file.exists() and not file.resolve().is_relative_to(folder.resolve()):
        yield f"lies in '{location}', a link out of the model's folder", "copy it there"
