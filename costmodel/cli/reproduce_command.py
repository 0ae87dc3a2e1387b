"""The papers' published tables beside ours, each difference explained.

Names are papers (all of a paper's tables) or tables; none means everything. Writes a page, the
cells as CSV, and pictures under --out. Exit code 1 while any figure is unexplained.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from costmodel import papers
from costmodel.cli import options
from costmodel.errors import Place
from costmodel.papers import beyond, language_models, pages
from costmodel.studies.labels import once_each

EXAMPLES = ("reproduce --quiet --out reports", "reproduce hairnet_appendix")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(parser, "tables TABLE", "a paper or a table (default: all)", nargs="*")
    options.add(parser, "--out DIR", "where the pages go (default: reports)", default="reports")
    options.add(parser, "--quiet", "print the summary only", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Compare, print, write the pages."""
    once_each(args.tables, Place("TABLE"))
    chosen = papers.select(args.tables)
    tables = [table for mine in chosen.values() for table in mine]
    if not args.quiet:
        for table in tables:
            print("\n".join([*pages.text(table), ""]))
    print("\n".join(pages.summary(tables)))
    whole = papers.by_paper(chosen)
    for paper, members in whole.items():
        print(f"wrote {pages.write(Path(args.out), paper, members)}")
    if not args.tables:
        print(f"wrote {beyond.write(Path(args.out))}")
        print(f"wrote {language_models.write(Path(args.out))}")
        pages.write_index(Path(args.out), whole)
    states = [state for table in tables for state in table.rows().values()]
    return 1 if papers.Status.UNEXPLAINED in states else 0
