"""One HTML file from a template, data and scripts: opens from disk, asks nobody for anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from costmodel.language.harmless import harmless
from costmodel.report.palette import css

HERE = Path(__file__).parent
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
"""What a browser lets the page do: run what is inside it, and fetch nothing."""
SCRIPTS = (
    "model.js", "lanes.js", "units.js", "draw.js", "table.js", "charts.js", "lanes_chart.js",
    "levels_chart.js", "memory_chart.js", "parallel.js", "page.js", "sliders.js",
)  # fmt: skip
"""The scripts of every page, in the order in which they run."""
NO_SLIDERS = {"aside": "hidden", "machine": "", "moves": "", "further": ""}
"""The words of page.html for a page without sliders, and with nothing under its table."""
PROSE = 2000
"""[characters] of a sentence."""


def document(words: Mapping[str, str], data: Mapping[str, Any], scripts: Sequence[str] = ()) -> str:
    """Return a page as the text of one HTML file.

    `words` fill the places of page.html as they are, so that names in them must have gone through
    `shown` or `told`. `data` is what the scripts read, the page's own `scripts` after the others.
    """
    parts = {
        "policy": POLICY,
        "style": css() + "\n" + _asset("page.css"),
        "data": _embedded(data),
        "script": "\n".join(_asset(name) for name in (*SCRIPTS, *scripts)),
    }
    return Template(_asset("page.html")).substitute({**NO_SLIDERS, **words, **parts}) + "\n"


def shown(name: str) -> str:
    """A name as it may stand in HTML."""
    return escape(harmless(name))


def told(sentence: str) -> str:
    """A sentence as it may stand in HTML; it may be longer than a name."""
    return escape(harmless(sentence, PROSE))


@cache
def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8").rstrip("\n")


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON that no parser of HTML can mistake for a tag."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
