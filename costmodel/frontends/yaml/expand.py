"""Syntax and variables to rows: blocks are called, repeats unrolled, branches connected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costmodel.core.attributes import to_int
from costmodel.core.builder import Builder
from costmodel.core.density import DENSE, Density
from costmodel.core.layer import Layer, read_attribute
from costmodel.core.network import Tap, Taps
from costmodel.errors import BadValue, InputError, Place, Problems, did_you_mean
from costmodel.frontends.yaml.scope import (
    UNKNOWN,
    Scope,
    appended,
    note_reads,
    report_early,
    resolve,
)
from costmodel.frontends.yaml.syntax import Document, Item, LayerSpec
from costmodel.frontends.yaml.unrolled_size import least_steps
from costmodel.language.documents import Node, placing
from costmodel.language.expressions import fill

MAX_STEPS = 100_000
"""Items unrolled: so many rows take 6 s and half a gigabyte."""
MAX_REPEAT = 1_000_000
MAX_DEPTH = 30
"""Blocks inside blocks."""


class Expander:
    """Unrolls one document into a `Builder`, collecting every problem on the way."""

    def __init__(
        self, document: Document, variables: Mapping[str, Any], builder: Builder, problems: Problems
    ) -> None:
        self.document, self.variables = document, variables
        self.builder, self.problems = builder, problems
        self.taps: dict[str, Taps] = {}
        """The outputs of every row by its id."""
        self.steps = 0
        """Items unrolled so far."""
        self.calls: list[str] = []
        """The blocks around the item that is being unrolled."""

    def run(self, inputs: dict[str, Taps]) -> tuple[Scope, Taps]:
        """Unroll the whole document; its top scope and what its last item gives."""
        scope = Scope(self.variables, names=dict(inputs))
        first = next(iter(inputs.values()), UNKNOWN)
        with self.problems.collect():
            for number, steps in least_steps(self.document).items():
                if steps > MAX_STEPS:
                    raise too_many(self.document.items[number])
            return scope, self.body(self.document.items, scope, first)
        return scope, UNKNOWN

    def body(self, items: tuple[Item, ...], scope: Scope, taps: Taps) -> Taps:
        """Expand a list of items, each reading the one before it unless it says ``from``."""
        previous = ""
        for item in items:
            try:
                taps = self.item(item, scope, taps)
            except InputError as error:
                if self.steps > MAX_STEPS:
                    raise
                self.problems.found.extend(error.problems)
                taps = scope.names[item.name] = UNKNOWN
            if scope.early:
                note_reads(item, scope, previous)
            previous = item.name
        report_early(scope, self.problems)
        return taps

    def item(self, item: Item, scope: Scope, taps: Taps) -> Taps:
        """Expand one item, with its repetitions; bind and return its output taps."""
        if item.broken:
            return self.bind(item, item.name, scope, UNKNOWN)
        if "from" in item.control:
            taps = self.sources(item, item.control["from"], scope)
        else:
            single(taps, item.place)
        if "when" in item.control and not self.value(item.control["when"], scope.env):
            # what it would have read first
            return self.bind(item, item.name, scope, taps[:1])
        index = self.text(item.control["index"], scope.env) if "index" in item.control else "i"
        repeated = "repeat" in item.control
        count = self.count(item.control["repeat"], scope.env) if repeated else 1
        for turn in range(count):
            started = self.steps
            env = {**scope.env, index: turn} if repeated else scope.env
            suffix = f"[{turn}]" if count > 1 else ""
            taps = self.once(item, scope, env, taps, suffix, index)
            self.steps += 1
            if turn == 0 and started + count * (self.steps - started) > MAX_STEPS:
                # nothing further is worth unrolling
                self.steps = MAX_STEPS + 1
                raise too_many(item)
        return self.bind(item, item.name, scope, taps)

    def bind(self, item: Item, name: str, scope: Scope, taps: Taps) -> Taps:
        """Let `name`, and the item's explicit id, mean `taps` from here on."""
        scope.names[name] = taps
        if "id" in item.control:
            node = item.control["id"]
            word = self.text(node, scope.env)
            if scope.ids.setdefault(word, node.place) != node.place:
                raise InputError.at(
                    node.place,
                    f"duplicate id '{word}', first on line {scope.ids[word].line}",
                    "ids are unique in a list",
                )
            scope.names[word] = taps
        return taps

    def once(
        self, item: Item, scope: Scope, env: Mapping[str, Any], taps: Taps, suffix: str, index: str
    ) -> Taps:
        """One repetition of an item."""
        name = self.filled(item.name, env, item.place)
        if not isinstance(name, str | int | float):
            what = f"'{item.name}' gives {type(name).__name__} {str(name)[:40]}, no name"
            raise InputError.at(item.place, what, "write an expression that gives text")
        name = str(name)
        if item.specs:
            taps = self.layer(item, name, scope, env, taps)
            return self.bind(item, name, scope, taps) if name != item.name else taps
        path = f"{scope.path}{name}{suffix}/"
        block = scope.block or name
        if item.items is not None:
            return self.body(item.items, Scope(env, path, block, {}, scope), taps)
        inner = self.call(item, env, taps, index)
        inner.path, inner.block = path, block
        body = self.document.blocks[self.calls[-1]].items
        first = next(iter(inner.names.values()), UNKNOWN)
        try:
            return self.body(body, inner, first)
        finally:
            self.calls.pop()

    def layer(
        self, item: Item, name: str, scope: Scope, env: Mapping[str, Any], taps: Taps
    ) -> Taps:
        """Add the row of a layer or of a fused row; its output taps."""
        made = [spec.ready or self.make(spec, env) for spec in item.specs]
        if not taps:
            return UNKNOWN
        unread = self.value(item.control["unread"], env) if "unread" in item.control else False
        if not isinstance(unread, bool):
            place = item.control["unread"].place
            raise InputError.at(place, f"'unread' is {unread!r}", "write true or false")
        density = self.density(item.control.get("density"), env)
        flags = unread, appended(item, scope, self.taps), density
        wanted, block = f"{scope.path}{name}", scope.block or name
        with placing(item.place, f"layer '{name}': "):
            out = self.builder.row(wanted, name, block, item.place, made, taps, *flags)
        self.taps[out[0].node] = out
        return out

    def density(self, node: Node | None, env: Mapping[str, Any]) -> Density:
        """How much of what a row multiplies is not zero, `{input: 0.5, weights: 0.25}`."""
        if node is None:
            return DENSE
        entries = node.mapping("density")
        node.check_keys("density", Density._fields, self.problems)
        shares: dict[str, float] = {}
        for word in filter(entries.__contains__, Density._fields):
            value = self.value(entries[word], env)
            real = isinstance(value, int | float) and not isinstance(value, bool)
            if not real or not 0 <= value <= 1:
                what = f"'density.{word}' is {value!r}, no share of elements"
                raise InputError.at(entries[word].place, what, "write a number from 0 to 1")
            shares[word] = float(value)
        return Density(**shares)

    def make(self, spec: LayerSpec, env: Mapping[str, Any]) -> Layer:
        """The layer of `spec` with its ``${...}`` filled in."""
        values = {}
        for key, node in spec.attributes.items():
            value = self.value(node, env)
            try:
                values[key] = read_attribute(spec.kind, key, value)
            except BadValue as error:
                raise error.at(node.place, f"'{key}' ") from None
        return spec.kind(**values)

    def call(self, item: Item, env: Mapping[str, Any], taps: Taps, index: str) -> Scope:
        """Enter a block: a fresh scope with its arguments and inputs bound."""
        assert item.block is not None
        word = self.text(item.block, env)
        if word not in self.document.blocks:
            remedy = did_you_mean(word, self.document.blocks)
            raise InputError.at(item.block.place, f"unknown block '{word}'", remedy)
        if word in self.calls or len(self.calls) >= MAX_DEPTH:
            raise InputError.at(item.block.place, f"block '{word}' calls itself", "use repeat")
        block = self.document.blocks[word]
        args: dict[str, Any] = {}
        for key, node in item.args.items():
            if key not in block.args:
                remedy = did_you_mean(key, [*block.args, index])
                what = f"block '{word}' has no argument '{key}'"
                self.problems.add(item.keys[key], what, remedy)
            args[key] = self.value(node, env)
        base = {**self.variables, index: env.get(index, 0)}
        for key, default in block.args.items():
            if key in args or key == index:
                continue
            if default is None:
                what = f"block '{word}' needs '{key}'"
                raise InputError.at(item.place, what, f"add '{key}: ...'")
            args[key] = self.value(default, {**base, **args})
        if len(taps) != len(block.inputs) and taps:
            raise InputError.at(
                item.place,
                f"block '{word}' takes {len(block.inputs)} input(s), got {len(taps)}",
                "name them with 'from: [a, b]'",
            )
        inputs = {name: taps[port : port + 1] for port, name in enumerate(block.inputs)}
        self.calls.append(word)
        return Scope({**base, **args}, names=inputs)

    def sources(self, item: Item, node: Node, scope: Scope) -> Taps:
        """The taps that ``from`` names, one for each entry; UNKNOWN if any of them is."""
        entries = node.value if isinstance(node.value, list) else [node]
        named: list[Tap] = []
        whole = True
        for entry in entries:
            reference = self.text(entry, scope.env)
            taps = resolve(reference, scope, self.taps)
            if taps is None and (whole_layer := scope.find(reference.rpartition(".")[0])):
                raise InputError.at(
                    entry.place,
                    f"'from: {reference}': the layer has "
                    f"{len(whole_layer)} output(s), counted from 0",
                    "name one of them",
                )
            if taps is None:
                scope.early.append((item.name, reference, entry.place, scope.known()))
            taps = single(taps or UNKNOWN, entry.place)
            named.extend(taps)
            whole = whole and bool(taps)
        return tuple(named) if whole else UNKNOWN

    def count(self, node: Node, env: Mapping[str, Any]) -> int:
        """The number of repetitions."""
        value = self.value(node, env)
        with node.placing("'repeat' "):
            count = to_int(value, least=0)
        if count > MAX_REPEAT:
            raise InputError.at(node.place, f"'repeat' is {count}", f"at most {MAX_REPEAT}")
        return count

    def value(self, node: Node, env: Mapping[str, Any]) -> Any:
        """A node's plain value with every ``${...}`` filled in."""
        if isinstance(node.value, list):
            return [self.value(item, env) for item in node.value]
        return self.filled(node.value, env, node.place)

    def text(self, node: Node, env: Mapping[str, Any]) -> str:
        """A name, with every ``${...}`` filled in."""
        return str(self.filled(node.text("a name"), env, node.place))

    def filled(self, value: Any, env: Mapping[str, Any], place: Place) -> Any:
        """`value` with every ``${...}`` filled in; mistakes are placed."""
        try:
            return fill(value, env)
        except BadValue as error:
            raise error.at(place) from None


def single(taps: Taps, place: Place) -> Taps:
    """`taps` if it is one map, or unknown. Raises InputError for several, of which one is meant."""
    if len(taps) > 1:
        raise InputError.at(
            place, f"'{taps[0].node}' has {len(taps)} outputs", "name one, e.g. 'from: name.0'"
        )
    return taps


def too_many(item: Item) -> InputError:
    """The refusal of an item that unrolls without measure."""
    return InputError.at(
        item.place, f"'{item.name}' unrolls to over {MAX_STEPS} steps", "repeat less"
    )
