"""A shape of the matrix engine."""

from dataclasses import dataclass
from typing import ClassVar

from costmodel.core.engine import EngineModel
from costmodel.core.tiling.nest import Nest


@dataclass(frozen=True)
class OneByOne(EngineModel):
    """`lanes` multipliers of which one works."""

    source: ClassVar[str] = "made for the tests"

    lanes: int

    @property
    def multipliers(self) -> int:
        """At the peak."""
        return self.lanes

    @property
    def words(self) -> str:
        """How many."""
        return f"one of {self.lanes}"

    def cycles(self, nest: Nest) -> float:
        """One for each multiply-add."""
        return float(nest.macs)
