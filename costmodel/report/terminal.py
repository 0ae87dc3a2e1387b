"""Text for the width at hand: tables lose columns, names are cut, sentences are wrapped."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from costmodel.language.harmless import harmless
from costmodel.report.colour import painted, wanted
from costmodel.report.numbers import columns

LONGEST = 60
"""[characters] of a name in a table."""
LEAST = 12
"""[characters] that a name keeps whatever the width."""
HANGING = 22
"""[characters] in front of what a heading of the summary says."""


def paint_for(stream: Any) -> Callable[[str], str]:
    """What colours text for a stream: nothing, but on a terminal."""
    return painted if wanted(stream) else str


def width() -> int | None:
    """The width of the terminal [characters], or COLUMNS; None where the text goes to a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fitted(
    table: Sequence[Sequence[str]], most: int | None, spare: Sequence[str]
) -> tuple[list[str], list[str]]:
    """A table's lines, at most so wide, and the columns that had to go.

    Columns go in the order of `spare`; then names in the first one are cut.
    """
    cells = [[harmless(cell, LONGEST) for cell in row] for row in table]
    gone: list[str] = []
    for word in spare:
        if most is None or _wide(cells) <= most:
            break
        if word in cells[0]:
            place = cells[0].index(word)
            cells = [row[:place] + row[place + 1 :] for row in cells]
            gone.append(word)
    if most is not None and _wide(cells) > most:
        first = max(len(row[0]) for row in cells)
        room = max(LEAST, first - (_wide(cells) - most))
        cells = [[_cut(row[0], room), *row[1:]] for row in cells]
    return columns(cells), gone


def _wide(table: list[list[str]]) -> int:
    """Characters of a line of the table."""
    return len(max(columns(table, left=0), key=len, default=""))


def _cut(name: str, most: int) -> str:
    """A name's end, which tells rows of a block apart."""
    return name if len(name) <= most else f"..{name[2 - most :]}"


def wrapped(lines: Sequence[str], most: int | None) -> list[str]:
    """Sentences of at most so many characters, what follows a heading under it."""
    if most is None:
        return list(lines)
    broken: list[str] = []
    for line in "\n".join(lines).split("\n"):
        headed = line[HANGING - 1 : HANGING] == " "
        before = len(line) - len(line[HANGING:].lstrip()) if headed else 4
        after = " " * min(before, most // 2)
        broken += textwrap.wrap(
            line, most, subsequent_indent=after, break_on_hyphens=False, drop_whitespace=True
        ) or [""]
    return broken
