"""The last token of a sequence."""

from __future__ import annotations

from typing import Any

from costmodel.core.layer import Example
from costmodel.core.tally import Shape, Shapes
from costmodel.errors import BadValue
from costmodel.models.layers.channels import Movement


class LastToken(Movement):
    """The last of [tokens, features]: what follows needs no other, as in generating text."""

    kind = "last_token"
    source = "the next token follows from the last one's features alone"
    looks_up = True
    examples = (Example({}, ((5, 8),)),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """[1, features]."""
        if len(inputs[0]) != 2:
            raise BadValue(f"last_token needs [tokens, features], got {list(inputs[0])}", "")
        return (1, inputs[0][1])

    def elements_read(self, inputs: Shapes, outputs: Shapes) -> tuple[int, ...]:
        """One token."""
        return (inputs[0][1],)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """A slice."""
        return lambda x: x[:, -1:, :]
