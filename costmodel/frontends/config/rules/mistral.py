"""Configs of the Mistral family."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import Rules, common, windowed


class Mistral(Rules):
    """See `source`."""

    source: ClassVar[str] = (
        "Jiang et al. 2023 (arXiv 2310.06825); Hugging Face transformers, MistralConfig"
    )

    def variables(self, keys: Keys) -> dict[str, Any]:
        """As its configuration class has them."""
        keys.refuse("hidden_act", unless=(None, "silu"))
        return {**common(keys), **windowed(keys)}
