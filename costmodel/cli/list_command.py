"""What is there to choose from, with a line and a source for each.

Families: archs, hw, layers, conventions, placements, traffic, engines, timings, passes, papers,
formats, pictures.
"""

from __future__ import annotations

import argparse
import pkgutil
from collections.abc import Iterator

from costmodel.cli import options
from costmodel.core.kinds import kinds
from costmodel.core.registry import headline
from costmodel.errors import BadValue, InputError, Place
from costmodel.language import documents, shipped
from costmodel.report import kind_text

MODELS = {
    "conventions": "core.convention:CONVENTIONS",
    "placements": "core.placement:PLACEMENTS",
    "traffic": "core.traffic:TRAFFICS",
    "engines": "core.engine:ENGINE_MODELS",
    "timings": "core.timing:TIMINGS",
    "passes": "core.graph_pass:PASSES",
    "papers": "papers:PAPERS",
    "formats": "core.output:FORMATS",
    "pictures": "core.output:PICTURES",
}
"""Families of models, and where each is declared."""
FAMILIES = ("archs", "hw", "layers", *MODELS)
SHELVES = {"archs": "archs", "hw": "hwprofiles"}

EXAMPLES = ("list hw", "list layers conv2d")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    every = f"{', '.join(FAMILIES)} (default: all)"
    options.add(parser, "family FAMILY", every, nargs="?", choices=FAMILIES)
    options.add(parser, "word KIND", "of layers: attributes, defaults, shapes, examples", nargs="?")


def run(args: argparse.Namespace) -> int:
    """Print one table per family, or all about one layer kind."""
    if args.word:
        return _one(args)
    for family in [args.family] if args.family else FAMILIES:
        members = list(entries(family))
        width = max(len(word) for word, _, _ in members)
        print(f"{family}:")
        for word, line, source in members:
            print(f"  {word:{width}}  {line}")
            print(f"  {'':{width}}    source: {source}")
    return 0


def _one(args: argparse.Namespace) -> int:
    if args.family != "layers":
        raise InputError.at(
            Place(f"list {args.family} {args.word}"), "has no page", "only layers have one each"
        )
    try:
        print("\n".join(kind_text.lines(args.word)))
    except BadValue as error:
        raise error.at(Place("list layers")) from None
    return 0


def entries(family: str) -> Iterator[tuple[str, str, str]]:
    """(word, one-line description, source) of every member of `family`."""
    if family in SHELVES:
        return _files(SHELVES[family])
    return _layers() if family == "layers" else _models(family)


def _files(folder: str) -> Iterator[tuple[str, str, str]]:
    for word in shipped.names(folder):
        top = documents.load(shipped.find(word, folder)).plain()
        yield word, str(top.get("description", top["name"])), str(top["source"])


def _layers() -> Iterator[tuple[str, str, str]]:
    for word, kind in sorted(kinds().items()):
        yield word, f"{headline(kind)} (routine: {kind.routine})", kind.source


def _models(name: str) -> Iterator[tuple[str, str, str]]:
    family = pkgutil.resolve_name(f"costmodel.{MODELS[name]}")
    for word in family.names():
        kind = family.kind(word)
        yield word, headline(kind), str(getattr(kind, "source", ""))
