"""The prose of generated pages as Markdown, their figures left open as {names}."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def filled(name: str, **figures: Any) -> str:
    """The page `name`.md with its figures filled in."""
    return (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8").format(**figures)
