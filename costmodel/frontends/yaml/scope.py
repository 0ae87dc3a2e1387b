"""Names inside an architecture: which feature map a ``from:`` means.

A block sees its own inputs and layers; a group also sees what stands around it. The latest
layer of a name wins. ``name.1`` is the second output of a layer; a full id works from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from costmodel.core.network import Taps
from costmodel.errors import InputError, Place, Problems, did_you_mean
from costmodel.frontends.yaml.syntax import Item

UNKNOWN: Taps = ()
"""The taps of a layer that could not be built; silences what follows from it."""


@dataclass(eq=False)
class Scope:
    """The names and variables of one list of items while it is unrolled."""

    env: Mapping[str, Any]
    """The variables that its expressions know, with their values."""
    path: str = ""
    """What the ids of its rows begin with."""
    block: str = ""
    """The top-level item that this belongs to; empty at the top."""
    names: dict[str, Taps] = field(default_factory=dict)
    parent: Scope | None = None
    ids: dict[str, Place] = field(default_factory=dict)
    """Where each explicit id of this list is written."""
    early: list[tuple[str, str, Place, list[str]]] = field(default_factory=list)
    """References that named nothing yet: item, reference, place, the names known there."""
    reads: dict[str, set[str]] = field(default_factory=dict)
    """What each item reads, by name; only kept once `early` has entries."""

    def find(self, name: str) -> Taps | None:
        """The taps called `name` here or around here; None if there are none."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def known(self) -> list[str]:
        """Every name that `find` would accept."""
        return [*self.names, *(self.parent.known() if self.parent else ())]


def resolve(reference: str, scope: Scope, everything: Mapping[str, Taps]) -> Taps | None:
    """The taps that `reference` means: a name, name.port, or id; None if it means nothing."""
    taps = scope.find(reference)
    taps = everything.get(reference) if taps is None else taps
    if taps is None and "." in reference:
        name, _, port = reference.rpartition(".")
        whole = scope.find(name) or everything.get(name)
        if whole and port.isdigit() and int(port) < len(whole):
            return (whole[int(port)],)
    return taps


def appended(item: Item, scope: Scope, everything: Mapping[str, Taps]) -> bool:
    """Whether what `item` writes is appended to a state. Raises InputError for any other name."""
    node = item.control.get("appends")
    if node is not None:
        name = node.text("a state")
        taps = resolve(name, scope, everything)
        if not taps or not taps[0].state:
            remedy = did_you_mean(name, scope.known())
            raise InputError.at(node.place, f"'{name}' is no state", remedy)
    return node is not None


def note_reads(item: Item, scope: Scope, previous: str) -> None:
    """Remember what `item` reads, by name, so that a cycle can be told and shown."""
    node = item.control.get("from")
    entries = previous if node is None else node.plain()
    sources = entries if isinstance(entries, list) else [entries]
    scope.reads.setdefault(item.name, set()).update(map(str, sources))


def report_early(scope: Scope, problems: Problems) -> None:
    """Explain every reference that named nothing above it: a cycle, a later layer, or a typo."""
    # only an error pays
    import networkx as nx

    for item, reference, place, known in scope.early:
        name = reference if reference in scope.names or reference == item else ""
        if not name:
            problems.add(
                place,
                f"'from: {reference}' names no layer above it",
                did_you_mean(reference, known),
            )
            continue
        graph = nx.DiGraph([(a, b) for a, sources in scope.reads.items() for b in sources])
        graph.add_node(item)
        if name in graph and nx.has_path(graph, name, item):
            loop = " -> ".join([item, *nx.shortest_path(graph, name, item)])
            problems.add(place, f"cycle: {loop}", "let one of them read an earlier layer")
        else:
            problems.add(
                place,
                f"'from: {reference}' names a layer further down",
                f"move '{reference}' above '{item}'",
            )
