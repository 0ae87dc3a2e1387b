"""Axes of a design space: lists, and linear or logarithmic ranges with units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from costmodel.core.arrays import Array, Floats
from costmodel.core.quantities import AXES, STRUCTURAL, dimension_of
from costmodel.errors import BadValue, did_you_mean
from costmodel.hardware import numbers
from costmodel.hardware.numbers import profile_number
from costmodel.language import documents, dtypes, units

RANGE = re.compile(r"\s*(linear|log)\s*\(([^()]*)\)\s*")
WHOLE = ("batch", "arch.tokens", "arch.context")
"""Axes that count something."""
COUNT = re.compile(r"[0-9]{1,18}")
MAX_VALUES = 10_000_000
"""How many values one axis may have."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis. A list has `values`; a range has ends and, on a grid, `count` values."""

    name: str
    scale: str
    """'list', 'linear' or 'log'."""
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    count: int = 0

    @property
    def text(self) -> str:
        """The axis as it could be written, in SI units."""
        if self.scale == "list":
            return f"[{', '.join(map(str, self.values))}]"
        return f"{self.scale}({self.low:g}, {self.high:g}, {self.count})"

    @property
    def machine(self) -> bool:
        """True for a quantity of the machine, False for a structural axis."""
        return self.name in AXES

    @property
    def size(self) -> int:
        """At most so many values on a grid, without making them."""
        return len(self.values) if self.scale == "list" else self.count

    @property
    def endless(self) -> bool:
        """True for a range without a count: samples alone can draw from it."""
        return self.scale != "list" and not self.count

    @property
    def ends(self) -> tuple[int, int]:
        """The lowest and the highest value of an axis that counts something."""
        if self.scale == "list":
            return min(self.values), max(self.values)
        return max(1, round(self.low)), max(1, round(self.high))

    @cached_property
    def grid(self) -> list[Any]:
        """The values on a grid; ends and round values of a range are hit exactly."""
        if self.scale == "list":
            return list(self.values)
        space = np.linspace if self.scale == "linear" else np.geomspace
        values = [_tidy(float(v)) for v in space(self.low, self.high, self.count)]
        # whole numbers, each once
        if _whole(self.name):
            return list(dict.fromkeys(round(value) for value in values))
        return values

    def at(self, share: Floats) -> Array:
        """The values at shares in [0, 1) of the axis, for random and space-filling samples."""
        if self.scale == "list":
            picked = np.minimum((share * len(self.values)).astype(int), len(self.values) - 1)
            return np.asarray(np.array(self.values)[picked])
        if self.scale == "linear":
            values = self.low + share * (self.high - self.low)
        else:
            values = self.low * (self.high / self.low) ** share
        if _whole(self.name):
            return np.maximum(np.rint(values), 1).astype(np.int64)
        # a memory has whole bytes
        return np.asarray(np.rint(values) if self.name == "hw.on_chip_memory" else values)


def _tidy(value: float) -> float:
    """`value` without the last bits' noise where 12 digits say the same."""
    rounded = float(f"{value:.12g}")
    return rounded if abs(rounded - value) <= 1e-14 * abs(value) else value


def read_axis(name: str, text: Any, *, si: bool = True) -> Axis:
    """Read an axis as users write it.

    Parameters
    ----------
    name : str
        A figure of the machine such as 'hw.bandwidth', a word of STRUCTURAL, or 'arch.NAME'.
    text : str, list or array
        ``[a, b]``, ``linear(a, b, n)`` or ``log(a, b, n)``, values with units; or a list of values.
    si : bool
        True: plain numbers of a list are in SI units; text has units in any case.

    Returns
    -------
    Axis
        Its values in SI units.

    Raises
    ------
    BadValue
        For an unknown axis, a value of another dimension, one that is given twice, or a range that
        has no values.

    Examples
    --------
    >>> read_axis("hw.bandwidth", "log(1 GB/s, 4 GB/s, 3)").grid
    [1000000000.0, 2000000000.0, 4000000000.0]

    """
    check_name(name)
    if isinstance(text, str) and (match := RANGE.fullmatch(text)):
        return _range(name, match[1], [part.strip() for part in match[2].split(",")])
    if isinstance(text, str):
        text, si = documents.parse(text, "axis").plain(), False
    if isinstance(text, np.ndarray):
        text = text.tolist()
    given = text if isinstance(text, list | tuple | range) else [text]
    values = tuple(_value(name, value, si=si) for value in given)
    if not values:
        raise BadValue(f"axis '{name}' has no values", f"write e.g. [{', '.join(_ends(name))}]")
    shown = set[str]()
    for value in values:
        if repr(value) in shown:
            written = f"{value:g}" if isinstance(value, float) else value
            raise BadValue(f"axis '{name}' has {written} twice", "give it once")
        shown.add(repr(value))
    return Axis(name, "list", values)


def check_name(name: str) -> None:
    """BadValue unless `name` is a number of machines, a structural axis or arch.NAME."""
    if name in AXES or name in STRUCTURAL or re.fullmatch(r"arch\.\w+", name):
        return
    if of_profile(name):
        with suppress(BadValue):
            profile_number(name[3:])
            return
    known = [*AXES, *(f"hw.{word}" for word in numbers.known()), *STRUCTURAL, "arch.NAME"]
    raise BadValue(f"unknown axis '{name}'", did_you_mean(name, known))


def of_profile(name: str) -> bool:
    """True for the word of an axis that may be a number of profiles, but no figure of machines."""
    return name.startswith("hw.") and name not in AXES


def of_engine(name: str) -> bool:
    """True for the word of an axis over a size of the matrix engine."""
    return name.startswith(f"hw.{numbers.ENGINE}")


def _whole(name: str) -> bool:
    """True for an axis that counts something."""
    return name in WHOLE or of_engine(name)


def _dimension(name: str) -> str | None:
    """The dimension of an axis' values; None for plain numbers and words."""
    return profile_number(name[3:]).dimension if of_profile(name) else dimension_of(name)


def example(name: str) -> str:
    """Write a range of an axis as it could be.

    >>> example("hw.bandwidth"), example("batch")
    ('log(1 GB/s, 10 GB/s, 50)', 'linear(1, 8, 8)')
    """
    low, high = _ends(name)
    return f"log({low}, {high}, 50)" if _dimension(name) else f"linear({low}, {high}, 8)"


def _ends(name: str) -> tuple[str, str]:
    """Two values of an axis as examples."""
    kind = _dimension(name)
    if kind is None:
        return "1", "8"
    number, unit = units.EXAMPLES[kind].split(" ")
    return f"{number} {unit}", f"{int(number) * 10} {unit}"


def _range(name: str, scale: str, parts: list[str]) -> Axis:
    """An axis between two ends, with or without a count. Raises BadValue."""
    if len(parts) not in (2, 3):
        raise BadValue(
            f"axis '{name}': {scale}({', '.join(parts)}) takes 2 ends and a count",
            f"write e.g. {example(name)}",
        )
    if name in STRUCTURAL and name != "batch":
        raise BadValue(f"axis '{name}' takes words, not a range", "write a list")
    low, high = (_end(name, part) for part in parts[:2])
    count = 0
    if len(parts) == 3:
        if not COUNT.fullmatch(parts[2]) or not 1 <= int(parts[2]) <= MAX_VALUES:
            raise BadValue(f"axis '{name}': '{parts[2]}' is no count", f"write 1 to {MAX_VALUES}")
        count = int(parts[2])
    if scale == "log" and not low > 0:
        raise BadValue(f"axis '{name}': a log range cannot start at {low:g}", "start above zero")
    if not low <= high:
        raise BadValue(f"axis '{name}' runs from {low:g} down to {high:g}", "swap the ends")
    return Axis(name, scale, (), low, high, count)


def _end(name: str, part: str) -> float:
    """One end of a range. Raises BadValue."""
    try:
        end = float(_value(name, part))
    except BadValue:
        raise
    except (TypeError, ValueError, OverflowError):
        raise BadValue(f"axis '{name}': '{part}' is no number", "write two numbers") from None
    if not np.isfinite(end):
        raise BadValue(f"axis '{name}': '{part}' is not finite", "write two numbers")
    return end


def _value(name: str, value: Any, *, si: bool = False) -> Any:
    """One value of an axis in SI units; plain numbers are if `si` is true, else have no unit."""
    value = value.item() if isinstance(value, np.generic) else value
    kind = _dimension(name)
    if kind is not None:
        if si and isinstance(value, int | float) and not isinstance(value, bool):
            value = f"{value!r} {units.SI_UNITS[kind]}"
        try:
            return float(units.parse(value, kind, zero=name not in AXES or AXES[name].zero))
        except BadValue as error:
            raise BadValue(f"axis '{name}': {error.what}", error.remedy) from None
    if name.startswith("arch."):
        return value
    if name == "batch":
        number = documents.parse(value, "axis").plain() if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise BadValue(
                f"axis 'batch': {value!r} is no batch size", "write whole numbers from 1"
            )
        return number
    if name == "dtype":
        return dtypes.text_of(value)
    if of_profile(name) and isinstance(value, str):
        value = documents.parse(value, "axis").plain()
    if isinstance(value, list | Mapping):
        raise BadValue(f"axis '{name}': {value!r} is no word", "write words")
    return value if of_profile(name) else str(value)
