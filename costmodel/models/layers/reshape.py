"""Views: another shape for the same memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from costmodel.core.attributes import sizes
from costmodel.core.layer import Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.errors import BadValue


class View(Layer):
    """Shared by views: nothing is computed and nothing moves."""

    view = True

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Nothing moves and nothing is computed."""
        return Tally.of(inputs, outputs)


class Flatten(View):
    """All axes into one: [C, H, W] becomes [C H W]."""

    kind = "flatten"
    source = "Krizhevsky et al. 2012 (before the dense layers)"
    examples = (Example({}, ((3, 4, 5),)), Example({}, ((7,),)))

    def out_shape(self, *inputs: Shape) -> Shape:
        """One axis of all elements: (product of all axes,)."""
        return (prod(inputs[0]),)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Flatten of all axes but the batch."""
        return torch.nn.Flatten()


@dataclass(frozen=True)
class Reshape(View):
    """Another shape of as many elements."""

    kind = "reshape"
    source = "row-major order, as in numpy and torch"
    examples = (Example({"shape": [6, 1, 1]}, ((6,),)), Example({"shape": [4, 15]}, ((3, 4, 5),)))

    shape: Shape = sizes()

    def out_shape(self, *inputs: Shape) -> Shape:
        """`shape`; BadValue where it holds another number of elements."""
        if prod(self.shape) != prod(inputs[0]):
            raise BadValue(
                f"reshape from {list(inputs[0])} to {list(self.shape)} changes the elements "
                f"from {prod(inputs[0])} to {prod(self.shape)}",
                "make the products equal",
            )
        return self.shape

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Unflatten of a flattened map, which keeps the batch axis."""
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Unflatten(1, self.shape))
