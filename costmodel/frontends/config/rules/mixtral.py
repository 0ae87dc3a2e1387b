"""Configs of the Mixtral family."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import Rules, common, windowed


class Mixtral(Rules):
    """See `source`."""

    source: ClassVar[str] = (
        "Jiang et al. 2024 (arXiv 2401.04088); Hugging Face transformers, MixtralConfig"
    )

    def variables(self, keys: Keys) -> dict[str, Any]:
        """As its configuration class has them."""
        return {
            **common(keys),
            **windowed(keys),
            "experts": keys.size("num_local_experts"),
            "top_k": keys.size("num_experts_per_tok"),
        }
