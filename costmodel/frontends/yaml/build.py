"""Syntax and settings to a network: variables are bound, inputs shaped, outputs found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from costmodel.core.attributes import to_int
from costmodel.core.builder import Builder
from costmodel.core.network import Facts, Network, Tap, Taps
from costmodel.core.tally import Shape
from costmodel.errors import InputError, Place, Problem, Problems, did_you_mean
from costmodel.frontends.yaml.expand import Expander
from costmodel.frontends.yaml.scope import UNKNOWN, Scope, resolve
from costmodel.frontends.yaml.syntax import Document
from costmodel.language.documents import Node
from costmodel.language.expressions import fill

WORDS = re.compile(r"[A-Za-z_]\w*")
"""Names in an expression."""


def build(document: Document, settings: Mapping[str, Any]) -> Network:
    """Bind the variables of `document` and unroll it. Raises InputError."""
    problems = document.problems
    variables = bind(document, settings, problems)
    builder = Builder()
    inputs = dict.fromkeys(document.inputs, UNKNOWN)
    for name, shape in shapes(document.inputs, variables, problems).items():
        inputs[name] = (builder.input(name, shape),)
    for name, shape in shapes(document.states, variables, problems, 0).items():
        if name in inputs:
            problems.add(document.states[name].place, f"'{name}' is an input too", "rename one")
        inputs[name] = (builder.input(name, shape, state=True),)
    expander = Expander(document, variables, builder, problems)
    scope, last = expander.run(inputs)
    if not problems.found and not builder.rows:
        problems.add(Place(document.file), "the network has no rows", "check 'when' and 'repeat'")
    outputs = declared(document, scope, last, expander.taps, problems)
    doubts = channels_last(document, inputs)
    if problems.found:
        problems.found.extend(doubts)
    problems.raise_if_any()
    facts = Facts(document.name, document.source, document.file, outputs)
    warnings = tuple(map(str, doubts))
    return builder.network(
        replace(facts, warnings=warnings, variables=variables, choices=document.choices)
    )


def bind(document: Document, settings: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The value of every variable: its setting, else its default, which may use earlier ones."""
    for name in settings:
        if name not in document.vars:
            what = f"{document.file} has no variable '{name}'"
            problems.add(Place(f"--set {name}"), what, did_you_mean(name, document.vars))
    bound: dict[str, Any] = {}
    lost: set[str] = set()
    for name, node in document.vars.items():
        # what follows from a mistake is no mistake of its own
        if lost & set(WORDS.findall(str(node.plain()))) and name not in settings:
            lost.add(name)
            continue
        lost.add(name)
        with problems.collect(), node.placing():
            default = _fill_all(node.plain(), bound)
            bound[name] = settings.get(name, default)
            lost.remove(name)
            if isinstance(default, str) != isinstance(bound[name], str):
                what = f"'{name}' is like {default!r}, got {bound[name]!r}"
                problems.add(Place(f"--set {name}"), what, "give a value of the same kind")
    return bound


def _fill_all(value: Any, names: Mapping[str, Any]) -> Any:
    """A value, or every value of a list, with its ``${...}`` filled in."""
    return [_fill_all(v, names) for v in value] if isinstance(value, list) else fill(value, names)


def shapes(
    named: Mapping[str, Node], variables: Mapping[str, Any], problems: Problems, least: int = 1
) -> dict[str, Shape]:
    """The shape of every network input or state, per sample [elements], each axis from `least`.

    A state may hold nothing yet.
    """
    sized: dict[str, Shape] = {}
    for name, node in named.items():
        with problems.collect():
            sizes = []
            for axis in node.sequence(name):
                with axis.placing(f"an axis of '{name}' "):
                    sizes.append(to_int(fill(axis.value, variables), least))
            if not 1 <= len(sizes) <= 4:
                raise InputError.at(
                    node.place,
                    f"'{name}' has {len(sizes)} axes",
                    "write [channels, height, width] or [features]",
                )
            sized[name] = tuple(sizes)
    return sized


COLOURS = (1, 3, 4)
"""Channels of pictures: grey, red green blue, and these with their transparency."""


def channels_last(document: Document, inputs: Mapping[str, Taps]) -> list[Problem]:
    """Doubts about inputs that look as if their channels stood last, [224, 224, 3]."""
    doubts = Problems()
    for name, node in document.inputs.items():
        shape = inputs[name][0].shape if inputs[name] else ()
        if len(shape) == 3 and shape[2] in COLOURS and shape[0] == shape[1] > max(COLOURS):
            doubts.add(
                node.place,
                f"'{name}' is read as {shape[0]} channels of {shape[1]} x {shape[2]}",
                f"channels come first: write [{shape[2]}, {shape[0]}, {shape[1]}]",
            )
    return doubts.found


def declared(
    document: Document, scope: Scope, last: Taps, taps: Mapping[str, Taps], problems: Problems
) -> Taps:
    """The network's outputs: those it declares, else what its last layer gives."""
    if document.outputs is None:
        return last
    taken: list[Tap] = []
    with problems.collect():
        for node in document.outputs.sequence("outputs"):
            word = node.text("an output")
            named = resolve(word, scope, taps)
            if named is None:
                remedy = did_you_mean(word, scope.known())
                problems.add(node.place, f"output '{word}' names no layer", remedy)
            taken.extend(named or ())
    return tuple(taken)
