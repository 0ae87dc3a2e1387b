"""The keys of a config.json, each read with its type and complained about by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from costmodel.core.attributes import MAX_SIZE
from costmodel.errors import BadValue

T = TypeVar("T")


@dataclass(frozen=True)
class Keys:
    """What a config.json states, each key read with its type."""

    stated: Mapping[str, Any]
    """The entries of the file, as JSON gives them."""

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
        """The text under a key. Raises BadValue for anything else."""
        value: str = self.optional(key)
        return _checked(key, value, isinstance(value, str), "a word")

    def size(self, key: str, default: int | None = None) -> int:
        """The whole number from 1 under a key. Raises BadValue where it is missing or none."""
        value: int | None = self.optional(key, default)
        if value is None:
            raise BadValue(f"has no '{key}'", f"add '{key}'; the family's rules need it")
        whole = isinstance(value, int) and not isinstance(value, bool)
        return _checked(key, value, whole and 1 <= value <= MAX_SIZE, "a whole number from 1")

    def flag(self, key: str, *, default: bool = False) -> bool:
        """The truth value under a key. Raises BadValue for anything else."""
        value: bool = self.optional(key, default)
        return _checked(key, value, isinstance(value, bool), "true or false")

    def refuse(self, key: str, unless: tuple[Any, ...]) -> None:
        """Raise BadValue where a key asks for something that is not modelled."""
        value = self.stated.get(key)
        if value not in unless:
            raise BadValue(f"'{key}: {value!r}' is not modelled", "write it as YAML")


def _checked(key: str, value: T, fits: bool, what: str) -> T:
    """The value of a key where it fits. Raises BadValue that says what it must be."""
    if not fits:
        raise BadValue(f"'{key}' is {value!r}", f"it must be {what}")
    return value
