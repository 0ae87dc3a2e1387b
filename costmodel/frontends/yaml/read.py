"""YAML nodes to syntax: every mistake that can be seen before variables are bound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from keyword import iskeyword
from pathlib import Path
from typing import Any

from costmodel.core import policies
from costmodel.errors import InputError, Problems, did_you_mean
from costmodel.frontends.yaml.checks import check_calls, layer_spec
from costmodel.frontends.yaml.syntax import CONTROL, OF_LAYERS, Block, Document, Item, LayerSpec
from costmodel.language.documents import Node, load

TOP = (
    *("name", "source", "description", "use", "input", "inputs", "state", "vars", "blocks"),
    *("layers", "outputs", *policies.DEFAULTS),
)
"""Keys of an architecture file."""
FORMS = ("kind", "fuse", "block", "layers")
WORD = re.compile(r"[A-Za-z_]\w*")
NAME = re.compile(r"(?:[\w+-]|\$\{[^{}]*\})+")


def read(root: Node, file: str, problems: Problems) -> Document:
    """The architecture whose YAML is `root`; `problems` gets the mistakes seen so far.

    Raises InputError where it is no YAML mapping at all.
    """
    return _Reader(file, problems).document(root)


class _Reader:
    """Reads one file and those whose blocks it uses, and goes on behind every mistake."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file, self.problems = file, problems
        self.files = [Path(file)]

    def document(self, root: Node) -> Document:
        """The whole file. Raises InputError where it is no mapping."""
        top = root.mapping("an architecture file")
        problems = self.problems
        root.check_keys("the architecture", TOP, problems)
        root.require("the architecture", ("name", "source", "layers"), problems)
        given = [word for word in ("input", "inputs") if word in top]
        if len(given) == 2:
            what = "the architecture has both 'input' and 'inputs'"
            problems.add(top["inputs"].place, what, "keep one of them")
        elif not given:
            what = "the architecture has neither 'input' nor 'inputs'"
            problems.add(root.place, what, "add 'input: [3, 224, 224]'")
        alone = {"input": top["input"]} if "input" in top else None
        document = Document(
            self.file,
            name=self.text(top.get("name"), "name"),
            source=self.text(top.get("source"), "source"),
            vars=self.named(top.get("vars"), "vars"),
            inputs=alone or self.named(top.get("inputs"), "inputs"),
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
        check_calls(document, problems)
        return document

    def text(self, node: Node | None, what: str) -> str:
        """A text; empty when absent or wrong."""
        if node is not None:
            with self.problems.collect():
                return node.text(what)
        return ""

    def choices(self, top: dict[str, Node]) -> dict[str, str]:
        """The policies that the file asks for, each a known word."""
        chosen = {}
        for family in policies.DEFAULTS:
            if family in top:
                with self.problems.collect(), top[family].placing():
                    chosen[family] = top[family].text(family)
                    policies.check(family, chosen[family])
        return chosen

    def named(self, node: Node | None, what: str) -> dict[str, Node]:
        """A mapping whose keys are identifiers; empty when absent or wrong."""
        if node is None:
            return {}
        with self.problems.collect():
            entries = node.mapping(what)
            for name, place in node.keys.items():
                if not WORD.fullmatch(name) or iskeyword(name):
                    remedy = "use letters, digits and _, and no word of Python's"
                    self.problems.add(place, f"'{name}' is no name for {what}", remedy)
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
        for node in self.entries(top.get("use"), "use"):
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
        """A block, without what is wrong in it."""
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

    def entries(self, node: Node | None, what: str) -> list[Node]:
        """The entries of a list; none when absent or wrong."""
        if node is not None:
            with self.problems.collect():
                return node.sequence(what)
        return []

    def items(self, node: Node | None, what: str) -> tuple[Item, ...]:
        """The items of a list, broken ones among them."""
        return tuple(map(self.item, self.entries(node, what)))

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
        """An entry under its name. Raises InputError where it has none, or no form."""
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
        for word in OF_LAYERS:
            if word in control and forms[0] not in ("kind", "fuse"):
                self.problems.add(body.keys[word], f"'{word}' is for a layer", "set it at a layer")
        form = self.form(name, forms[0], body, rest)
        return Item(name, place, control, keys=body.keys, **form)

    def form(self, name: str, word: str, body: Node, rest: dict[str, Node]) -> dict[str, Any]:
        """What an item is: a layer, a fused row, a call of a block, or a group. InputError."""
        node = body.value[word]
        if word == "kind":
            return {"specs": (layer_spec(node, rest, body, self.problems),)}
        if word == "block":
            node.text("block")
            return {"block": node, "args": rest}
        what = "a fused row" if word == "fuse" else "a group"
        for key in rest:
            remedy = did_you_mean(key, CONTROL)
            self.problems.add(body.keys[key], f"unknown key '{key}' in {what}", remedy)
        if word == "layers":
            return {"items": self.items(node, f"group '{name}'")}
        return {"specs": self.fused(name, node)}

    def fused(self, name: str, node: Node) -> tuple[LayerSpec, ...]:
        """The layers of a fused row, each a kind or a mapping. Raises InputError for none."""
        specs = []
        for part in node.sequence("fuse"):
            inner = part.value if isinstance(part.value, dict) else {"kind": part}
            if "kind" not in inner:
                part.require("a fused layer", ("kind",), self.problems)
                continue
            attributes = {k: v for k, v in inner.items() if k != "kind"}
            specs.append(layer_spec(inner["kind"], attributes, part, self.problems))
        if not specs:
            raise InputError.at(
                node.place, f"layer '{name}' fuses nothing", "list kinds, e.g. [batch_norm, relu]"
            )
        return tuple(specs)
