"""Presets: a base architecture and values for its variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from costmodel.core.network import Network
from costmodel.errors import InputError, Place, Problems
from costmodel.frontends.yaml.build import build
from costmodel.frontends.yaml.read import read
from costmodel.language import shipped
from costmodel.language.documents import load

KEYS = ("name", "source", "description", "base", "vars")


def load_network(path: Path, settings: Mapping[str, Any]) -> tuple[Network, list[Path]]:
    """The network in an architecture file, or in a preset's base with the preset's variables.

    Also returns all files it was read from. Raises InputError.
    """
    problems = Problems()
    root = load(str(path), problems)
    if not isinstance(root.value, dict) or "base" not in root.value:
        document = read(root, str(path), problems)
        return within_positions(build(document, settings)), document.files
    root.check_keys("the preset", KEYS, problems)
    root.require("the preset", ("name", "source", "base"), problems)
    top = root.mapping("a preset")
    problems.raise_if_any()
    base = shipped.find(shipped.beside(path.parent, top["base"].text("base")), "archs")
    named = top["name"].text("name"), top["source"].text("source"), str(path)
    given = top["vars"].mapping("vars") if "vars" in top else {}
    variables = {word: node.plain() for word, node in given.items()}
    return from_base(base, variables, settings, named, [path])


def from_base(
    base: Path,
    variables: Mapping[str, Any],
    settings: Mapping[str, Any],
    named: tuple[str, str, str],
    files: list[Path],
) -> tuple[Network, list[Path]]:
    """The network in `base` with `variables`, then `settings`; `named` (name, source, file).

    Also returns all `files` it was read from. Raises InputError.
    """
    problems = Problems()
    document = read(load(str(base), problems), str(base), problems)
    network = build(document, {**variables, **settings})
    name, source, file = named
    network.graph["facts"] = replace(network.facts, name=name, source=source, file=file)
    return within_positions(network), [*files, *document.files]


def within_positions(network: Network) -> Network:
    """The network itself. Raises InputError for more tokens than a decoder has positions for."""
    counts = [network.facts.variables.get(w, 0) for w in ("max_positions", "tokens", "context")]
    limit, tokens, context = counts
    whole = all(isinstance(count, int) for count in counts)
    if whole and limit and tokens + context > limit:
        raise InputError.at(
            Place(network.facts.file),
            f"{tokens + context} tokens are more than the model's {limit} positions",
            "ask for a shorter prompt or fewer tokens, or set max_positions",
        )
    return network
