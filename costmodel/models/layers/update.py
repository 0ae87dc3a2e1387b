"""New elements written into a map where it lies."""

from __future__ import annotations

from math import prod
from typing import Any

from costmodel.core.layer import Example
from costmodel.core.tally import Shape, Shapes
from costmodel.models.layers.channels import Movement


class Update(Movement):
    """Elements of a second map written into the first, of which nothing else moves.

    What comes out are the elements that are written.
    """

    kind = "update"
    looks_up = True
    arity = (2, 2)
    source = (
        "ONNX TensorScatter-24; the key and value caches of Pope et al. 2022 (arXiv 2211.05102)"
    )
    examples = (Example({}, ((8, 16), (1, 16))),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """What is new."""
        return inputs[1]

    def elements_read(self, inputs: Shapes, outputs: Shapes) -> tuple[int, ...]:
        """None of the map that is written into."""
        return (0, prod(inputs[1]))

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """A clone of what is new."""
        return lambda _, new: new.clone()
