"""YAML nodes to syntax: every mistake that can be seen before variables are bound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from keyword import iskeyword
from pathlib import Path
from typing import Any

from costmodel.core import policies
from costmodel.errors import BadValue, InputError, Problems, did_you_mean
from costmodel.frontends.yaml.checks import check_calls, layer_spec
from costmodel.frontends.yaml.syntax import CONTROL, Block, Document, Item
from costmodel.language.documents import Node, load

TOP = (
    "name",
    "source",
    "description",
    "use",
    "input",
    "inputs",
    "state",
    "vars",
    "blocks",
    "layers",
    "outputs",
    *policies.DEFAULTS,
)
FORMS = ("kind", "fuse", "block", "layers")
WORD = re.compile(r"[A-Za-z_]\w*")
NAME = re.compile(r"(?:[\w+-]|\$\{[^{}]*\})+")


def read(path: str) -> Document:
    """The architecture file at `path`, with the mistakes seen so far in its `problems`.

    Raises InputError where it is no YAML mapping at all.
    """
    reader = _Reader(path)
    return reader.document(load(path, reader.problems))


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.files = [Path(file)]
        self.problems = Problems()

    def document(self, root: Node) -> Document:
        top = root.mapping("an architecture file")
        problems = self.problems
        root.check_keys("the architecture", TOP, problems)
        root.require("the architecture", ("name", "source", "layers"), problems)
        if "input" in top and "inputs" in top:
            problems.add(
                top["inputs"].place,
                "the architecture has both 'input' and 'inputs'",
                "keep one of them",
            )
        elif "input" not in top and "inputs" not in top:
            problems.add(
                root.place,
                "the architecture has neither 'input' nor 'inputs'",
                "add 'input: [3, 224, 224]'",
            )
        variables = self.named(top.get("vars"), "vars")
        document = Document(
            self.file,
            root,
            name=self.text(top.get("name"), "name"),
            source=self.text(top.get("source"), "source"),
            vars=variables,
            inputs={"input": top["input"]}
            if "input" in top
            else self.named(top.get("inputs"), "inputs"),
            blocks=self.blocks(top),
            items=self.items(top.get("layers"), "layers"),
            outputs=top.get("outputs"),
            choices=self.choices(top),
            problems=problems,
            states=self.named(top.get("state"), "state"),
            files=self.files,
        )
        if "layers" in top and top["layers"].value in ([], None):
            problems.add(top["layers"].place, "the architecture has no layers", "add at least one")
        check_calls(document, self.problems)
        return document

    def text(self, node: Node | None, what: str) -> str:
        if node is not None:
            with self.problems.collect():
                return node.text(what)
        return ""

    def choices(self, top: dict[str, Node]) -> dict[str, str]:
        """The policies that the file asks for, each a known word."""
        chosen = {}
        for family in policies.DEFAULTS:
            if family in top:
                with self.problems.collect():
                    chosen[family] = top[family].text(family)
                    try:
                        policies.check(family, chosen[family])
                    except BadValue as error:
                        raise error.at(top[family].place) from None
        return chosen

    def named(self, node: Node | None, what: str) -> dict[str, Node]:
        """A mapping whose keys are identifiers; empty when absent or wrong."""
        if node is None:
            return {}
        with self.problems.collect():
            entries = node.mapping(what)
            for name, place in node.keys.items():
                if not WORD.fullmatch(name) or iskeyword(name):
                    self.problems.add(
                        place,
                        f"'{name}' is no name for {what}",
                        "use letters, digits and _, and no word of Python's",
                    )
            return entries
        return {}

    def blocks(self, top: dict[str, Node]) -> dict[str, Block]:
        """The file's own blocks and those of the files it uses."""
        blocks: dict[str, Block] = {}
        for entry in self.used(top):
            for name, node in entry.items():
                if name in blocks:
                    self.problems.add(
                        node.place,
                        f"block '{name}' stands in {blocks[name].place.file} as well",
                        "rename one",
                    )
                blocks[name] = self.block(name, node)
        return blocks

    def used(self, top: dict[str, Node]) -> Iterator[dict[str, Node]]:
        """The ``blocks`` mappings of this file and of each file under ``use``."""
        yield self.named(top.get("blocks"), "blocks")
        files: list[Node] = []
        with self.problems.collect():
            files = top["use"].sequence("use") if "use" in top else []
        for node in files:
            with self.problems.collect():
                file = Path(self.file).parent / node.text("a file under 'use'")
                if not file.is_file():
                    raise InputError.at(
                        node.place, f"no file '{file}'", "name it from this file's folder"
                    )
                self.files.append(file)
                root = load(file, self.problems)
                shared = root.mapping("a file of blocks")
                root.check_keys("a file of blocks", ("source", "blocks"), self.problems)
                root.require("a file of blocks", ("source", "blocks"), self.problems)
                yield self.named(shared.get("blocks"), "blocks")

    def block(self, name: str, node: Node) -> Block:
        args: dict[str, Node | None] = {}
        inputs: tuple[str, ...] = ("input",)
        items: tuple[Item, ...] = ()
        with self.problems.collect():
            body = node.mapping(f"block '{name}'")
            node.check_keys(f"block '{name}'", ("args", "inputs", "layers"), self.problems)
            node.require(f"block '{name}'", ("layers",), self.problems)
            args = self.arguments(body.get("args"))
            if "inputs" in body:
                inputs = tuple(n.text("an input") for n in body["inputs"].sequence("inputs"))
            items = self.items(body.get("layers"), f"block '{name}'")
        return Block(name, node.place, args, inputs, items)

    def arguments(self, node: Node | None) -> dict[str, Node | None]:
        """``args: [a, b]`` (required) or ``args: {a: , b: 1}`` (b has a default)."""
        if node is None:
            return {}
        if isinstance(node.value, dict):
            return {k: None if n.value is None else n for k, n in self.named(node, "args").items()}
        names = {item.text("an argument"): item for item in node.sequence("args")}
        self.named(Node(names, node.place, {n: item.place for n, item in names.items()}), "args")
        return dict.fromkeys(names)

    def items(self, node: Node | None, what: str) -> tuple[Item, ...]:
        if node is None:
            return ()
        with self.problems.collect():
            return tuple(self.item(entry) for entry in node.sequence(what))
        return ()

    def item(self, node: Node) -> Item:
        """One entry of a list; a broken one keeps its name so that others may refer to it."""
        before = len(self.problems.found)
        names = list(node.value) if isinstance(node.value, dict) else []
        item = Item(names[0] if names else "", node.place, {}, broken=True)
        with self.problems.collect():
            item = self.good_item(node)
        hurt = len(self.problems.found) > before
        return replace(item, broken=True) if hurt and item.specs else item

    def good_item(self, node: Node) -> Item:
        entry = node.mapping("a layer")
        if len(entry) != 1:
            raise InputError.at(
                node.place,
                f"a layer is one 'name: {{...}}', got {len(entry)} keys",
                "start each layer with '- '",
            )
        (name, body), place = next(iter(entry.items())), next(iter(node.keys.values()))
        if not NAME.fullmatch(name):
            raise InputError.at(place, f"'{name}' is no layer name", "use letters, digits, _ and -")
        keys = body.mapping(f"layer '{name}'")
        forms = [form for form in FORMS if form in keys]
        if len(forms) != 1:
            got = "none" if not forms else " and ".join(forms)
            raise InputError.at(
                place,
                f"layer '{name}' needs one of kind, fuse, block, layers; it has {got}",
                "write e.g. {kind: conv2d, ...}",
            )
        control = {key: keys[key] for key in CONTROL if key in keys}
        rest = {k: v for k, v in keys.items() if k not in CONTROL and k != forms[0]}
        for word in ("unread", "appends"):
            if word in control and forms[0] not in ("kind", "fuse"):
                self.problems.add(body.keys[word], f"'{word}' is for a layer", "set it at a layer")
        make_form = getattr(self, f"form_{forms[0]}")
        return Item(name, place, control, keys=body.keys, **make_form(name, body, rest))

    def form_kind(self, name: str, body: Node, rest: dict[str, Node]) -> dict[str, Any]:
        return {"specs": (layer_spec(body.value["kind"], rest, body, self.problems),)}

    def form_fuse(self, name: str, body: Node, rest: dict[str, Node]) -> dict[str, Any]:
        self.refuse(body, rest, "a fused row")
        specs = []
        for part in body.value["fuse"].sequence("fuse"):
            if isinstance(part.value, dict):
                inner = part.mapping("a fused layer")
                part.require("a fused layer", ("kind",), self.problems)
                if "kind" in inner:
                    rest = {k: v for k, v in inner.items() if k != "kind"}
                    specs.append(layer_spec(inner["kind"], rest, part, self.problems))
            else:
                specs.append(layer_spec(part, {}, part, self.problems))
        if not specs:
            raise InputError.at(
                body.value["fuse"].place,
                f"layer '{name}' fuses nothing",
                "list kinds, e.g. [batch_norm, relu]",
            )
        return {"specs": tuple(specs)}

    def form_block(self, name: str, body: Node, rest: dict[str, Node]) -> dict[str, Any]:
        body.value["block"].text("block")
        return {"block": body.value["block"], "args": rest}

    def form_layers(self, name: str, body: Node, rest: dict[str, Node]) -> dict[str, Any]:
        self.refuse(body, rest, "a group")
        return {"items": self.items(body.value["layers"], f"group '{name}'")}

    def refuse(self, body: Node, rest: dict[str, Node], what: str) -> None:
        for key in rest:
            self.problems.add(
                body.keys[key], f"unknown key '{key}' in {what}", did_you_mean(key, CONTROL)
            )
