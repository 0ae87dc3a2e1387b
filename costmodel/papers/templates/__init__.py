"""The prose of generated pages as Markdown, their figures left open as {names}."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costmodel.report import files


def write(folder: Path, template: str, **figures: Any) -> Path:
    """Write the page `template`.md, its figures filled in, as the README.md of a folder.

    Returns the folder. Raises InputError where it cannot be written.
    """
    text = (Path(__file__).parent / f"{template}.md").read_text(encoding="utf-8")
    page = text.format(**figures).rstrip() + "\n"
    files.write(folder / "README.md", lambda stream: stream.write(page))
    return folder
