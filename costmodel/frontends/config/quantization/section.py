"""The `quantization_config` of a file: its keys, each read with its type or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costmodel.errors import BadValue
from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.quantization.names import Names

REMEDY = "docs/language_models.md says which methods and keys are read"
OWN = ("quantization_config", "compression_config")
"""Where a config says how its weights are quantised."""


class Section(Keys):
    """The keys of one method."""

    def mapping(self, key: str) -> Mapping[str, Any]:
        """The mapping under a key, empty where there is none. Raises BadValue for anything else."""
        value = self.optional(key, {})
        if not isinstance(value, Mapping):
            raise BadValue(f"'{key}' is {value!r}", "it must be a mapping")
        return value

    def names(self, *keys: str) -> Names:
        """The modules that lists under these keys name. Raises BadValue for anything else."""
        listed: list[str] = []
        for key in keys:
            value = self.optional(key, [])
            if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
                raise BadValue(f"'{key}' is {value!r}", "it must be a list of names")
            listed += value
        return Names(listed)

    def bits(self, key: str, known: tuple[int, ...] = (2, 3, 4, 8)) -> int:
        """Bits of a value under a key, one of `known`. Raises BadValue for anything else."""
        bits = self.size(key)
        if bits not in known:
            raise BadValue(f"'{key}: {bits}' is not modelled", f"one of {known} is read")
        return bits

    def group(self, key: str, default: int = 0) -> int:
        """Values of a group along the inputs; 0: all of them. Raises BadValue."""
        stated = self.optional(key, default)
        return 0 if stated in (-1, 0) else self.size(key, default)

    def word(self, key: str, default: str) -> str:
        """What stands under a key as text, a default where it is null or missing."""
        return str(self.optional(key, default))

    def block(self, key: str) -> tuple[int, int] | None:
        """Outputs and inputs of a block; None where the key says nothing. Raises BadValue.

        Early compressed-tensors wrote them as text, "128x128".
        """
        block = self.optional(key)
        if block is None:
            return None
        if isinstance(block, str):
            block = [int(size) if size.isdecimal() else size for size in block.split("x")]
        if not isinstance(block, list) or len(block) != 2 or not all(map(_is_size, block)):
            raise BadValue(f"'{key}' is {block!r}", "it must be a list of two whole numbers from 1")
        return block[0], block[1]

    def only(self, method: str, known: str, harmless: str = "") -> None:
        """Raise BadValue for keys beside those that are read and those that change no byte.

        A key that says nothing (null, false, an empty list) changes none either.
        """
        words = {*known.split(), *harmless.split(), "quant_method"}
        strange = [key for key, value in self.stated.items() if key not in words and value]
        if strange:
            told = ", ".join(f"'{key}: {_short(self.stated[key])}'" for key in strange)
            raise BadValue(f"{told} of {method} is not read", REMEDY)


def _is_size(value: Any) -> bool:
    """Tell a whole number from 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _short(value: Any) -> str:
    """A value as an error shows it."""
    text = repr(value)
    return text if len(text) < 60 else f"{text[:57]}..."


def section_of(keys: Keys) -> Section | None:
    """How the weights of a config are quantised; None where they are not. Raises BadValue."""
    for key in OWN:
        stated = keys.optional(key)
        if isinstance(stated, Mapping) and isinstance(stated.get(OWN[0]), Mapping):
            # as compressed-tensors wrote it beside a config of sparsity
            outside = {word: value for word, value in stated.items() if word != OWN[0]}
            stated = {**outside, **stated[OWN[0]]}
        if isinstance(stated, Mapping):
            return Section(stated) if stated else None
        if stated is not None:
            raise BadValue(f"'{key}' is {stated!r}", "it must be a mapping")
    return None
