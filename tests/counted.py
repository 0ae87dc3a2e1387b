"""Numbers that count what is done with them, and the definitions of layers written in them.

A definition runs on maps of such numbers. What it took is what a tally has to say, and what comes
out is what torch computes, so that neither the definition nor its count is the program's own.
Where the tallies follow a convention that a definition alone does not tell, it is said beside it.
"""

from __future__ import annotations

import functools
import math
import operator
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.tally import Shapes

Map = NDArray[Any]


def operation(name: str, compute: Callable[[float, float], float]) -> Any:
    """A method of a counted number and another number that counts as one operation."""

    def method(self: Counted, other: Any) -> Counted:
        return self.done(name, compute(self.value, plain(other)))

    return method


def comparison(compare: Callable[[float, float], bool]) -> Any:
    """A method that counts as one comparison and gives a plain truth value."""

    def method(self: Counted, other: Any) -> bool:
        return bool(self.done("compares", compare(self.value, plain(other))).value)

    return method


class Counted:
    """A number that enters every operation on it into a ledger, under its Tally name.

    A sign is turned by flipping a bit, which counts nothing.
    """

    def __init__(self, value: float, ledger: Counter[str]) -> None:
        self.value = value
        self.ledger = ledger

    def like(self, other: Any) -> Counted:
        """A number of the same ledger, without an operation."""
        return Counted(plain(other), self.ledger)

    def done(self, operation: str, value: float) -> Counted:
        """What one operation gives."""
        self.ledger[operation] += 1
        return Counted(value, self.ledger)

    def __neg__(self) -> Counted:
        return self.like(-self.value)

    __add__ = __radd__ = operation("adds", operator.add)
    __sub__ = operation("adds", operator.sub)
    __rsub__ = operation("adds", lambda own, other: other - own)
    __mul__ = __rmul__ = operation("muls", operator.mul)
    __truediv__ = operation("divs", operator.truediv)
    __rtruediv__ = operation("divs", lambda own, other: other / own)
    __pow__ = operation("exps", operator.pow)
    __gt__, __lt__ = comparison(operator.gt), comparison(operator.lt)
    __eq__, __ne__ = comparison(operator.eq), comparison(operator.ne)


def plain(number: Any) -> float:
    """The number without its ledger."""
    return number.value if isinstance(number, Counted) else float(number)


def values(numbers: Any) -> Map:
    """A map without its ledger: what is done with it afterwards is not counted."""
    return np.asarray(np.frompyfunc(plain, 1, 1)(numbers), dtype=float)


def counted(numbers: Map, ledger: Counter[str]) -> Map:
    """A map whose operations are entered into `ledger`."""
    return np.asarray(np.frompyfunc(lambda number: Counted(number, ledger), 1, 1)(numbers))


def single(operation: str, compute: Callable[..., float], operands: int = 1) -> Any:
    """An elementwise function that counts as one operation."""

    def one(first: Counted, *rest: Any) -> Counted:
        return first.done(operation, compute(first.value, *map(plain, rest)))

    return np.frompyfunc(one, operands, 1)


# Convention: a transcendental function counts as an exponential and a root as a division, because
# hardware iterates on them alike.
exp, log, erf = single("exps", math.exp), single("exps", math.log), single("exps", math.erf)
sin, cos = single("exps", math.sin), single("exps", math.cos)
sqrt = single("divs", math.sqrt)
larger = np.frompyfunc(lambda a, b: a if a > b else a.like(b), 2, 1)
smaller = np.frompyfunc(lambda a, b: a if a < b else a.like(b), 2, 1)


def absolute(x: Map) -> Map:
    """|x|."""
    return np.where(x > 0.0, x, -x)


def joined(join: Callable[[Any, Any], Any], x: Map, axes: tuple[int, ...]) -> Any:
    """The elements along `axes` joined two by two: one operation less than there are elements."""
    front = np.moveaxis(x, axes, range(len(axes)))
    return functools.reduce(join, front.reshape(-1, *front.shape[len(axes) :]))


def accumulated(x: Map, axes: tuple[int, ...]) -> Map:
    """The sum along `axes`, which stay with size 1.

    Convention of softmax and of the norms: the sum starts from a zero in an accumulator, so that
    each element takes an addition (HairNet's appendix counts 3 operations per class of a softmax).
    """
    front = np.moveaxis(x, axes, range(len(axes)))
    rows = front.reshape(-1, *front.shape[len(axes) :])
    return np.expand_dims(np.asarray(functools.reduce(operator.add, rows, 0.0)), axes)


# Convention: a division by a constant is written, and counted, as a product by its reciprocal.
ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "relu": lambda x: larger(x, 0.0),
    "relu6": lambda x: smaller(larger(x, 0.0), 6.0),
    "leaky_relu": lambda x: np.where(x > 0.0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0.0, x, exp(x) - 1.0),
    "hard_sigmoid": lambda x: smaller(larger(x + 3.0, 0.0), 6.0) * (1 / 6),
    "hard_swish": lambda x: x * smaller(larger(x + 3.0, 0.0), 6.0) * (1 / 6),
    "sigmoid": lambda x: 1.0 / (1.0 + exp(-x)),
    "silu": lambda x: x * (1.0 / (1.0 + exp(-x))),
    "tanh": lambda x: (lambda e: (e - 1.0) / (e + 1.0))(exp(2.0 * x)),
    "gelu": lambda x: x * 0.5 * (1.0 + erf(x * 0.5**0.5)),
    "softmax": lambda x: (lambda e: e / accumulated(e, (0,)))(exp(x)),
    "dropout": lambda x: x,
}
# Conventions: a remainder is one division, a sign one comparison that tells three ways, rounding
# one addition (the adder rounds), a change of sign one subtraction from zero where it is a layer.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sub": lambda x, y: x - y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "sqrt": sqrt,
    "reciprocal": lambda x: 1.0 / x,
    "erf": erf,
    "exp": exp,
    "log": log,
    "sin": sin,
    "cos": cos,
    "square": lambda x: x * x,
    "neg": lambda x: 0.0 - x,
    "abs": absolute,
    "sign": single("compares", lambda value: math.copysign(1.0, value)),
    "round": single("adds", round),
    "floor": single("adds", math.floor),
    "ceil": single("adds", math.ceil),
    "fmod": single("divs", math.fmod, 2),
    "maximum": lambda *maps: functools.reduce(larger, maps),
    "minimum": lambda *maps: functools.reduce(smaller, maps),
    "mean": lambda *maps: functools.reduce(operator.add, maps) / len(maps),
    "eq": lambda x, y: x == y,
    "gt": lambda x, y: x > y,
    "lt": lambda x, y: x < y,
    "where": lambda x, y, z: np.where(x != 0.0, y, z),
    "test": lambda x: x == 0.0,
}
REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": lambda x, axes: joined(operator.add, x, axes),
    "mean": lambda x, axes: joined(operator.add, x, axes) / math.prod(x.shape[n] for n in axes),
    "amax": lambda x, axes: joined(larger, x, axes),
    "amin": lambda x, axes: joined(smaller, x, axes),
    "prod": lambda x, axes: joined(operator.mul, x, axes),
    "l1": lambda x, axes: joined(operator.add, absolute(x), axes),
    "l2": lambda x, axes: sqrt(joined(operator.add, x * x, axes)),
    "sum_square": lambda x, axes: joined(operator.add, x * x, axes),
    "log_sum": lambda x, axes: log(joined(operator.add, x, axes)),
    "log_sum_exp": lambda x, axes: log(joined(operator.add, exp(x), axes)),
}


def standardised(x: Map, axes: tuple[int, ...]) -> Map:
    """(x - mean) / deviation, the statistics taken along `axes`.

    Convention: what is done once per vector (the mean's and the variance's division, the root and
    its reciprocal) is left out.
    """
    size = math.prod(x.shape[axis] for axis in axes)
    mean = values(accumulated(x, axes)) / size
    centred = x - mean
    variance = values(accumulated(centred * centred, axes)) / size
    result: Map = centred * (variance + 1e-5) ** -0.5
    return result


def layer_norm(x: Map, *held: Map, axes: int) -> Any:
    """Standardised over the last axes, then a scale and a shift if they are held."""
    result = standardised(x, tuple(range(-axes, 0)))
    return result * held[0] + held[1] if held else result


def group_norm(x: Map, *held: Map, groups: int) -> Any:
    """Standardised over the channels of a group and their maps; scale and shift per channel."""
    result = standardised(x.reshape(groups, -1), (1,)).reshape(x.shape)
    each = (-1, *(1,) * (x.ndim - 1))
    return result * held[0].reshape(each) + held[1].reshape(each) if held else result


def rms_norm(x: Map, scale: Map, axes: int) -> Any:
    """Over the root of the mean square along the last axes, which is left out as above."""
    along = tuple(range(-axes, 0))
    mean = values(accumulated(x * x, along)) / scale.size
    return x * (mean + np.finfo(float).eps) ** -0.5 * scale


def local_response_norm(x: Map, size: int) -> Any:
    """x / (k + a / n * sum of n neighbouring channels' squares) ** b, with torch's constants.

    Convention: windows at the border are filled with zeros and take as much as the others.
    """
    zero = np.full(x.shape[1:], x.flat[0].like(0.0))
    padded = np.stack([*[zero] * (size // 2), *(x * x), *[zero] * ((size - 1) // 2)])
    neighbours = [padded[first : first + len(x)] for first in range(size)]
    total = functools.reduce(operator.add, neighbours)
    return x / (1.0 + total * (1e-4 / size)) ** 0.75


class Hand(NamedTuple):
    """One layer whose counts are worked out by hand beside it."""

    kind: str
    attributes: dict[str, Any]
    inputs: Shapes
    geometry: tuple[int, int, int | None]
    """Elements in, elements out, channels (the axis in front of a window's; else the first)."""
    counts: dict[str, int]
    torch: bool = True
    """Whether torch's own counter, of the twin, must give the same."""


class Defined(NamedTuple):
    """One layer whose work is counted by running its definition; its parameters by hand."""

    kind: str
    attributes: dict[str, Any]
    inputs: Shapes
    definition: Any
    parameters: dict[str, int]
    torch: bool = True
    """Whether the twin must give the definition's numbers."""


# How many operands a function takes if not one; any number of them where it joins them.
OPERANDS = {**dict.fromkeys(("sub", "div", "pow", "fmod", "eq", "gt", "lt"), 2), "where": 3}
JOINS = ("maximum", "minimum", "mean")
POSITIVE = ("pow", "sqrt", "log", "log_sum")
"""Functions of positive numbers."""
UNNAMED = ("where", "test")
"""torch chooses by truth values alone, and has no function of the name "test"."""

MAP, ROWS = (3, 4, 5), (4, 5)
DEFINED = [
    *(Defined(kind, {}, (MAP,), run, {}) for kind, run in ACTIVATIONS.items()),
    *(Defined("elementwise", {"function": name}, (ROWS,) * operands, run, {}, name not in UNNAMED)
      for name, run in FUNCTIONS.items()
      for operands in ((1, 3) if name in JOINS else (OPERANDS.get(name, 1),))),
    # a stretched map, and a constant among the operands
    Defined("elementwise", {"function": "sub"}, (ROWS, (1, 5)), FUNCTIONS["sub"], {}),
    Defined("elementwise", {"function": "div", "constants": [[5]]}, (ROWS,), FUNCTIONS["div"],
            {"weights": 5}),
    Defined("elementwise", {"function": "mean", "constants": [[5]]}, (ROWS, ROWS),
            FUNCTIONS["mean"], {"weights": 5}),
    *(Defined("reduce", {"function": name, "axes": axes}, (MAP,), partial(run, axes=axes), {})
      for name, run in REDUCTIONS.items()
      for axes in (((1,),) if name == "prod" else ((1,), (0, 2)))),
    # the last two axes hold 4 * 5 values, the groups 6 channels
    Defined("layer_norm", {"axes": 2}, (MAP,), partial(layer_norm, axes=2),
            {"weights": 20, "biases": 20}),
    Defined("layer_norm", {"affine": False}, (MAP,), partial(layer_norm, axes=1), {}),
    Defined("group_norm", {"groups": 2}, ((6, 4, 5),), partial(group_norm, groups=2),
            {"weights": 6, "biases": 6}),
    Defined("group_norm", {"groups": 2, "affine": False}, ((6, 4, 5),),
            partial(group_norm, groups=2), {}),
    Defined("rms_norm", {"axes": 2}, (MAP,), partial(rms_norm, axes=2), {"weights": 20}),
    Defined("local_response_norm", {"size": 4}, ((7, 4, 5),),
            partial(local_response_norm, size=4), {}),
]  # fmt: skip
