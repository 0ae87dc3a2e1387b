"""Attributes of layers: how a value from a file becomes a checked Python value."""

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
    """Declare a layer attribute.

    Parameters
    ----------
    read : callable
        Turns the plain value of a file into the checked one, or raises BadValue.
    default : object, optional
        The checked value where a file says nothing; without it the attribute is required.
    over : callable, optional
        Gives the same attribute of a window that slides over another number of axes.

    Returns
    -------
    dataclasses.Field
        What stands in the class body of the layer.

    """
    return field(default=default, metadata={"read": read, "over": over})


def to_int(value: Any, least: int = 1) -> int:
    """Read a whole number of at least `least`; 16.0 counts as 16. Raises BadValue."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        fix = "round it, e.g. ${round(...)}" if isinstance(value, float) else "write a number"
        raise BadValue(f"must be a whole number, got {value!r}", fix)
    if not least <= value <= MAX_SIZE:
        raise BadValue(f"must lie in {least}..{MAX_SIZE}, got {value!r}", "change the value")
    return int(value)


def _listed(value: Any, what: str, example: str, empty: bool = False) -> list[Any]:
    """Read a list, which may be `empty` or not. Raises BadValue."""
    if not isinstance(value, list | tuple) or not (value or empty):
        raise BadValue(f"must be {what}, got {value!r}", f"write e.g. {example}")
    return list(value)


def _shape(value: Any) -> Shape:
    """Read a shape, which is empty for a single number. Raises BadValue."""
    return tuple(map(to_int, _listed(value, "a shape", "[8, 8]", empty=True)))


def _real(value: Any) -> bool:
    """Tell whether a value is a real number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(default: Any = MISSING, least: int = 1) -> Any:
    """Declare a whole number of at least `least`."""
    return attribute(lambda value: to_int(value, least), default)


def optional_whole(least: int = 0) -> Any:
    """Declare a whole number of at least `least`, or nothing."""
    return attribute(lambda value: None if value is None else to_int(value, least), None)


def per_axis(axes: int, default: Any = MISSING, least: int = 1) -> Any:
    """Declare one whole number for all `axes` axes, or a list with one for each."""

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
    """Declare one whole number for both directions, or a list [vertical, horizontal]."""
    return per_axis(2, default, least)


def optional_per_axis(axes: int) -> Any:
    """Declare one whole number for all axes, a list with one for each, or nothing."""
    return attribute(per_axis(axes).metadata["read"], None, optional_per_axis)


def padding(axes: int = 2) -> Any:
    """Declare 'same', 'valid', n, one number for each axis, or one before and one after each."""

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
    """Declare a truth value: true or false."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise BadValue(f"must be true or false, got {value!r}", "write true or false")
        return value

    return attribute(read, default)


def number(default: Any = MISSING, low: float = 0.0, high: float = 1.0) -> Any:
    """Declare a real number between `low` and `high`."""

    def read(value: Any) -> float:
        if not _real(value) or not low <= value <= high:
            raise BadValue(f"must be a number in {low:g}..{high:g}, got {value!r}", "change it")
        return float(value)

    return attribute(read, default)


def numbers(default: tuple[float, ...]) -> Any:
    """Declare a list of real numbers."""

    def read(value: Any) -> tuple[float, ...]:
        items = value if isinstance(value, list | tuple) else [None]
        if not all(map(_real, items)):
            raise BadValue(f"must be a list of numbers, got {value!r}", "write e.g. [0.5, 0.5]")
        return tuple(map(float, items))

    return attribute(read, default)


def sizes(default: Any = MISSING) -> Any:
    """Declare a list of whole numbers of at least 1."""
    return attribute(
        lambda value: tuple(map(to_int, _listed(value, "a list of sizes", "[8, 8]"))), default
    )


def optional_shape() -> Any:
    """Declare a list of whole numbers of at least 1, empty for a single number; or nothing."""
    return attribute(lambda value: None if value is None else _shape(value), None)


def shapes(default: Any = MISSING) -> Any:
    """Declare a list of shapes."""

    def read(value: Any) -> Shapes:
        return tuple(map(_shape, _listed(value, "a list of shapes", "[[8, 8], [8]]", empty=True)))

    return attribute(read, default)


def whole_list(default: Any = MISSING) -> Any:
    """Declare a list of whole numbers of at least 0."""

    def read(value: Any) -> tuple[int, ...]:
        return tuple(to_int(item, 0) for item in _listed(value, "a list of numbers", "[1, 2]"))

    return attribute(read, default)


def one_of(known: Any, what: str) -> Any:
    """Declare one of the words in `known`."""

    def read(value: Any) -> str:
        if value not in known:
            raise BadValue(f"unknown {what} {value!r}", did_you_mean(str(value), known))
        return str(value)

    return attribute(read)


def weight_bits() -> Any:
    """Declare the bits of one weight, its scales included; 0 leaves it in the run's type."""
    bits = number(low=1, high=64).metadata["read"]
    return attribute(lambda value: bits(value) if value else None, None)


def weight_type() -> Any:
    """Declare the word of the type that weights are stored in, for shares and reports."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise BadValue(f"must be a word, got {value!r}", "write e.g. int4")
        return value

    return attribute(read, "")
