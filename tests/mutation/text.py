"""Changes of scripts of the page and of tables in YAML, by their words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mutation.mutant import Mutant, at_place

# longest first; what is skipped comes as a group without a change
SKIPPED = r"//[^\n]*|`(?:\\.|[^`\\])*`|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|=>"
SIGNS = {
    "===": "!==", "!==": "===", "<=": "<", ">=": ">", "<": "<=", ">": ">=", "&&": "||", "||": "&&",
    "??=": "=", "??": "&&", "+=": "-=", "-=": "+=", "**": "*", "+": "-", "-": "+", "*": "/",
    "/": "*", "!": "!!", "Math.max": "Math.min", "Math.min": "Math.max", "Math.hypot": "Math.max",
    "true": "false", "false": "true",
}  # fmt: skip
WORDS_OF_SCRIPTS = re.compile(
    f"(?P<skipped>{SKIPPED}|\\+\\+|--|\\.\\.\\.)"
    r"|(?P<number>(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?n?(?!\w))"
    f"|(?P<sign>{'|'.join(map(re.escape, sorted(SIGNS, key=len, reverse=True)))})"
)
GUARD = re.compile(r"\bif \(")
FUNCTION = re.compile(r"^(?:function|const) (\w+)", re.MULTILINE)


def _next_number(text: str) -> str:
    """Another number of the same kind."""
    if text.endswith("n"):
        return f"{int(text[:-1]) + 1}n"
    return f"{int(text) + 1}" if text.isdigit() else f"({text} * 2)"


def _closing(text: str, at: int) -> int:
    """Where the bracket that opens just before `at` is closed."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return at - 1


def of_script(file: Path, source: bytes) -> Iterator[Mutant]:
    """Other numbers, operators and words of JavaScript; guards always and never met."""
    text = source.decode()
    names = [(match.start(), match[1]) for match in FUNCTION.finditer(text)]

    def made(first: int, last: int, new: str) -> Mutant:
        name = next((word for at, word in reversed(names) if at <= first), "")
        begin, end = (len(text[:at].encode()) for at in (first, last))
        return at_place(file, source, begin, end, new, name)

    for match in WORDS_OF_SCRIPTS.finditer(text):
        if match["number"]:
            yield made(*match.span(), _next_number(match[0]))
        elif match["sign"] == "!" and text[match.end()] == "=":
            continue
        elif match["sign"]:
            yield made(*match.span(), SIGNS[match[0]])
    skipped = [m.span() for m in WORDS_OF_SCRIPTS.finditer(text) if m["skipped"]]
    for match in GUARD.finditer(text):
        if not any(begin <= match.start() < end for begin, end in skipped):
            for word in ("true", "false"):
                yield made(match.end(), _closing(text, match.end()), word)


ENTRY = re.compile(
    r"(?P<key>[\w.]+): *(?P<value>[\w.]+|\"[^\"]*\")|(?P<item>(?<=[\[ ])\w+(?=[,\]]))"
)


def of_table(file: Path, source: bytes) -> Iterator[Mutant]:
    """Other values of a table in YAML, and the table without each of its lines."""
    lines = source.splitlines(keepends=True)
    at = 0
    for line in lines:
        text = line.decode()
        if not text.startswith(("#", "source")):
            for match in ENTRY.finditer(text):
                first, last = match.span("item") if match["item"] else match.span("value")
                # the table is ASCII
                yield at_place(file, source, at + first, at + last, _other(text[first:last]))
            if not text.rstrip().endswith(":"):
                yield at_place(file, source, at, at + len(line), "")
        at += len(line)


def _other(value: str) -> str:
    """Another value of the same kind."""
    if value in ("true", "false"):
        return str(value == "false").lower()
    if re.fullmatch(r"[\d.]+", value):
        return str(2 * float(value)) if "." in value else str(int(value) + 1)
    return f"{value[:-1]}x{value[-1]}" if value.endswith('"') else f"{value}x"
