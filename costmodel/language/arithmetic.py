"""What expressions may call and how their operators count: a function for users goes in here.

Numbers are bounded before they are computed, text and lists before they are made.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from simpleeval import DEFAULT_OPERATORS

from costmodel.errors import BadValue

MAX_TEXT = 10_000
"""The most characters of a text that expressions make."""
MAX_DIGITS = 400
"""Beyond those of any double: what is rounded further is itself, or nothing."""


def make_divisible(value: float, divisor: int = 8) -> int:
    """`value` rounded to a multiple of `divisor`, never below 90 % of `value`.

    Source: the channel rounding of MobileNetV2's reference code (Sandler et al. 2018).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def pick(key: Any, keys: list[Any], values: list[Any]) -> Any:
    """The entry of `values` that stands where `key` stands in `keys`. Raises BadValue."""
    if len(keys) != len(values):
        raise BadValue(f"pick has {len(keys)} keys and {len(values)} values", "pair them up")
    if key not in keys:
        raise BadValue(f"{key!r} is none of {keys}", "choose one of them")
    return values[keys.index(key)]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "round": lambda *given: _rounded(*given),
    "sqrt": math.sqrt,
    "sum": sum,
    "make_divisible": make_divisible,
    "pick": pick,
}


ARRAY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "exp": np.exp,
    "floor": np.floor,
    "log": np.log,
    "log10": np.log10,
    "max": np.maximum,
    "min": np.minimum,
    "round": np.round,
    "sqrt": np.sqrt,
    "where": np.where,
}


def _rounded(value: Any, digits: Any = None) -> Any:
    """Python's `round`, whose time does not grow with the digits."""
    if digits is None or not isinstance(digits, int) or abs(digits) <= MAX_DIGITS:
        return round(value, digits)
    # behind every digit the number stays, before every digit nothing is left
    return value if digits > 0 else round(value, -MAX_DIGITS)


def _plus(left: Any, right: Any) -> Any:
    """`left + right`; text and lists may not grow without bounds."""
    joined = isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple)
    if joined and len(left) + len(right) > MAX_TEXT:
        raise BadValue(f"over {MAX_TEXT} characters or values", "write less")
    return left + right


def _modulo(left: Any, right: Any) -> Any:
    """The remainder of numbers; text is not formatted."""
    if isinstance(left, str):
        raise BadValue("'%' is the remainder of numbers", "write text as 'name${n}'")
    return left % right


def _power(base: float, exponent: float) -> Any:
    """`base ** exponent`, refused when the result would leave the range of counts."""
    if base and abs(exponent) * abs(math.log2(abs(base))) > 64:
        raise BadValue(f"{base} ** {exponent} is out of range", "use smaller numbers")
    return base**exponent


def array_power(base: Any, exponent: Any) -> Any:
    """`base ** exponent` in floating point: what is out of range becomes infinite."""
    return np.power(np.asarray(base, dtype=float), exponent)


def _times(left: Any, right: Any) -> Any:
    """`left * right` for numbers only: text and lists are not repeated."""
    if isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple):
        raise BadValue("'*' multiplies numbers only", "write the list out")
    return left * right


OPERATORS = {
    node: function
    for node, function in DEFAULT_OPERATORS.items()
    if node not in (ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor, ast.Invert)
} | {ast.Pow: _power, ast.Mult: _times, ast.Mod: _modulo, ast.Add: _plus}
