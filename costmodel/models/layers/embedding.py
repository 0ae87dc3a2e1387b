"""A vector for each token, looked up in a table of parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from costmodel.core.attributes import flag, weight_bits, weight_type
from costmodel.core.attributes import whole as size
from costmodel.core.layer import Example, Share
from costmodel.core.sharing import Devices, Use, padded_share
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.models.layers._twins import holding
from costmodel.models.layers.channels import Movement


@dataclass(frozen=True)
class Embedding(Movement):
    """A row of a `vocabulary` x `features` table for each token; only looked-up rows move.

    With `tied: true` the table is the output layer's, where its parameters count. Devices divide
    its rows and add up what each looked up, unless it is to be `whole` on each, as positions are.
    """

    kind = "embedding"
    source = "Vaswani et al. 2017, section 3.4 (embeddings, shared weights)"
    examples = (
        Example({"vocabulary": 11, "features": 8}, ((5,),)),
        Example({"vocabulary": 11, "features": 8, "tied": True}, ((5,),)),
    )

    vocabulary: int = size()
    features: int = size()
    tied: bool = flag(False)
    whole: bool = flag(False)
    weight_bits: float | None = weight_bits()
    weight_type: str = weight_type()

    def out_shape(self, *inputs: Shape) -> Shape:
        """A vector of features for each token: (*tokens, features)."""
        return (*inputs[0], self.features)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """The table's parameters, unless they are tied; no arithmetic."""
        weights = 0 if self.tied else self.vocabulary * self.features
        return Tally.of(inputs, outputs, weights=weights)

    def params_read(self, held: int, inputs: Shapes, samples: int) -> int:
        """A row for each token, at most the whole table."""
        return min(prod(inputs[0]) * samples, self.vocabulary) * self.features

    def divided(self, devices: Devices, use: Use) -> Share:
        """A part of the rows; a device gives zeros for a token that another one looks up."""
        if self.whole or devices.number == 1:
            return Share(self, use.apart)
        rows = padded_share(self.vocabulary, devices)
        return Share(replace(self, vocabulary=rows), False, summed=True)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Torch's look-up; the table of a tied layer is no parameter of the module."""
        shape, look_up = (self.vocabulary, self.features), torch.nn.functional.embedding
        if self.tied:
            return lambda x: look_up(x.long(), torch.empty(shape, device=x.device))
        return holding(torch, (shape,), lambda self, x: look_up(x.long(), self.p0))
