"""What is there to choose from, with a line and a source for each.

Families: archs, hw, layers, conventions, placements, timings.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

FAMILIES = ("archs", "hw", "layers", "conventions", "placements", "timings", "passes")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("family", nargs="?", metavar="FAMILY", choices=FAMILIES,
                        help=f"{', '.join(FAMILIES)} (default: all)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print one table per family."""
    for family in [args.family] if args.family else FAMILIES:
        entries = list(_entries(family))
        width = max(len(word) for word, _, _ in entries)
        print(f"{family}:")
        for word, line, source in entries:
            print(f"  {word:{width}}  {line}")
            print(f"  {'':{width}}    source: {source}")
    return 0


def _entries(family: str) -> Iterator[tuple[str, str, str]]:
    """(word, one-line description, source) of every member of `family`."""
    from costmodel import conventions, documents, layers, passes, placement, shipped, timing
    from costmodel.discovery import headline

    if family in ("archs", "hw"):
        directory = "archs" if family == "archs" else "hwprofiles"
        for word in shipped.names(directory):
            top = documents.load(shipped.find(word, directory)).plain()
            yield word, str(top.get("description", top["name"])), str(top["source"])
    elif family == "layers":
        for word, kind in sorted(layers.kinds().items()):
            yield word, f"{headline(kind)} (routine: {kind.routine})", kind.source
    else:
        module = {
            "conventions": conventions,
            "placements": placement,
            "timings": timing,
            "passes": passes,
        }[family]
        for word in module.names():
            model = module.load(word)
            yield word, headline(model), model.source
