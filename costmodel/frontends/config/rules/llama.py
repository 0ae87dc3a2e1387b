"""Configs of the Llama family."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import Rules, common


class Llama(Rules):
    """See `source`."""

    source: ClassVar[str] = (
        "Touvron et al. 2023 (arXiv 2302.13971); Hugging Face transformers, LlamaConfig"
    )

    def variables(self, keys: Keys) -> dict[str, Any]:
        """As its configuration class has them."""
        keys.refuse("hidden_act", unless=(None, "silu"))
        bias = keys.flag("attention_bias")
        return {
            **common(keys),
            "qkv_bias": bias,
            "out_bias": bias,
            "mlp_bias": keys.flag("mlp_bias"),
        }
