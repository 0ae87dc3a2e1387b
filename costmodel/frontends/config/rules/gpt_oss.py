"""Configs of the GptOss family."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import Rules, common


class GptOss(Rules):
    """See `source`."""

    source: ClassVar[str] = (
        "model card of gpt-oss (OpenAI 2025); Hugging Face transformers, GptOssConfig"
    )

    def variables(self, keys: Keys) -> dict[str, Any]:
        """As its configuration class has them."""
        keys.refuse("layer_types", unless=(None, alternating(keys)))
        bits = {"expert_bits": MXFP4} if keys.method == "mxfp4" else {}
        return {
            **common(keys),
            **bits,
            "qkv_bias": True,
            "out_bias": True,
            "sinks": True,
            "window": keys.size("sliding_window"),
            "window_every": 2,
            "experts": keys.size("num_local_experts"),
            "top_k": keys.size("num_experts_per_tok", 4),
            "expert_hidden": keys.size("intermediate_size"),
            "expert_bias": True,
        }


def alternating(keys: Keys) -> list[str]:
    """Windows in every second layer, from the first."""
    pair = ["sliding_attention", "full_attention"]
    return [pair[n % 2] for n in range(keys.size("num_hidden_layers"))]


MXFP4 = 4.25
"""[bit] 4 of a value, and a scale of 8 for each 32 (OCP Microscaling Formats 1.0, section 5)."""
