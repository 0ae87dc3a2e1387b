"""Rows of the kernel stay in the processing elements of an array."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from costmodel.core.engine import EngineModel, size
from costmodel.core.tiling.nest import Nest


@dataclass(frozen=True)
class RowStationary(EngineModel):
    """A `rows` x `columns` array in which each element slides one kernel row along one input row.

    One filter on one channel takes a set of R x P elements: the rows of its kernel by the rows of
    its output. A set wider than the array is cut into segments of its width; as many segments work
    at once as fit above one another, and a kernel taller than the array takes several turns. What
    is left of the last round of segments is idle.
    """

    source = "Chen, Krishna, Emer and Sze, Eyeriss, IEEE JSSC 52(1), 2017, sections III and V"

    rows: int
    columns: int

    def __post_init__(self) -> None:
        size("rows", self.rows)
        size("columns", self.columns)

    @property
    def multipliers(self) -> int:
        """Each element of the array holds one multiplier."""
        return self.rows * self.columns

    @property
    def words(self) -> str:
        """The rows and columns of the array."""
        return f"{self.rows} x {self.columns} elements, rows stationary"

    def shared(self, nest: Nest) -> tuple[int, int, int]:
        """A row of the kernel stays for a row of the output, and a set adds up all its taps.

        An input row slides along a row of taps in each element of its diagonal. Source: Chen, Emer
        and Sze, Eyeriss, ISCA 2016, section V.
        """
        along = prod(sweep.outputs for sweep in nest.sweeps[1:])
        return nest.taps, along, nest.taps

    def cycles(self, nest: Nest) -> float:
        """Rounds of segments; in each an element works through one output row, tap by tap."""
        down, along = nest.sweeps[0], nest.sweeps[1:]
        turns = ceil(down.taps / self.rows)
        at_once = max(1, self.rows // down.taps)
        sets = nest.groups * nest.batch * nest.out_channels * nest.in_channels
        rounds = ceil(sets * ceil(down.outputs / self.columns) / at_once)
        return float(turns * rounds * prod(sweep.outputs * sweep.taps for sweep in along))
