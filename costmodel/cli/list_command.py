"""What is there to choose from, with a line and a source for each.

Families: archs, hw, layers, conventions, placements, traffic, engines, timings, passes, papers,
formats, pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

FAMILIES = (
    "archs",
    "hw",
    "layers",
    "conventions",
    "placements",
    "traffic",
    "engines",
    "timings",
    "passes",
    "papers",
    "formats",
    "pictures",
)
SHELVES = {"archs": "archs", "hw": "hwprofiles"}

EXAMPLES = (
    "list hw",
    "list layers conv2d",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "family",
        nargs="?",
        metavar="FAMILY",
        choices=FAMILIES,
        help=f"{', '.join(FAMILIES)} (default: all)",
    )
    parser.add_argument(
        "word", nargs="?", metavar="KIND", help="of layers: attributes, defaults, shapes, examples"
    )


def run(args: argparse.Namespace) -> int:
    """Print one table per family, or all about one layer kind."""
    if args.word:
        return _one(args)
    for family in [args.family] if args.family else FAMILIES:
        found = list(entries(family))
        width = max(len(word) for word, _, _ in found)
        print(f"{family}:")
        for word, line, source in found:
            print(f"  {word:{width}}  {line}")
            print(f"  {'':{width}}    source: {source}")
    return 0


def _one(args: argparse.Namespace) -> int:
    from costmodel.errors import BadValue, InputError, Place
    from costmodel.report import kind_text

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
    from costmodel.language import documents, shipped

    for word in shipped.names(folder):
        top = documents.load(shipped.find(word, folder)).plain()
        yield word, str(top.get("description", top["name"])), str(top["source"])


def _layers() -> Iterator[tuple[str, str, str]]:
    from costmodel.core.kinds import kinds
    from costmodel.core.registry import headline

    for word, kind in sorted(kinds().items()):
        yield word, f"{headline(kind)} (routine: {kind.routine})", kind.source


def _models(name: str) -> Iterator[tuple[str, str, str]]:
    from costmodel.core.convention import CONVENTIONS
    from costmodel.core.engine import ENGINE_MODELS
    from costmodel.core.graph_pass import PASSES
    from costmodel.core.output import FORMATS, PICTURES
    from costmodel.core.placement import PLACEMENTS
    from costmodel.core.registry import Family, headline
    from costmodel.core.timing import TIMINGS
    from costmodel.core.traffic import TRAFFICS
    from costmodel.papers import PAPERS

    families: dict[str, Family[Any]] = {
        "conventions": CONVENTIONS,
        "placements": PLACEMENTS,
        "traffic": TRAFFICS,
        "engines": ENGINE_MODELS,
        "timings": TIMINGS,
        "passes": PASSES,
        "papers": PAPERS,
        "formats": FORMATS,
        "pictures": PICTURES,
    }
    for word in families[name].names():
        kind = families[name].kind(word)
        yield word, headline(kind), str(getattr(kind, "source", ""))
