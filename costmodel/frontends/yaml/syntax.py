"""What an architecture file says, before any variable is bound.

A file is a tree of items. An item is ``name: {...}`` and takes one of four forms: a layer
(``kind``), a fused row (``fuse``), a call of a block (``block``), or a group (``layers``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from costmodel.core.layer import Layer
from costmodel.errors import Place, Problems
from costmodel.language.documents import Node

CONTROL = ("from", "repeat", "index", "when", "id", "unread", "appends", "density")
"""Keys that any item may carry; those of OF_LAYERS only a layer."""
OF_LAYERS = ("unread", "appends", "density")


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """One layer as written. `ready` is the finished layer when no attribute has a ``${...}``."""

    kind: type[Layer]
    attributes: dict[str, Node]
    place: Place
    ready: Layer | None = None


@dataclass(frozen=True, eq=False)
class Item:
    """One entry of a ``layers`` list."""

    name: str
    place: Place
    control: dict[str, Node]
    specs: tuple[LayerSpec, ...] = ()
    """The layers of a layer or fused row."""
    block: Node | None = None
    """The block's name in a call."""
    args: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    items: tuple[Item, ...] | None = None
    """The items of a group."""
    broken: bool = False
    """Already reported; whatever reads it is left in peace."""


@dataclass(frozen=True, eq=False)
class Block:
    """A reusable list of items. An argument without a default is required."""

    name: str
    place: Place
    args: dict[str, Node | None]
    inputs: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, eq=False)
class Document:
    """A whole architecture file."""

    file: str
    name: str
    source: str
    vars: dict[str, Node]
    inputs: dict[str, Node]
    blocks: dict[str, Block]
    items: tuple[Item, ...]
    outputs: Node | None
    choices: dict[str, str]
    """Convention, placement, timing, dtype."""
    problems: Problems
    """What is wrong so far; `build` adds to it and raises."""
    states: dict[str, Node] = field(default_factory=dict)
    """Shapes of tensors that outlive the run."""
    files: list[Path] = field(default_factory=list)
    """Every file that was read for it."""
