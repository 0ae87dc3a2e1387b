"""Safe arithmetic in text: the one evaluator of the project.

``${2 * filters}`` as a whole value keeps its type; inside other text it is written into it.
simpleeval walks Python's own syntax tree without ``eval``; here it gets a few functions, no
attributes, and powers bounded so that ``9**9**9`` is refused before it is computed. Each thread has
an evaluator of its own, so that threads do not meet in one.
"""

from __future__ import annotations

import ast
import math
import re
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from simpleeval import (
    DEFAULT_OPERATORS,
    EvalWithCompoundTypes,
    InvalidExpression,
    NameNotDefined,
    OperatorNotDefined,
)

from costmodel.errors import BadValue, did_you_mean

TEMPLATE = re.compile(r"\$\{([^{}]*)\}")
MAX_MAGNITUDE = 2.0**63
"""Beyond any count that a network can have."""
MAX_LENGTH = 1_000
"""[characters] of an expression."""
MAX_TEXT = 10_000
"""[characters] of a text that expressions make."""
MAX_ITEMS = 100_000
"""Values of a list that an expression gives, those of the lists in it included."""
MAX_DEPTH = 50
"""Lists inside one another."""
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


def _array_power(base: Any, exponent: Any) -> Any:
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


@lru_cache(maxsize=4096)
def _parse(text: str) -> ast.expr:
    """Python's own syntax tree of an expression. Raises BadValue."""
    if len(text) > MAX_LENGTH:
        raise BadValue(f"the expression has {len(text)} characters", f"the limit is {MAX_LENGTH}")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise BadValue(f"'{text}' is not an expression", "write arithmetic like ${2 * n}") from None


def _evaluator() -> EvalWithCompoundTypes:
    """An evaluator of numbers, texts and lists, without attributes, loops or keywords."""
    evaluator = EvalWithCompoundTypes(operators=OPERATORS, functions=FUNCTIONS.copy(), names={})
    for node in (ast.Attribute, ast.JoinedStr, ast.ListComp, ast.Dict, ast.Set, ast.keyword):
        evaluator.nodes.pop(node, None)
    return evaluator


def _array_evaluator() -> EvalWithCompoundTypes:
    """Python's logic asks arrays for one truth value; here it goes element by element."""
    evaluator = _evaluator()
    evaluator.functions = ARRAY_FUNCTIONS
    evaluator.operators = OPERATORS | {ast.Pow: _array_power, ast.Not: np.logical_not}
    value = evaluator._eval

    def logic(node: ast.BoolOp) -> Any:
        """And, or: of truth values, element by element."""
        combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(combine, map(value, node.values))

    def compare(node: ast.Compare) -> Any:
        """Comparisons, also chained ones: a < b < c."""
        values = [value(side) for side in (node.left, *node.comparators)]
        verdicts = [
            evaluator.operators[type(sign)](*pair)
            for sign, pair in zip(node.ops, pairwise(values), strict=True)
        ]
        return reduce(np.logical_and, verdicts)

    def choice(node: ast.IfExp) -> Any:
        """A value for each element, by its truth value."""
        return np.where(value(node.test), value(node.body), value(node.orelse))

    evaluator.nodes |= {ast.BoolOp: logic, ast.Compare: compare, ast.IfExp: choice}
    return evaluator


class _Own(threading.local):
    """The evaluator of a thread: making one takes longer than most expressions."""

    def __init__(self) -> None:
        self.evaluator = _evaluator()


_OWN = _Own()


def evaluate(
    text: str,
    names: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
) -> Any:
    """The value of an expression.

    Parameters
    ----------
    text : str
        The expression, of at most MAX_LENGTH characters.
    names : mapping
        The value of each variable.
    functions : mapping, optional
        Functions besides FUNCTIONS, which may evaluate expressions themselves.

    Returns
    -------
    number, bool, str or list
        Finite, and within the bounds above.

    Raises
    ------
    BadValue
        For what is no expression, or has no such value.

    Examples
    --------
    >>> evaluate("make_divisible(0.75 * n)", {"n": 32})
    24

    """
    evaluator = _OWN.evaluator
    if functions:
        evaluator = _evaluator()
        evaluator.functions |= functions
    value = _run(evaluator, text, names)
    _check(value, text)
    return value


def evaluate_arrays(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression whose variables may be numpy arrays, element by element.

    It knows comparisons, and, or, not, if, and ARRAY_FUNCTIONS. Nothing is bounded but the
    expression itself. Raises BadValue.

    >>> evaluate_arrays("max(x, 2) if x > 1 else 0", {"x": np.array([1.0, 1.5, 3.0])}).tolist()
    [0.0, 2.0, 3.0]
    """
    with np.errstate(all="ignore"):
        return _run(_array_evaluator(), text, names)


def _run(evaluator: EvalWithCompoundTypes, text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression, not checked yet. Raises BadValue for whatever goes wrong."""
    tree = _parse(text)
    evaluator.names = dict(names)
    try:
        return evaluator.eval(text, previously_parsed=tree)
    except NameNotDefined as error:
        name = str(getattr(error, "name", ""))
        raise BadValue(
            f"unknown variable '{name}' in '{text}'", did_you_mean(name, names)
        ) from None
    except OperatorNotDefined as error:
        name = type(error.attr).__name__
        raise BadValue(f"'{text}': no operator {name} here", "use + - * / // % **") from None
    except InvalidExpression as error:
        functions = ", ".join(evaluator.functions)
        raise BadValue(f"'{text}': {error}", f"functions: {functions}") from None
    except BadValue as error:
        raise BadValue(f"'{text}': {error.what}", error.remedy) from None
    except (ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as error:
        raise BadValue(f"'{text}' cannot be evaluated: {error}", "check its values") from None


def _check(value: Any, text: str) -> None:
    """Only finite numbers, truth values, text, and lists of these leave the evaluator."""
    if isinstance(value, list | tuple):
        if _size(value, {}, 0) > MAX_ITEMS:
            raise BadValue(f"'{text}' gives over {MAX_ITEMS} values", "write less")
        for item in value:
            _check(item, text)
    elif isinstance(value, bool):
        return
    elif isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise BadValue(f"'{text}' gives {len(value)} characters", f"the limit is {MAX_TEXT}")
    elif not isinstance(value, int | float):
        raise BadValue(f"'{text}' gives no number", "check the expression")
    # Written so that NaN is refused too.
    elif not abs(value) <= MAX_MAGNITUDE:
        shown = f"{value:.3g}" if isinstance(value, float) else f"{value.bit_length()} bits"
        raise BadValue(f"'{text}' gives {shown}, out of range", "use smaller numbers")


def _size(value: Any, known: dict[int, int], depth: int) -> int:
    """The values in a list and in the lists in it; a list that stands twice is looked at once."""
    if not isinstance(value, list | tuple):
        return 1
    if depth > MAX_DEPTH:
        raise BadValue(f"lists lie over {MAX_DEPTH} deep", "flatten them")
    if id(value) not in known:
        known[id(value)] = sum(_size(item, known, depth + 1) for item in value) + 1
    return known[id(value)]


def fill(value: Any, names: Mapping[str, Any]) -> Any:
    """`value` with its ``${...}`` replaced; anything but text is returned as it is.

    ``"${n + 1}"`` gives a number, ``"conv${n}"`` text. Raises BadValue.
    """
    if not isinstance(value, str) or "$" not in value:
        return value
    whole = TEMPLATE.fullmatch(value)
    if whole:
        return evaluate(whole[1], names)
    filled = TEMPLATE.sub(lambda match: _text(evaluate(match[1], names)), value)
    if len(filled) > MAX_TEXT:
        raise BadValue(f"'{value}' becomes {len(filled)} characters", f"the limit is {MAX_TEXT}")
    if "${" in filled:
        raise BadValue(f"'{value}' has an open '${{'", "close it with '}'")
    return filled


def _text(value: Any) -> str:
    """A value as it reads inside a name: 2.0 is written 2."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
