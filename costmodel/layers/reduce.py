"""Reductions of whole axes: sum, mean, maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers.base import Example, Layer
from costmodel.layers.fields import attribute, flag, whole_list
from costmodel.tally import Shape, Shapes, Tally, elements

COUNTED = {"sum": "adds", "mean": "adds", "amax": "compares", "amin": "compares", "prod": "muls"}


def _function(value: Any) -> str:
    if value not in COUNTED:
        raise BadValue(f"unknown reduction {value!r}", f"known: {', '.join(COUNTED)}")
    return str(value)


@dataclass(frozen=True)
class Reduce(Layer):
    """Sum, mean, amax, amin or prod over `axes` (0: channels): one operation per element that vanishes."""

    kind: ClassVar[str] = "reduce"
    source: ClassVar[str] = "n - 1 operations join n elements; a mean divides once more"

    function: str = attribute(_function)
    axes: tuple[int, ...] = whole_list()
    keep_dims: bool = flag(False)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"function": "mean", "axes": [1, 2]}, ((6, 4, 5),)),
        Example({"function": "amax", "axes": [0], "keep_dims": True}, ((6, 4),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """The shape without `axes`, or with 1 there; BadValue for an axis that is not there."""
        shape = inputs[0]
        if max(self.axes) >= len(shape):
            raise BadValue(
                f"reduce over axes {list(self.axes)} of {list(shape)}", "axes count from 0"
            )
        kept = (
            (n, 1)[i in self.axes]
            for i, n in enumerate(shape)
            if self.keep_dims or i not in self.axes
        )
        return tuple(kept) or (1,)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Inputs minus outputs, and a division per output of a mean."""
        joined = elements(inputs) - elements(outputs)
        divs = elements(outputs) if self.function == "mean" else 0
        return Tally.of(inputs, outputs, divs=divs, **{COUNTED[self.function]: joined})

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The torch function of the same name."""
        if self.function == "prod":
            return lambda x: x.prod(self.axes[0] + 1, keepdim=self.keep_dims)
        axes = tuple(axis + 1 for axis in self.axes)
        return lambda x: getattr(x, self.function)(axes, keepdim=self.keep_dims)
