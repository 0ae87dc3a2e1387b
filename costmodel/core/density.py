"""How much of what a row multiplies is not zero."""

from __future__ import annotations

from typing import NamedTuple


class Density(NamedTuple):
    """Shares of elements that are not zero, from 0 to 1 [1]."""

    input: float = 1.0
    """Of the maps that a row reads."""
    weights: float = 1.0

    @property
    def awake(self) -> float:
        """The share of multiply-adds neither of whose operands is zero, zeros being independent."""
        return self.input * self.weights


DENSE = Density()
