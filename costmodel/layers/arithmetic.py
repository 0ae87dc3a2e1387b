"""Elementwise functions that are no layer of their own in the literature: sub, div, sqrt, erf, ..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import BadValue, did_you_mean
from costmodel.layers.base import Example, Layer
from costmodel.layers.fields import attribute
from costmodel.layers.merge import Broadcast
from costmodel.tally import Shape, Shapes, Tally, elements

# Operations of one output element by their Tally name, and the number of maps read. A root counts as
# a division and any transcendental function as an exponential: what hardware iterates on alike.
FUNCTIONS: dict[str, tuple[dict[str, int], int]] = {
    "sub": ({"adds": 1}, 2), "div": ({"divs": 1}, 2), "pow": ({"exps": 1}, 2), "sqrt": ({"divs": 1}, 1),
    "reciprocal": ({"divs": 1}, 1), "erf": ({"exps": 1}, 1), "exp": ({"exps": 1}, 1), "log": ({"exps": 1}, 1),
    "sin": ({"exps": 1}, 1), "cos": ({"exps": 1}, 1), "square": ({"muls": 1}, 1), "neg": ({"adds": 1}, 1),
    "abs": ({"compares": 1}, 1), "sign": ({"compares": 1}, 1), "round": ({"adds": 1}, 1), "floor": ({"adds": 1}, 1),
    "ceil": ({"adds": 1}, 1), "maximum": ({"compares": 1}, 2), "minimum": ({"compares": 1}, 2),
    "eq": ({"compares": 1}, 2), "gt": ({"compares": 1}, 2), "lt": ({"compares": 1}, 2), "fmod": ({"divs": 1}, 2),
}  # fmt: skip


def _function(value: Any) -> str:
    if value not in FUNCTIONS:
        raise BadValue(f"unknown function {value!r}", did_you_mean(str(value), FUNCTIONS))
    return str(value)


@dataclass(frozen=True)
class Arithmetic(Layer):
    """An elementwise function of one map, or of two that may stretch: a fixed cost per element."""

    in_place: ClassVar[bool] = True

    kind: ClassVar[str] = "elementwise"
    source: ClassVar[str] = "one operation per element (Williams et al. 2009, Roofline)"
    arity: ClassVar[tuple[int, int | None]] = (1, 2)

    function: str = attribute(_function)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"function": "sqrt"}, ((3, 4, 5),)),
        Example({"function": "sub"}, ((3, 4, 5), (3, 1, 1))),
        Example({"function": "pow"}, ((7, 8), (7, 8))),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """The common shape; BadValue where the function takes another number of maps."""
        if len(inputs) != FUNCTIONS[self.function][1]:
            raise BadValue(f"{self.function} takes {FUNCTIONS[self.function][1]} input(s), got {len(inputs)}",
                           "name them with 'from: [a, b]'")  # fmt: skip
        return Broadcast.out_shape(self, *inputs)  # type: ignore[arg-type]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """The function's operations times the output elements."""
        size = elements(outputs)
        counts = {name: count * size for name, count in FUNCTIONS[self.function][0].items()}
        return Tally.of(inputs, outputs, **counts)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The torch function of the same name."""
        return getattr(torch, self.function)
