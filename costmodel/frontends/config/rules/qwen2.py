"""Configs of the Qwen2 family."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import Rules, common


class Qwen2(Rules):
    """See `source`."""

    source: ClassVar[str] = (
        "Qwen2 technical report (arXiv 2407.10671); Hugging Face transformers, Qwen2Config"
    )

    def variables(self, keys: Keys) -> dict[str, Any]:
        """As its configuration class has them."""
        keys.refuse("use_sliding_window", unless=(None, False))
        return {**common(keys), "qkv_bias": True}
