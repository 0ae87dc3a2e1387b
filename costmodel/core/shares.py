"""How far a routine stays from the machine's peaks, and what it takes besides."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from costmodel.core.network import Row


class Shares(NamedTuple):
    """What a routine reaches of the peak rate, and of the bandwidth for maps and parameters."""

    compute: float = 1.0
    bandwidth: float = 1.0
    parameters: float = 1.0
    launch: float = 0.0
    """[s] for each row, besides the engine's."""
    per_head: float = 0.0
    """[s] for each sample and head of a state that it reads."""
    per_vector: float = 0.0
    """[s] for each vector that it takes a statistic of."""
    per_input: float = 0.0
    """[s] for each element of its maps that it converts before it computes."""
    exposed: float = 0.0
    """The share of the shorter of transfer and compute that the longer does not hide."""

    @property
    def takes_time(self) -> bool:
        """True where any of it is there whatever the rates."""
        return bool(self.launch or self.per_head or self.per_vector or self.per_input)

    def sample_time(self, row: Row) -> float:
        """Seconds that each sample takes in a row whatever the rates, besides the launch."""
        heads = sum(state.heads for part in row.parts if (state := part.layer.state(part.inputs)))
        elements = sum(prod(tap.shape) for tap in row.inputs) if self.per_input else 0
        return self.per_head * heads + self.per_vector * row.vectors + self.per_input * elements


PERFECT = Shares()
