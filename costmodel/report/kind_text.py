"""One layer kind: what it takes, what it gives, how it is written."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from costmodel.core import kinds
from costmodel.core.layer import Example, Layer, make
from costmodel.core.registry import headline
from costmodel.report.numbers import columns

SHOWN = 4
"""Examples of a kind that are shown."""


def lines(word: str) -> list[str]:
    """Attributes, defaults, shapes and examples of a kind. Raises BadValue for an unknown one."""
    kind = kinds.get(word)
    least, most = kind.arity
    takes = f"{least} to {most}" if most else f"{least} or more"
    defaults = {attribute.name: attribute.default for attribute in fields(kind)}
    attributes = [
        [f"  {name}", "required" if default is MISSING else f"default {_shown(default)}"]
        for name, default in defaults.items()
    ]
    return [
        f"{word}: {headline(kind)}",
        f"source: {kind.source}",
        f"engine {kind.engine}, routine {kind.routine}, inputs {least if least == most else takes}"
        + (", a view: moves nothing" if kind.view else ""),
        "",
        "attributes" if attributes else "no attributes",
        *(columns(attributes, left=2) if attributes else []),
        "",
        "examples, with the shapes of their inputs and outputs (without the batch)",
        *columns([_example(kind, example) for example in kind.examples[:SHOWN]], left=2),
    ]


def _example(kind: type[Layer], example: Example) -> list[str]:
    """A line of YAML, and the shapes of its inputs and outputs."""
    outputs = make(kind, example.attributes).out_shapes(example.inputs)
    attributes = {"kind": kind.kind, **example.attributes}
    words = ", ".join(f"{name}: {_shown(value)}" for name, value in attributes.items())
    inputs, given = (" ".join(map(_shown, shapes)) for shapes in (example.inputs, outputs))
    return [f"  - name: {{{words}}}", f"{inputs} -> {given}"]


def _shown(value: Any) -> str:
    """A value as YAML writes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    return str(value)
