"""The keys of a config.json, each read with its type and complained about by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costmodel.core.attributes import MAX_SIZE
from costmodel.errors import BadValue

TYPES = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}


@dataclass(frozen=True)
class Keys:
    """A config as it stands."""

    stated: Mapping[str, Any]

    @classmethod
    def of(cls, stated: Any) -> Keys:
        """The keys of a JSON object. Raises BadValue for anything else, or without a family."""
        if not isinstance(stated, dict) or "model_type" not in stated:
            raise BadValue("has no 'model_type'", "give the config.json of a Hugging Face model")
        return cls(stated)

    def optional(self, key: str, default: Any = None) -> Any:
        """A value; the default where it is null or missing."""
        value = self.stated.get(key)
        return default if value is None else value

    def text(self, key: str) -> str:
        """A word. Raises BadValue."""
        value = self.optional(key)
        if not isinstance(value, str):
            raise BadValue(f"'{key}' is {value!r}", "it must be a word")
        return value

    def size(self, key: str, default: int | None = None) -> int:
        """A whole number from 1. Raises BadValue where it is missing or none."""
        value = self.optional(key, default)
        if value is None:
            raise BadValue(f"has no '{key}'", f"add '{key}'; the family's rules need it")
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_SIZE:
            raise BadValue(f"'{key}' is {value!r}", "it must be a whole number from 1")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false. Raises BadValue."""
        value = self.optional(key, default)
        if not isinstance(value, bool):
            raise BadValue(f"'{key}' is {value!r}", "it must be true or false")
        return value

    def refuse(self, key: str, *, unless: tuple[Any, ...] = (None,), what: str = "") -> None:
        """Raise BadValue where a key asks for something that is not modelled."""
        value = self.stated.get(key)
        if value not in unless:
            raise BadValue(f"'{key}: {value!r}' is not modelled", what or "write it as YAML")

    @property
    def method(self) -> str:
        """How its weights are quantised; empty where they are not."""
        value = self.optional("quantization_config", {})
        return str(value.get("quant_method", "")) if isinstance(value, dict) else ""

    @property
    def dtype(self) -> str:
        """The run's element types. Raises BadValue for a quantisation that is not known."""
        word = str(self.optional("torch_dtype", self.optional("dtype", "bfloat16")))
        own = TYPES.get(word, "bf16")
        match self.method:
            case "fp8":
                return "{weights: fp8, maps: fp8, state: " + own + "}"
            case "gptq" | "awq":
                return "{weights: int4, maps: " + own + ", state: " + own + "}"
            case _:
                return own
