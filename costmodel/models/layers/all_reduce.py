"""What devices tell one another so that all of them hold the sum of what each computed."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, prod
from typing import Any

from costmodel.core.attributes import whole
from costmodel.core.layer import Example, Layer, Message
from costmodel.core.tally import Shapes, Tally


@dataclass(frozen=True)
class AllReduce(Layer):
    """The sum over `devices` of a map that each of them holds in part.

    Of n devices each sends its whole map to the n - 1 others at once (one message in time), or
    1 / n of it to each and then 1 / n of the sum (two messages, or in a ring 2 (n - 1)): the
    quickest is taken.
    """

    kind = "all_reduce"
    across = True
    in_place = True
    routine = "link"
    source = (
        "Thakur, Rabenseifner and Gropp 2005, Optimization of Collective Communication Operations "
        "in MPICH, section 4.5"
    )
    examples = (Example({"devices": 2}, ((5, 8),)),)

    devices: int = whole()

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Each device adds up its share of the maps of all."""
        return Tally.of(inputs, outputs)

    def message(self, inputs: Shapes) -> Message | None:
        """All at once, or in two steps."""
        count, others = prod(inputs[0]), self.devices - 1
        if not others:
            return None
        halves = 2 * others / self.devices * count
        return Message(
            ((1, float(others * count)), (2, halves), (2 * round(log2(self.devices)), halves))
        )

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Tensor.clone: shapes stay."""
        return lambda x: x.clone()
