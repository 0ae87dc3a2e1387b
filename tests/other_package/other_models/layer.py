"""A layer kind."""

from typing import Any, ClassVar

from costmodel.core.layer import Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally, elements


class Square(Layer):
    """x * x: one product per element."""

    kind: ClassVar[str] = "square"
    source: ClassVar[str] = "arithmetic"
    in_place: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (Example({}, ((3, 4),)),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape."""
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One product for each element."""
        return Tally.of(inputs, outputs, muls=elements(inputs))

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.square."""
        return torch.square
