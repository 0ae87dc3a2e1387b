"""Views: another shape for the same memory."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from costmodel.layers.base import Example, Layer
from costmodel.tally import Shape, Shapes, Tally


class View(Layer):
    """Shared by views: nothing is computed and nothing moves."""

    view: ClassVar[bool] = True

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """No arithmetic."""
        return Tally.of(inputs, outputs)


class Flatten(View):
    """All axes into one: [C, H, W] becomes [C H W]."""

    kind: ClassVar[str] = "flatten"
    source: ClassVar[str] = "Krizhevsky et al. 2012 (before the dense layers)"
    examples: ClassVar[tuple[Example, ...]] = (Example({}, ((3, 4, 5),)), Example({}, ((7,),)))

    def out_shape(self, *inputs: Shape) -> Shape:
        """(product of all axes,)."""
        return (prod(inputs[0]),)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Flatten."""
        return torch.nn.Flatten()
