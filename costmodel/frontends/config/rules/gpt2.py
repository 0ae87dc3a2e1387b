"""Configs of the Gpt2 family."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import Rules


class Gpt2(Rules):
    """See `source`."""

    source: ClassVar[str] = "Radford et al. 2019; Hugging Face transformers, GPT2Config"

    def variables(self, keys: Keys) -> dict[str, Any]:
        """As its configuration class has them."""
        keys.refuse("activation_function", unless=(None, "gelu_new", "gelu"))
        hidden, heads = keys.size("n_embd"), keys.size("n_head")
        if hidden % heads:
            raise BadValue(f"'n_embd' {hidden} does not divide by 'n_head' {heads}", "change one")
        return {
            "layers": keys.size("n_layer"),
            "hidden": hidden,
            "heads": heads,
            "kv_heads": heads,
            "inter": keys.size("n_inner", 4 * hidden),
            "vocabulary": keys.size("vocab_size"),
            "positions": keys.size("n_positions"),
            "tied": keys.flag("tie_word_embeddings", default=True),
            "norm": "layer_norm",
            "mlp": "gelu",
            "rotary": False,
            "qkv_bias": True,
            "out_bias": True,
            "mlp_bias": True,
        }
