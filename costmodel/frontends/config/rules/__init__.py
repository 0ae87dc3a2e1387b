"""Rules that turn the configs of one family each into variables of the shipped decoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from costmodel.core.registry import Family
from costmodel.frontends.config.keys import Keys


class Rules(ABC):
    """One family's keys; a file is a family, its name the config's `model_type`."""

    source: ClassVar[str]

    @abstractmethod
    def variables(self, keys: Keys) -> dict[str, Any]:
        """Variables of archs/decoder.yaml. Raises BadValue for what is not modelled."""


def common(keys: Keys) -> dict[str, Any]:
    """What nearly all decoders state under the same keys."""
    hidden, heads = keys.size("hidden_size"), keys.size("num_attention_heads")
    if hidden % heads:
        # a head size of its own is then needed
        keys.size("head_dim")
    return {
        "layers": keys.size("num_hidden_layers"),
        "hidden": hidden,
        "heads": heads,
        "kv_heads": keys.size("num_key_value_heads", heads),
        "head_size": keys.size("head_dim", hidden // heads),
        "inter": keys.size("intermediate_size"),
        "vocabulary": keys.size("vocab_size"),
        "tied": keys.flag("tie_word_embeddings"),
    }


def windowed(keys: Keys) -> dict[str, Any]:
    """A sliding window over all layers, where it is stated and in use."""
    window = keys.optional("sliding_window")
    if window is None or not keys.flag("use_sliding_window", default=True):
        return {}
    return {"window": keys.size("sliding_window")}


RULES = Family("family of models", "costmodel.frontends.config.rules", "costmodel.configs", Rules)
