"""One change of one file, and how the text of a file with it comes about."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

Change = tuple[ast.AST, str]
"""A piece of source, and the text to stand there instead."""


class Mutant(NamedTuple):
    """One change of one file."""

    file: Path
    line: int
    function: str
    """The qualified name of what the change is in; empty outside functions and tables."""
    change: str
    text: str
    """The line with the change in it."""
    source: bytes


LONG = 200
"""Characters of a change that are printed."""


def at_place(
    file: Path, source: bytes, first: int, last: int, new: str, function: str = ""
) -> Mutant:
    """The mutant in which `new` stands for the bytes from `first` to `last`."""
    mutated = source[:first] + new.encode() + source[last:]
    line = source.count(b"\n", 0, first)
    old = " ".join(source[first:last].decode().split())
    old, shown = (text if len(text) < LONG else f"{text[:LONG]} ..." for text in (old, new))
    text = mutated.split(b"\n")[line].decode().strip()
    return Mutant(file, line + 1, function, f"{old} -> {shown}", text, mutated)


def of_nodes(
    file: Path, source: bytes, function: str, changes: Iterable[Change]
) -> Iterator[Mutant]:
    """The mutants of changes that are told by nodes of the syntax tree."""
    starts = [0]
    for row in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(row))
    for node, new in changes:
        at = vars(node)
        first = starts[at["lineno"] - 1] + at["col_offset"]
        last = starts[at["end_lineno"] - 1] + at["end_col_offset"]
        yield at_place(file, source, first, last, new, function)


Reason = Callable[[Mutant], str | None]
"""Why nothing can notice a mutant; None if something should."""
