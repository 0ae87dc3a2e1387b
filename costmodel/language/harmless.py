"""Names are data: what a file calls a layer or a machine, made fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

LONGEST = 200
"""[characters] of a name that pages and pictures show whole."""
UNFIT = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""Controls, marks that turn the direction of text, separators of lines, halves of characters."""

PLAIN = re.compile(r"-|[-+]?[\d.]+(e[-+]?\d+)?( %)?")
"""A dash for nothing, and a number: no formulas."""
FORMULAS = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""


def harmless(name: str, most: int = LONGEST) -> str:
    r"""The name with what could act on a reader's screen spelt out, at most so many characters.

    >>> print(harmless("a\x1b[31mb"))
    a\x1b[31mb
    """
    shown = spelt(name)
    if len(shown) <= most:
        return shown
    return f"{shown[: most - 30]}... ({len(name)} characters)"


def spelt(text: str) -> str:
    """The text with what could act on a reader's screen spelt out, whatever its length."""
    return UNFIT.sub(lambda match: ascii(match[0])[1:-1], text)


def cell(value: Any) -> Any:
    """What a table for spreadsheets may hold: text that they would run gets a ' in front.

    Those are texts that begin with =, +, - or @ (OWASP, CSV injection); numbers stay numbers.

    >>> cell("=1+1"), cell(-1.5), cell("a-b")
    ("'=1+1", -1.5, 'a-b')
    """
    if not isinstance(value, str):
        return value
    shown = spelt(value)
    return f"'{shown}" if shown.startswith(FORMULAS) and not PLAIN.fullmatch(shown) else shown


class Harmless:
    """A stream that spells out what could act on the terminal it writes to."""

    def __init__(self, stream: Any, paint: Callable[[str], str] = str) -> None:
        self.stream, self.paint = stream, paint

    def write(self, text: str) -> int:
        """Write `text`, ends of lines as they are; `paint` may colour what is harmless by then."""
        return int(self.stream.write(self.paint("\n".join(map(spelt, text.split("\n"))))))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
