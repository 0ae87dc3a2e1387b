"""Here are the elementwise functions that are no layer of their own in the literature.

Examples are sub, div, sqrt and erf.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

from costmodel.core.attributes import one_of, shapes
from costmodel.core.layer import Example, Precision
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue
from costmodel.models.layers._twins import holding
from costmodel.models.layers.merge import Broadcast, weights_in


class Function(NamedTuple):
    """A function says what one output element takes, by the names of Tally.

    The counts are per further operand where there may be more operands.
    """

    counts: dict[str, int]
    least: int
    most: int | None
    after: str | None = None
    """What is done once per output element besides, by its Tally name."""


# A root counts as a division and any transcendental function as an exponential: what hardware
# iterates on alike.
FUNCTIONS: dict[str, Function] = {
    "sub": Function({"adds": 1}, 2, 2), "div": Function({"divs": 1}, 2, 2),
    "pow": Function({"exps": 1}, 2, 2), "sqrt": Function({"divs": 1}, 1, 1),
    "reciprocal": Function({"divs": 1}, 1, 1), "erf": Function({"exps": 1}, 1, 1),
    "exp": Function({"exps": 1}, 1, 1), "log": Function({"exps": 1}, 1, 1),
    "sin": Function({"exps": 1}, 1, 1), "cos": Function({"exps": 1}, 1, 1),
    "square": Function({"muls": 1}, 1, 1), "neg": Function({"adds": 1}, 1, 1),
    "abs": Function({"compares": 1}, 1, 1), "sign": Function({"compares": 1}, 1, 1),
    "round": Function({"adds": 1}, 1, 1), "floor": Function({"adds": 1}, 1, 1),
    "ceil": Function({"adds": 1}, 1, 1), "fmod": Function({"divs": 1}, 2, 2),
    "maximum": Function({"compares": 1}, 1, None), "minimum": Function({"compares": 1}, 1, None),
    "mean": Function({"adds": 1}, 1, None, after="divs"),
    "eq": Function({"compares": 1}, 2, 2), "gt": Function({"compares": 1}, 2, 2),
    "lt": Function({"compares": 1}, 2, 2), "where": Function({"compares": 1}, 3, 3),
    "test": Function({"compares": 1}, 1, 1),
}  # fmt: skip
WIDE = ("pow", "exp", "log", "reciprocal")
"""Functions that autocast computes in 32 bits (PyTorch, "Autocast Op Reference")."""


@dataclass(frozen=True)
class Arithmetic(Broadcast):
    """An elementwise function of maps that may stretch: a fixed cost per element.

    `constants` are operands that the layer holds. Of more than two operands a function that joins
    them (maximum, minimum, mean) takes one step less than there are operands.
    """

    kind = "elementwise"
    source = "one operation per element (Williams et al. 2009, Roofline)"
    arity = (1, None)

    function: str = one_of(FUNCTIONS, "function")
    constants: Shapes = shapes(())

    examples = (
        Example({"function": "sqrt"}, ((3, 4, 5),)),
        Example({"function": "sub"}, ((3, 4, 5), (3, 1, 1))),
        Example({"function": "pow"}, ((7, 8), (7, 8))),
        Example({"function": "maximum"}, ((3, 4), (3, 4), (3, 4))),
        Example({"function": "sub", "constants": [[8]]}, ((7, 8),)),
    )

    @property
    def computes(self) -> str:
        """The name of its function."""
        return self.function

    @property
    def precision(self) -> Precision:
        """Some functions are computed in 32 bits."""
        return "wide" if self.function in WIDE else "follows"

    def out_shape(self, *inputs: Shape) -> Shape:
        """The common shape; BadValue where the function takes another number of operands."""
        function, operands = FUNCTIONS[self.function], self.operands(inputs)
        if operands < function.least or operands > (function.most or operands):
            raise BadValue(
                f"{self.function} takes {function.least} input(s), got {operands}",
                "name them with 'from: [a, b]'",
            )
        return super().out_shape(*inputs)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """The function's operations times the output elements."""
        function, size = FUNCTIONS[self.function], elements(outputs)
        steps = self.operands(inputs) - 1 if function.most is None else 1
        counts = {name: count * steps * size for name, count in function.counts.items()}
        if function.after is not None:
            counts[function.after] = size
        return Tally.of(inputs, outputs, weights=weights_in(self.constants), **counts)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The torch function of the same name."""
        name = self.function

        if name != "mean" and FUNCTIONS[name].most is None:
            return super().twin(torch, inputs)

        def forward(module: Any, *maps: Any) -> Any:
            operands = (*maps, *module.parameters())
            if name == "mean":
                return reduce(torch.add, operands) / len(operands)
            return getattr(torch, name)(*operands)

        return holding(torch, self.constants, forward)
