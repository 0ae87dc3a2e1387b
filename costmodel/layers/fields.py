"""Attributes of layers: how a value from a file becomes a checked Python value.

Each function returns a dataclass field whose metadata holds the reader; a reader takes the plain
value and returns the checked one or raises BadValue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any

from costmodel.errors import BadValue

Pair = tuple[int, int]  # (vertical, horizontal)
Padding = str | tuple[int, int, int, int]  # 'same', or (top, bottom, left, right)
MAX_SIZE = 2**31 - 1  # [elements] of one axis; keeps every product inside exact integers


def attribute(read: Callable[[Any], Any], default: Any = MISSING) -> Any:
    """A layer attribute read by `read`; required unless it has a default."""
    return field(default=default, metadata={"read": read})


def to_int(value: Any, least: int = 1) -> int:
    """A whole number of at least `least`; 16.0 counts as 16. Raises BadValue."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        fix = "round it, e.g. ${round(...)}" if isinstance(value, float) else "write a number"
        raise BadValue(f"must be a whole number, got {value!r}", fix)
    if not least <= value <= MAX_SIZE:
        raise BadValue(f"must lie in {least}..{MAX_SIZE}, got {value!r}", "change the value")
    return int(value)


def whole(default: Any = MISSING, least: int = 1) -> Any:
    """A whole-number attribute of at least `least`."""
    return attribute(lambda value: to_int(value, least), default)


def pair(default: Any = MISSING, least: int = 1) -> Any:
    """One whole number for both directions, or a list [vertical, horizontal]."""

    def read(value: Any) -> Pair:
        items = value if isinstance(value, list | tuple) else [value, value]
        if len(items) != 2:
            raise BadValue(f"must be one number or [vertical, horizontal], got {value!r}",
                           "write e.g. 3 or [3, 5]")  # fmt: skip
        return to_int(items[0], least), to_int(items[1], least)

    return attribute(read, default)


def padding(default: Padding = (0, 0, 0, 0)) -> Any:
    """'same', 'valid', n, [vertical, horizontal], or [top, bottom, left, right]."""

    def read(value: Any) -> Padding:
        if value == "same":
            return "same"
        if value == "valid":
            return (0, 0, 0, 0)
        items = value if isinstance(value, list | tuple) else [value]
        if isinstance(value, str) or len(items) not in (1, 2, 4):
            raise BadValue(f"must be a padding, got {value!r}",
                           "write same, valid, 1, [1, 2] or [top, bottom, left, right]")  # fmt: skip
        sizes = [to_int(item, least=0) for item in items]
        if len(sizes) == 1:
            sizes *= 4
        elif len(sizes) == 2:
            sizes = [sizes[0], sizes[0], sizes[1], sizes[1]]
        return sizes[0], sizes[1], sizes[2], sizes[3]

    return attribute(read, default)


def flag(default: bool) -> Any:
    """A truth value: true or false."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise BadValue(f"must be true or false, got {value!r}", "write true or false")
        return value

    return attribute(read, default)


def number(default: Any = MISSING, low: float = 0.0, high: float = 1.0) -> Any:
    """A real number between `low` and `high`."""

    def read(value: Any) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise BadValue(f"must be a number in {low:g}..{high:g}, got {value!r}", "change it")
        return float(value)

    return attribute(read, default)


def numbers(default: tuple[float, ...]) -> Any:
    """A list of real numbers."""

    def read(value: Any) -> tuple[float, ...]:
        if not isinstance(value, list | tuple) or not all(
            isinstance(item, int | float) and not isinstance(item, bool) for item in value
        ):
            raise BadValue(f"must be a list of numbers, got {value!r}", "write e.g. [0.5, 0.5]")
        return tuple(map(float, value))

    return attribute(read, default)


def sizes(default: Any = MISSING) -> Any:
    """A list of whole numbers of at least 1."""

    def read(value: Any) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or not value:
            raise BadValue(f"must be a list of sizes, got {value!r}", "write e.g. [8, 8]")
        return tuple(to_int(item) for item in value)

    return attribute(read, default)


def whole_list(default: Any = MISSING) -> Any:
    """A list of whole numbers of at least 0."""

    def read(value: Any) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or not value:
            raise BadValue(f"must be a list of numbers, got {value!r}", "write e.g. [1, 2]")
        return tuple(to_int(item, least=0) for item in value)

    return attribute(read, default)
