"""One layer kind: what it takes, what it gives, how it is written."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from costmodel.core import kinds
from costmodel.core.layer import Example, Layer, make
from costmodel.core.registry import headline
from costmodel.core.tally import Shape
from costmodel.report.numbers import columns

SHOWN = 4
"""Examples."""


def lines(word: str) -> list[str]:
    """Attributes, defaults, shapes and examples of a kind. Raises BadValue for an unknown one."""
    kind = kinds.get(word)
    least, most = kind.arity
    takes = (
        str(least)
        if least == most
        else f"{least} or more"
        if most is None
        else f"{least} to {most}"
    )
    attributes = [
        [
            f"  {one.name}",
            "required" if one.default is MISSING else f"default {_shown(one.default)}",
        ]
        for one in fields(kind)
    ]
    return [
        f"{word}: {headline(kind)}",
        f"source: {kind.source}",
        f"engine {kind.engine}, routine {kind.routine}, inputs {takes}"
        + (", a view: moves nothing" if kind.view else ""),
        "",
        "attributes" if attributes else "no attributes",
        *(columns(attributes, left=2) if attributes else []),
        "",
        "examples, with the shapes of their inputs and outputs (without the batch)",
        *columns([_example(kind, one) for one in kind.examples[:SHOWN]], left=2),
    ]


def _example(kind: type[Layer], one: Example) -> list[str]:
    """A line of YAML, and shapes."""
    layer = make(kind, one.attributes)
    outputs: tuple[Shape, ...] = layer.out_shapes(one.inputs)
    words = ", ".join(
        [f"kind: {kind.kind}", *(f"{k}: {_shown(v)}" for k, v in one.attributes.items())]
    )
    shapes = f"{' '.join(map(_shape, one.inputs))} -> {' '.join(map(_shape, outputs))}"
    return [f"  - name: {{{words}}}", shapes]


def _shape(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    return str(value)
