"""JSON Schemas of the files that users write, worked out from the classes that read them."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

from costmodel.core import policies
from costmodel.core.kinds import kinds
from costmodel.core.layer import Layer
from costmodel.core.quantities import MACHINE
from costmodel.core.registry import headline
from costmodel.hardware.figures import ASSUMABLE
from costmodel.hardware.profile import HardwareProfile

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
QUANTITY: Schema = {
    "type": ["string", "number"],
    "description": "a figure with its unit: 1 GB/s, 512 KiB, 4 TOPS, 5 us",
}
FIGURE: Schema = {"anyOf": [QUANTITY, {"type": "object", "additionalProperties": QUANTITY}]}
EXPRESSION: Schema = {"type": "string", "pattern": r"\$\{"}
"""What may stand for any value."""
NAMES: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
SHAPE: Schema = {
    "type": "array",
    "items": {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]},
    "minItems": 1,
    "maxItems": 4,
    "description": "[channels, height, width] or [features], without the batch",
}
PRESET_TEXTS = ("name", "source", "description", "base")
CONTROL: Schema = {
    "from": NAMES,
    "repeat": {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]},
    "index": {"type": "string"},
    "when": {"anyOf": [{"type": "boolean"}, EXPRESSION]},
    "id": {"type": "string"},
    "unread": {"type": "boolean"},
    "appends": {"type": "string"},
}


def hardware() -> Schema:
    """Of a hardware profile."""
    made = HardwareProfile.model_json_schema()
    properties = made["properties"]
    for word in MACHINE:
        properties[word] = {**FIGURE, "title": MACHINE[word].label}
    for word in ("capacity", "per_sequence"):
        properties[word] = QUANTITY
    for word in policies.DEFAULTS:
        properties[word] = {"type": "string"}
    share = {"anyOf": [{"type": "number"}, {"type": "object"}]}
    properties["efficiency"] = {"type": "object", "additionalProperties": share}
    properties["usable"] = _reasoned()
    properties["link"] = {
        "type": "object",
        "properties": {"bandwidth": QUANTITY, "latency": QUANTITY},
        "required": ["bandwidth"],
        "additionalProperties": False,
    }
    properties["assumed"] = {
        "type": "object",
        "properties": {word: _reasoned() for word in ASSUMABLE},
        "additionalProperties": False,
    }
    properties["energy"] = {"type": "object", "additionalProperties": QUANTITY}
    properties["passes"] = {"type": "array", "items": {"type": "string"}}
    return {**made, "$schema": DRAFT, "title": "costmodel hardware profile"}


def _reasoned() -> Schema:
    """A figure with the reason for it."""
    return {
        "type": "object",
        "properties": {"value": {}, "reason": {"type": "string"}},
        "required": ["value", "reason"],
        "additionalProperties": False,
    }


def architecture() -> Schema:
    """Of an architecture file, or of a preset: a base and values of its variables."""
    return {
        "$schema": DRAFT,
        "title": "costmodel architecture",
        "if": {"required": ["base"]},
        "then": _preset(),
        "else": _whole(),
        "$defs": {"items": _items(), "item": _item(), "block": _block()},
    }


def _preset() -> Schema:
    return {
        "type": "object",
        "properties": {word: {"type": "string"} for word in PRESET_TEXTS}
        | {"vars": {"type": "object"}},
        "required": ["name", "source", "base"],
        "additionalProperties": False,
    }


def _whole() -> Schema:
    named = {"type": "object", "additionalProperties": SHAPE}
    policy = {word: {"type": "string"} for word in policies.DEFAULTS}
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "source": {"type": "string", "description": "paper, table or page"},
            "description": {"type": "string"},
            "use": {"type": "array", "items": {"type": "string"}},
            "input": SHAPE,
            "inputs": named,
            "state": named,
            "vars": {"type": "object"},
            "blocks": {"type": "object", "additionalProperties": {"$ref": "#/$defs/block"}},
            "layers": {"$ref": "#/$defs/items"},
            "outputs": NAMES,
            **policy,
        },
        "required": ["name", "source", "layers"],
        "oneOf": [{"required": ["input"]}, {"required": ["inputs"]}],
        "additionalProperties": False,
    }


def _items() -> Schema:
    """Names and what stands behind each."""
    one = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": {"$ref": "#/$defs/item"},
    }
    return {"type": "array", "items": one}


def _block() -> Schema:
    return {
        "type": "object",
        "properties": {
            "args": {"type": ["array", "object"]},
            "inputs": {"type": "array", "items": {"type": "string"}},
            "layers": {"$ref": "#/$defs/items"},
        },
        "required": ["layers"],
        "additionalProperties": False,
    }


def _item() -> Schema:
    """A layer, a fused row, a call of a block, or a group."""
    fused = {
        "type": "array",
        "items": {"anyOf": [{"enum": sorted(kinds())}, {"type": "object"}]},
    }
    forms = [
        *(_layer(word, kind) for word, kind in sorted(kinds().items())),
        _form({"fuse": fused}),
        {"type": "object", "properties": {"block": {"type": "string"}}, "required": ["block"]},
        _form({"layers": {"$ref": "#/$defs/items"}}),
    ]
    return {"oneOf": forms}


def _form(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties | CONTROL,
        "required": list(properties),
        "additionalProperties": False,
    }


def _layer(word: str, kind: type[Layer]) -> Schema:
    """One kind with its attributes."""
    attributes = {one.name: _attribute(one) for one in fields(kind)}
    required = [one.name for one in fields(kind) if one.default is MISSING]
    return {
        "description": headline(kind),
        "type": "object",
        "properties": {"kind": {"const": word}} | attributes | CONTROL,
        "required": ["kind", *required],
        "additionalProperties": False,
    }


def _attribute(one: Field[Any]) -> Schema:
    """Any value: its reader says more than a type would; the default for completion."""
    return {} if one.default is MISSING else {"default": one.default}
