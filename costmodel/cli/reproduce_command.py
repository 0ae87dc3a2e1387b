"""The papers' published tables beside ours, each difference explained.

Names are papers (all of a paper's tables) or tables; none means everything. Writes a page, the
cells as CSV, and pictures under --out. Exit code 1 while any figure is unexplained.
"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help="a paper or a table (default: all)"
    )
    parser.add_argument("--out", default="reports", metavar="DIR",
                        help="where the pages go (default: reports)")  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="print the summary only")


def run(args: argparse.Namespace) -> int:
    """Compare, print, write the pages."""
    from pathlib import Path

    from costmodel import published
    from costmodel.published import beyond, pages

    tables = published.select(args.tables)
    if not args.quiet:
        for table in tables:
            print("\n".join([*pages.text(table), ""]))
    print("\n".join(pages.summary(tables)))
    papers = published.by_paper(tables)
    for paper, members in papers.items():
        print(f"wrote {pages.write(Path(args.out), paper, members)}")
    if not args.tables:
        print(f"wrote {beyond.write(Path(args.out))}")
        pages.write_index(Path(args.out), papers)
    states = [state for table in tables for state in table.rows().values()]
    return 1 if published.Status.UNEXPLAINED in states else 0
