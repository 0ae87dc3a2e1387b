"""A family of language models whose configs state two figures."""

from __future__ import annotations

from typing import Any

from costmodel.frontends.config.families import Rules
from costmodel.frontends.config.keys import Keys


class Pocket(Rules):
    """One layer with one head."""

    def variables(self, keys: Keys) -> dict[str, Any]:
        """Everything follows from the width."""
        width = keys.size("width")
        words = {"layers": 1, "heads": 1, "kv_heads": 1, "hidden": width, "inter": width}
        return {**words, "vocabulary": keys.size("words"), "tied": True}
