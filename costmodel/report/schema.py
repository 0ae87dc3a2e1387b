"""JSON Schemas of the files that users write, worked out from the classes that read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Any

from costmodel.core import policies
from costmodel.core.density import Density
from costmodel.core.kinds import kinds
from costmodel.core.layer import Layer
from costmodel.core.quantities import MACHINE
from costmodel.core.registry import headline
from costmodel.hardware.entries import Technology
from costmodel.hardware.figures import ASSUMABLE
from costmodel.hardware.levels import OPERANDS
from costmodel.hardware.profile import HardwareProfile

Schema = dict[str, Any]


def either(*schemas: Schema) -> Schema:
    """Let a value be any of several things."""
    return {"anyOf": list(schemas)}


def array(items: Schema, **more: Any) -> Schema:
    """Describe a list of such items."""
    return {"type": "array", "items": items, **more}


def mapping(values: Schema, **more: Any) -> Schema:
    """Describe a mapping from any name to such values."""
    return {"type": "object", "additionalProperties": values, **more}


def record(properties: Schema, required: Iterable[str] = (), **more: Any) -> Schema:
    """Describe a mapping of these keys and no others."""
    keys: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return keys | ({"required": list(required)} if required else {}) | more


def refer(word: str) -> Schema:
    """Refer to a part of the schema that several places share."""
    return {"$ref": f"#/$defs/{word}"}


DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
QUANTITY: Schema = {
    "type": ["string", "number"],
    "description": "a figure with its unit: 1 GB/s, 512 KiB, 4 TOPS, 5 us",
}
EXPRESSION: Schema = {"type": "string", "pattern": r"\$\{"}
"""What may stand for any value."""
NAMES = either(TEXT, array(TEXT))
SHAPE = array(
    either({"type": "integer", "minimum": 1}, EXPRESSION),
    minItems=1,
    maxItems=4,
    description="[channels, height, width] or [features], without the batch",
)
REASONED = record({"value": {}, "reason": TEXT}, ("value", "reason"))
"""A figure with the reason for it."""
POLICIES = dict.fromkeys(policies.DEFAULTS, TEXT)
SHARE = either({"type": "number", "minimum": 0, "maximum": 1}, EXPRESSION)
CONTROL: Schema = {
    "from": NAMES,
    "repeat": either({"type": "integer", "minimum": 0}, EXPRESSION),
    "index": TEXT,
    "when": either({"type": "boolean"}, EXPRESSION),
    "id": TEXT,
    "unread": {"type": "boolean"},
    "appends": TEXT,
    "density": record(dict.fromkeys(Density._fields, SHARE)),
}


LEVEL: Schema = {
    "name": TEXT,
    "size": QUANTITY,
    "bandwidth": QUANTITY,
    "energy": record({"read": QUANTITY, "write": QUANTITY}, ("read", "write")),
    "holds": array({"enum": [*OPERANDS]}),
    "buffering": {"enum": ["single", "double"]},
    "per": {"const": "pe"},
}
MACHINE_ENERGIES = tuple(w.partition(".")[2] for w in MACHINE if w.startswith("energy."))


def hardware() -> Schema:
    """Return the schema of a hardware profile."""
    made = HardwareProfile.model_json_schema()
    figure = either(QUANTITY, mapping(QUANTITY))
    link = {"bandwidth": QUANTITY, "latency": QUANTITY}
    made["properties"] |= {
        **{word: {**figure, "title": quantity.label} for word, quantity in MACHINE.items()},
        **dict.fromkeys(("capacity", "per_sequence"), QUANTITY),
        **POLICIES,
        "efficiency": mapping(either({"type": "number"}, {"type": "object"})),
        "usable": REASONED,
        "link": record(link, ("bandwidth",)),
        "assumed": record(dict.fromkeys(ASSUMABLE, REASONED)),
        "energy": record(
            {
                **dict.fromkeys(MACHINE_ENERGIES, QUANTITY),
                "gated": {"const": "zeros"},
                "whole": {"type": "boolean"},
                "basis": TEXT,
            }
        ),
        "technology": either(TEXT, record(dict.fromkeys(Technology.model_fields, TEXT))),
        "area": mapping(QUANTITY),
        "levels": array(record(LEVEL, ("name",))),
        "passes": array(TEXT),
    }
    return {**made, "$schema": DRAFT, "title": "costmodel hardware profile"}


def architecture() -> Schema:
    """Return the schema of an architecture file.

    Either the whole network, or a preset: a base and values of its variables.
    """
    texts = dict.fromkeys(("name", "source", "description", "base"), TEXT)
    named = mapping(refer("item"), minProperties=1, maxProperties=1)
    block = {
        "args": {"type": ["array", "object"]},
        "inputs": array(TEXT),
        "layers": refer("items"),
    }
    return {
        "$schema": DRAFT,
        "title": "costmodel architecture",
        "if": {"required": ["base"]},
        "then": record(texts | {"vars": {"type": "object"}}, ("name", "source", "base")),
        "else": _whole(),
        "$defs": {"items": array(named), "item": _item(), "block": record(block, ("layers",))},
    }


def _whole() -> Schema:
    """Describe a network that is written out."""
    return record(
        {
            "name": TEXT,
            "source": TEXT | {"description": "paper, table or page"},
            "description": TEXT,
            "use": array(TEXT),
            "input": SHAPE,
            "inputs": mapping(SHAPE),
            "state": mapping(SHAPE),
            "vars": {"type": "object"},
            "blocks": mapping(refer("block")),
            "layers": refer("items"),
            "outputs": NAMES,
            **POLICIES,
        },
        ("name", "source", "layers"),
        oneOf=[{"required": ["input"]}, {"required": ["inputs"]}],
    )


def _item() -> Schema:
    """Describe a layer, a fused row, a call of a block, or a group."""
    fused = array(either({"enum": sorted(kinds())}, {"type": "object"}))
    forms = [
        *(_layer(word, kind) for word, kind in sorted(kinds().items())),
        record({"fuse": fused} | CONTROL, ("fuse",)),
        {"type": "object", "properties": {"block": TEXT}, "required": ["block"]},
        record({"layers": refer("items")} | CONTROL, ("layers",)),
    ]
    return {"oneOf": forms}


def _layer(word: str, kind: type[Layer]) -> Schema:
    """Describe one kind of layer; any value may stand for an attribute, for its reader says more.

    Defaults are there for completion.
    """
    defaults = {one.name: one.default for one in fields(kind)}
    attributes = {
        name: {} if default is MISSING else {"default": default}
        for name, default in defaults.items()
    }
    return record(
        {"kind": {"const": word}} | attributes | CONTROL,
        ("kind", *(name for name, default in defaults.items() if default is MISSING)),
        description=headline(kind),
    )
