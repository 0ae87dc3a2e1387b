"""What a layer or a block in a file must be, seen before variables are bound."""

from __future__ import annotations

from typing import Any

from costmodel.core import kinds
from costmodel.core.layer import Layer, attribute_names, make, read_attribute, required_names
from costmodel.errors import Problems, did_you_mean
from costmodel.frontends.yaml.syntax import CONTROL, Document, LayerSpec
from costmodel.language.documents import Node


def has_template(value: Any) -> bool:
    """True if a plain value holds a ``${...}`` anywhere."""
    if isinstance(value, list):
        return any(map(has_template, value))
    return isinstance(value, str) and "${" in value


def layer_spec(
    kind_node: Node, attributes: dict[str, Node], owner: Node, problems: Problems
) -> LayerSpec:
    """A layer of a kind, with every attribute that the kind knows; the others are noted."""
    word = kind_node.text("kind")
    with kind_node.placing():
        kind = kinds.get(word)
    known = attribute_names(kind)
    good = {key: node for key, node in attributes.items() if key in known}
    for key in attributes.keys() - good.keys():
        remedy = did_you_mean(key, [*known, *CONTROL])
        problems.add(owner.keys[key], f"unknown key '{key}' in {word}", remedy)
    missing = [key for key in required_names(kind) if key not in attributes]
    for key in missing:
        problems.add(kind_node.place, f"{word} has no '{key}'", f"add '{key}: ...'")
    ready = _literal(kind, good, not missing, problems)
    return LayerSpec(kind, good, kind_node.place, ready)


def _literal(
    kind: type[Layer], given: dict[str, Node], complete: bool, problems: Problems
) -> Layer | None:
    """The finished layer if nothing in it depends on a variable; notes bad literals."""
    values = {key: node.plain() for key, node in given.items()}
    fixed = {key: value for key, value in values.items() if not has_template(value)}
    before = len(problems.found)
    for key, value in fixed.items():
        with problems.collect(), given[key].placing(f"'{key}' "):
            read_attribute(kind, key, value)
    ready = complete and len(fixed) == len(values) and len(problems.found) == before
    return make(kind, values) if ready else None


def check_calls(document: Document, problems: Problems) -> None:
    """Literal block names must exist, in blocks that nothing calls as well."""
    pending = [*document.items, *(i for b in document.blocks.values() for i in b.items)]
    while pending:
        item = pending.pop()
        pending.extend(item.items or ())
        if item.block is not None and not has_template(item.block.value):
            word = item.block.value
            if word not in document.blocks:
                remedy = did_you_mean(word, document.blocks)
                problems.add(item.block.place, f"unknown block '{word}'", remedy)
