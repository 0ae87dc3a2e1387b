"""JSON text, its mistakes at their places."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from costmodel.errors import InputError, Place
from costmodel.language.depth import MAX_DEPTH, too_deep


def parse(text: str, file: str, remedy: str) -> Any:
    """The value in the JSON `text`; `file` is the name of its place. Raises InputError."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise too_deep(Place(file)) from None
    except ValueError as error:
        place, what = Place(file), str(error)
        if isinstance(error, json.JSONDecodeError):
            place, what = Place(file, error.lineno, error.colno), error.msg.lower()
        raise InputError.at(place, f"is no JSON: {what}", remedy) from None
    layer = [value]
    for _ in range(MAX_DEPTH):
        layer = [inner for outer in layer for inner in _inside(outer)]
    if any(isinstance(inner, dict | list) for inner in layer):
        raise too_deep(Place(file))
    return value


def _inside(value: Any) -> Iterable[Any]:
    """The values in a list or mapping; none in anything else."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
