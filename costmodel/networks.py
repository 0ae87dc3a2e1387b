"""A network from whatever describes it: a YAML architecture, an ONNX file, or a shipped short name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costmodel import arch, shipped
from costmodel.arch.network import Network
from costmodel.errors import BadValue, Place, Problems
from costmodel.layers.fields import to_int


def load(
    word: str | Path, settings: Mapping[str, Any] | None = None, *, strict: bool = False
) -> Network:
    """The network that `word` means, with `settings` for its variables.

    The variables of an ONNX file are the open dimensions of its inputs; `strict` refuses operators in it that
    are not known. Raises InputError with every mistake.
    """
    path = shipped.find(str(word), "archs")
    if path.suffix != ".onnx":
        return arch.load(path, settings)
    from costmodel import importer  # needs the extra 'onnx'

    return importer.load(path, _sizes(settings or {}), strict=strict)


def _sizes(settings: Mapping[str, Any]) -> dict[str, int]:
    """Settings as sizes of dimensions. Raises InputError."""
    problems, found = Problems(), {}
    for name, value in settings.items():
        try:
            found[name] = to_int(value)
        except BadValue as error:
            problems.found.extend(error.at(Place(f"--dim {name}={value}"), "the size ").problems)
    problems.raise_if_any()
    return found
