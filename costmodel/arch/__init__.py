"""Architectures: a file and its variables become a `Network`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costmodel.arch.expand import Expander
from costmodel.arch.loose import warnings
from costmodel.arch.network import Builder, Network, Tap, Taps
from costmodel.arch.read import read
from costmodel.arch.scope import UNKNOWN, Scope, resolve
from costmodel.arch.syntax import Document
from costmodel.errors import BadValue, InputError, Place, Problems, did_you_mean
from costmodel.expressions import fill
from costmodel.layers.fields import to_int
from costmodel.tally import Shape

__all__ = ["Network", "build", "load", "read"]


def load(path: str | Path, settings: Mapping[str, Any] | None = None) -> Network:
    """The network in the YAML file `path`, its variables overridden by `settings`.

    Raises InputError with every mistake, each at file, line and column.
    """
    return build(read(str(path)), settings or {})


def build(document: Document, settings: Mapping[str, Any]) -> Network:
    """Bind the variables of `document` and unroll it. Raises InputError."""
    problems = document.problems
    variables = bind(document, settings, problems)
    builder = Builder()
    inputs = dict.fromkeys(document.inputs, UNKNOWN)
    for name, shape in shapes(document, variables, problems).items():
        inputs[name] = (builder.input(name, shape),)
    expander = Expander(document, variables, builder, problems)
    scope, last = expander.run(inputs)
    if not problems.found and not any("row" in data for _, data in builder.graph.nodes(data=True)):
        problems.add(Place(document.file), "the network has no rows", "check 'when' and 'repeat'")
    outputs = declared(document, scope, last, expander.taps, problems)
    problems.raise_if_any()
    return Network(
        document.name, document.source, document.file, builder.graph, outputs, variables,
        choices=document.choices,
        warnings=warnings(document.file, builder, outputs),
    )  # fmt: skip


def bind(document: Document, settings: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Every variable: its setting if there is one, else its default (which may use earlier ones)."""
    for name in settings:
        if name not in document.vars:
            problems.add(Place(f"--set {name}"), f"{document.file} has no variable '{name}'",
                         did_you_mean(name, document.vars))  # fmt: skip
    bound: dict[str, Any] = {}
    for name, node in document.vars.items():
        try:
            default = _fill_all(node.plain(), bound)
        except BadValue as error:
            problems.found.extend(error.at(node.place).problems)
            continue
        value = settings.get(name, default)
        if isinstance(default, str) != isinstance(value, str):
            problems.add(Place(f"--set {name}"), f"'{name}' is like {default!r}, got {value!r}",
                         "give a value of the same kind")  # fmt: skip
        bound[name] = value
    return bound


def _fill_all(value: Any, names: Mapping[str, Any]) -> Any:
    return [_fill_all(v, names) for v in value] if isinstance(value, list) else fill(value, names)


def shapes(document: Document, variables: Mapping[str, Any],
           problems: Problems) -> dict[str, Shape]:  # fmt: skip
    """The shape of every network input, per sample [elements]."""
    found: dict[str, Shape] = {}
    for name, node in document.inputs.items():
        with problems.collect():
            sizes = []
            for axis in node.sequence(name):
                try:
                    sizes.append(to_int(fill(axis.value, variables)))
                except BadValue as error:
                    raise error.at(axis.place, f"an axis of '{name}' ") from None
            if not 1 <= len(sizes) <= 4:
                raise InputError.at(node.place, f"'{name}' has {len(sizes)} axes",
                                    "write [channels, height, width] or [features]")  # fmt: skip
            found[name] = tuple(sizes)
    return found


def declared(document: Document, scope: Scope, last: Taps, taps: Mapping[str, Taps],
             problems: Problems) -> Taps:  # fmt: skip
    """The network's outputs: those it declares, else what its last layer gives."""
    if document.outputs is None:
        return last
    found: list[Tap] = []
    with problems.collect():
        for node in document.outputs.sequence("outputs"):
            named = resolve(node.text("an output"), scope, taps)
            if named is None:
                problems.add(node.place, f"output '{node.value}' names no layer",
                             did_you_mean(str(node.value), scope.known()))  # fmt: skip
            found.extend(named or ())
    return tuple(found)
