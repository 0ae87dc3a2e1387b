"""Colour on a terminal: what a reader looks for first. NO_COLOR turns it off (no-color.org)."""

from __future__ import annotations

import os
import re
from typing import Any

BOLD, DIM, RED, GREEN, YELLOW, PLAIN = (f"\x1b[{code}m" for code in (1, 2, 31, 32, 33, 0))
RULES = (
    (re.compile(r"^(WARNING\b.*)", re.MULTILINE), RED),
    (re.compile(r"^(Total |Throughput |TTFT |Where the time goes)", re.MULTILINE), BOLD),
    (re.compile(r"^(Slowest rows|Doubling one resource|On-chip memory)", re.MULTILINE), BOLD),
    (re.compile(r"\b(calibrated)\b"), GREEN),
    (re.compile(r"\b(datasheet|assumed)\b"), YELLOW),
    (re.compile(r"^((?:row|rank|architecture|resource)  .*)", re.MULTILINE), DIM),
)
"""What is painted how, the first group of each match."""


def wanted(stream: Any) -> bool:
    """True for a terminal that shows colour, where nobody asked for none."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain and stream is not None and stream.isatty()


def painted(text: str) -> str:
    """The text with its headings, warnings and standings in colour."""
    for pattern, colour in RULES:
        text = pattern.sub(rf"{colour}\1{PLAIN}", text)
    return text
