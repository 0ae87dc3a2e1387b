"""Configs of the Qwen3 family."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import Rules, common


class Qwen3(Rules):
    """See `source`."""

    source: ClassVar[str] = (
        "Qwen3 technical report (arXiv 2505.09388); Hugging Face transformers, Qwen3Config"
    )

    def variables(self, keys: Keys) -> dict[str, Any]:
        """As its configuration class has them."""
        keys.refuse("use_sliding_window", unless=(None, False))
        bias = keys.flag("attention_bias")
        return {**common(keys), "qk_norm": True, "qkv_bias": bias, "out_bias": bias}
