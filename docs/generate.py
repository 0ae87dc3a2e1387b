"""Pages that are worked out from the classes and files themselves, written when the site is built.

One page of every layer kind, one of every machine, one of every model that a policy may name.
"""

from __future__ import annotations

from pathlib import Path

from costmodel.cli.list_command import FAMILIES, entries
from costmodel.core.kinds import kinds
from costmodel.report import kind_text

FOLDER = Path(__file__).parent / "generated"
MODELS = [word for word in FAMILIES if word not in ("archs", "hw", "layers", "papers")]


def layers() -> str:
    """Each kind as `costmodel list layers KIND` shows it."""
    parts = ["# Layer kinds", ""]
    for word in sorted(kinds()):
        head, *rest = kind_text.lines(word)
        parts += [f"## {word}", "", head.partition(": ")[2], "", "```text", *rest, "```", ""]
    return "\n".join(parts)


def profiles() -> str:
    """Each shipped machine with its source."""
    lines = ["# Machines", "", "| short name | machine | source |", "|---|---|---|"]
    lines += [f"| `{word}` | {name} | {_cell(source)} |" for word, name, source in entries("hw")]
    return "\n".join([*lines, ""])


def models() -> str:
    """Conventions, placements, traffic, engines, timings, passes, formats, pictures."""
    parts = ["# Models", ""]
    for family in MODELS:
        parts += [f"## {family}", ""]
        parts += [
            f"- **`{word}`**: {line} Source: {_cell(source)}."
            for word, line, source in entries(family)
        ]
        parts += [""]
    return "\n".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").rstrip(".")


def write(folder: Path) -> None:
    """Every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in (layers, profiles, models):
        (folder / f"{page.__name__}.md").write_text(page(), encoding="utf-8")
