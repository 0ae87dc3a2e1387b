"""Configs of the Qwen3Moe family."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import Rules, common


class Qwen3Moe(Rules):
    """See `source`."""

    source: ClassVar[str] = (
        "Qwen3 technical report (arXiv 2505.09388); Hugging Face transformers, Qwen3MoeConfig"
    )

    def variables(self, keys: Keys) -> dict[str, Any]:
        """As its configuration class has them."""
        keys.refuse("use_sliding_window", unless=(None, False))
        keys.refuse("decoder_sparse_step", unless=(None, 1))
        keys.refuse("mlp_only_layers", unless=(None, []))
        return {
            **common(keys),
            "qk_norm": True,
            "experts": keys.size("num_experts"),
            "top_k": keys.size("num_experts_per_tok"),
            "expert_hidden": keys.size("moe_intermediate_size"),
        }
