"""Attributes of layers: how a value from a file becomes a checked Python value.

Each function returns a dataclass field whose metadata holds the reader; a reader takes the plain
value and returns the checked one or raises BadValue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any

from costmodel.core.tally import Shape, Shapes
from costmodel.errors import BadValue, did_you_mean

Sizes = tuple[int, ...]
"""One number for each axis of a window, e.g. (vertical, horizontal)."""
Padding = str | tuple[int, ...]
"""'same', or elements before and after each axis, e.g. (top, bottom, left, right)."""
MAX_SIZE = 2**31 - 1
"""[elements] of one axis; keeps every product inside exact integers."""
DIRECTIONS = {
    1: "[length]",
    2: "[vertical, horizontal]",
    3: "[depth, vertical, horizontal]",
}


def attribute(
    read: Callable[[Any], Any], default: Any = MISSING, over: Callable[[int], Any] | None = None
) -> Any:
    """A layer attribute read by `read`; required unless it has a default.

    `over` gives the same attribute of a window that slides over another number of axes.
    """
    return field(default=default, metadata={"read": read, "over": over})


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


def optional_whole(least: int = 0) -> Any:
    """A whole number of at least `least`, or nothing."""
    return attribute(lambda value: None if value is None else to_int(value, least), None)


def per_axis(axes: int, default: Any = MISSING, least: int = 1) -> Any:
    """One whole number for all `axes` axes, or a list with one for each."""

    def read(value: Any) -> Sizes:
        items = value if isinstance(value, list | tuple) else [value] * axes
        if len(items) != axes:
            raise BadValue(
                f"must be one number or {DIRECTIONS[axes]}, got {value!r}",
                f"write e.g. 3 or {[3, 5, 3][:axes]}",
            )
        return tuple(to_int(item, least) for item in items)

    def over(other: int) -> Any:
        return per_axis(
            other, default[:1] * other if isinstance(default, tuple) else default, least
        )

    return attribute(read, default, over)


def pair(default: Any = MISSING, least: int = 1) -> Any:
    """One whole number for both directions, or a list [vertical, horizontal]."""
    return per_axis(2, default, least)


def optional_per_axis(axes: int) -> Any:
    """As `per_axis`, or nothing."""
    return attribute(per_axis(axes).metadata["read"], None, optional_per_axis)


def padding(axes: int = 2) -> Any:
    """'same', 'valid', n, one number for each axis, or one before and one after each axis."""

    def read(value: Any) -> Padding:
        if value == "same":
            return "same"
        if value == "valid":
            return (0,) * 2 * axes
        items = value if isinstance(value, list | tuple) else [value]
        if isinstance(value, str) or len(items) not in (1, axes, 2 * axes):
            raise BadValue(
                f"must be a padding, got {value!r}",
                "write same, valid, 1, [1, 2] or [top, bottom, left, right]",
            )
        sizes = [to_int(item, least=0) for item in items]
        if len(sizes) == 1:
            sizes *= 2 * axes
        elif len(sizes) == axes:
            sizes = [size for size in sizes for _ in range(2)]
        return tuple(sizes)

    return attribute(read, (0,) * 2 * axes, padding)


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
        real = isinstance(value, int | float) and not isinstance(value, bool)
        if not real or not low <= value <= high:
            raise BadValue(f"must be a number in {low:g}..{high:g}, got {value!r}", "change it")
        return float(value)

    return attribute(read, default)


def numbers(default: tuple[float, ...]) -> Any:
    """A list of real numbers."""

    def read(value: Any) -> tuple[float, ...]:
        items = value if isinstance(value, list | tuple) else [None]
        if not all(isinstance(i, int | float) and not isinstance(i, bool) for i in items):
            raise BadValue(f"must be a list of numbers, got {value!r}", "write e.g. [0.5, 0.5]")
        return tuple(map(float, items))

    return attribute(read, default)


def sizes(default: Any = MISSING) -> Any:
    """A list of whole numbers of at least 1."""

    def read(value: Any) -> Shape:
        if not isinstance(value, list | tuple) or not value:
            raise BadValue(f"must be a list of sizes, got {value!r}", "write e.g. [8, 8]")
        return tuple(to_int(item) for item in value)

    return attribute(read, default)


def optional_shape() -> Any:
    """A list of whole numbers of at least 1, empty for a single number; or nothing."""
    return attribute(lambda value: None if value is None else _shape(value), None)


def shapes(default: Any = MISSING) -> Any:
    """A list of shapes."""

    def read(value: Any) -> Shapes:
        if not isinstance(value, list | tuple):
            raise BadValue(f"must be a list of shapes, got {value!r}", "write e.g. [[8, 8], [8]]")
        return tuple(map(_shape, value))

    return attribute(read, default)


def _shape(value: Any) -> Shape:
    if not isinstance(value, list | tuple):
        raise BadValue(f"must be a shape, got {value!r}", "write e.g. [8, 8]")
    return tuple(to_int(item) for item in value)


def whole_list(default: Any = MISSING) -> Any:
    """A list of whole numbers of at least 0."""

    def read(value: Any) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or not value:
            raise BadValue(f"must be a list of numbers, got {value!r}", "write e.g. [1, 2]")
        return tuple(to_int(item, least=0) for item in value)

    return attribute(read, default)


def one_of(known: Any, what: str) -> Any:
    """One of the words in `known`."""

    def read(value: Any) -> str:
        if value not in known:
            raise BadValue(f"unknown {what} {value!r}", did_you_mean(str(value), known))
        return str(value)

    return attribute(read)
