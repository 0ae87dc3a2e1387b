"""Element types and their sizes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from costmodel.errors import BadValue, did_you_mean

# Bits per element. IEEE 754-2019 for fp64/32/16; bf16, tf32 (stored in 32 bits) and fp8 by
# their vendors' definitions; int4 packs two elements into a byte.
BITS = {
    "fp64": 64,
    "fp32": 32,
    "tf32": 32,
    "fp16": 16,
    "bf16": 16,
    "fp8": 8,
    "int64": 64,
    "int32": 32,
    "int16": 16,
    "int8": 8,
    "uint8": 8,
    "int4": 4,
}

# Types that hold every value of another, so that it can be computed in them, the nearest first. Of
# equal width: whole numbers, then more bits of significand. fp16 has too small a range for bf16,
# bf16 too few bits for fp16. A zero point that is moved by 128 makes uint8 int8.
FLOATS_OF_8 = ("fp16", "bf16", "tf32", "fp32", "fp64")
WHOLE_OF_8 = ("int16", "fp16", "bf16", "int32", "tf32", "fp32", "int64", "fp64")
WIDER: dict[str, tuple[str, ...]] = {
    "int4": ("int8", "fp8", *WHOLE_OF_8),
    "int8": WHOLE_OF_8,
    "uint8": ("int8", *WHOLE_OF_8),
    "int16": ("int32", "fp32", "int64", "fp64"),
    "int32": ("int64", "fp64"),
    "int64": (),
    "fp8": FLOATS_OF_8,
    "fp16": ("tf32", "fp32", "fp64"),
    "bf16": ("tf32", "fp32", "fp64"),
    "tf32": ("fp32", "fp64"),
    "fp32": ("fp64",),
    "fp64": (),
}

MAPPING = re.compile(r"\{(.*)\}")


class Types(NamedTuple):
    """Element types by class: of parameters, of maps (in which engines compute), of states."""

    weights: str
    maps: str
    state: str

    @property
    def word(self) -> str:
        """One type where all are equal, else a mapping as YAML writes it."""
        if self.weights == self.maps == self.state:
            return self.maps
        return f"{{weights: {self.weights}, maps: {self.maps}, state: {self.state}}}"


def types(dtype: str | Mapping[str, str]) -> Types:
    """The types of all classes: one word for all of them, or a mapping, as YAML or as its text.

    Classes that a mapping leaves out are those of the maps, and these fp16. Raises BadValue.
    """
    if isinstance(dtype, str):
        match = MAPPING.fullmatch(dtype.strip())
        if match is None:
            _known(dtype)
            return Types(dtype, dtype, dtype)
        pairs = [pair.partition(":") for pair in match.group(1).split(",") if pair.strip()]
        words = [word.strip() for word, _, _ in pairs]
        for word in words:
            if words.count(word) > 1:
                raise BadValue(f"'{word}' is given twice in '{dtype}'", "give it once")
        dtype = {word.strip(): value.strip() for word, _, value in pairs}
    for word, value in dtype.items():
        if word not in Types._fields:
            raise BadValue(f"'{word}' is no class of tensors", did_you_mean(word, Types._fields))
        _known(value)
    maps = dtype.get("maps", "fp16")
    return Types(dtype.get("weights", maps), maps, dtype.get("state", maps))


def computed_in(dtype: str, has: Collection[str]) -> str | None:
    """The type in which what `has` these types computes maps of `dtype`.

    It is their own, else the next wider one; None where all are too narrow. Raises BadValue.

    Examples
    --------
    >>> computed_in("bf16", ["fp16", "fp32"]), computed_in("fp16", ["int8"])
    ('fp32', None)

    """
    own = types(dtype).maps
    return next((kind for kind in (own, *WIDER[own]) if kind in has), None)


def text_of(dtype: Any) -> str:
    """Write element types as text: a word as it is, a mapping as YAML writes it.

    >>> text_of({"weights": "int4", "maps": "fp16"})
    '{weights: int4, maps: fp16}'
    """
    if not isinstance(dtype, Mapping):
        return str(dtype)
    return f"{{{', '.join(f'{word}: {value}' for word, value in dtype.items())}}}"


def bits(dtype: str) -> int:
    """Bits per element of the maps of `dtype` [bit]; raises BadValue for an unknown one."""
    return BITS[types(dtype).maps]


def _known(dtype: str) -> None:
    """Raise BadValue, with the nearest name, for an element type that is not in BITS."""
    if dtype not in BITS:
        raise BadValue(f"unknown dtype '{dtype}'", did_you_mean(str(dtype), BITS))


def size_of(count: int, bits: int) -> int:
    """Bytes of `count` elements of `bits` each, rounded up [B]."""
    return -(-count * bits // 8)


def whole(dtype: str) -> bool:
    """True for whole numbers, whose sums are held in int32 unless a machine says otherwise."""
    return "int" in dtype
