"""Rows of the kernel stay in the processing elements of an array."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from costmodel.core.engine import EngineModel, size
from costmodel.core.tiling.nest import Nest

CHANNELS = 2
"""Channels that an element takes in turn before its sums move on."""


@dataclass(frozen=True)
class RowStationary(EngineModel):
    """A `rows` x `columns` array in which each element slides one kernel row along one input row.

    One filter on one channel takes a set of R x P elements: the rows of its kernel by the rows of
    its output. A set wider than the array is cut into segments of its width; as many segments work
    at once as fit above one another, and a kernel taller than the array takes several turns. What
    is left of the last round of segments is idle.

    Partial sums leave the array for its buffer, `sums_per_cycle` of them, and come back for further
    channels. The array adds up as many channels by itself as it holds such sets of R x P elements,
    each of which takes two channels in turn, and one at least. With k channels at a time the C / k
    parts of an output are written once each, and all but the first are read. For 112 x 112 outputs
    of a 3 x 3 kernel a set is twice an array of 12 x 14: k = 1, and 64 channels pass 127 words for
    each output. That gives the buffer traffic which Table VI of the source prints for 112, 56 and
    28 rows of outputs to 5 %, and up to a third less than the tables print elsewhere, where it
    binds nothing.
    """

    source = "Chen, Krishna, Emer and Sze, Eyeriss, IEEE JSSC 52(1), 2017, sections III and V"

    rows: int
    columns: int
    sums_per_cycle: int | None = None
    """Words between the array and its buffer; None: they never wait."""

    def __post_init__(self) -> None:
        size("rows", self.rows)
        size("columns", self.columns)
        if self.sums_per_cycle is not None:
            size("sums_per_cycle", self.sums_per_cycle)

    @property
    def multipliers(self) -> int:
        """Each element of the array holds one multiplier."""
        return self.rows * self.columns

    @property
    def words(self) -> str:
        """The rows and columns of the array."""
        sums = "" if self.sums_per_cycle is None else f", {self.sums_per_cycle} sums a cycle"
        return f"{self.rows} x {self.columns} elements, rows stationary{sums}"

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
        busy = turns * rounds * prod(sweep.outputs * sweep.taps for sweep in along)
        if self.sums_per_cycle is None:
            return float(busy)
        return max(float(busy), self.partial_sums(nest) / self.sums_per_cycle)

    def partial_sums(self, nest: Nest) -> int:
        """Words that pass between the array and its buffer, all groups and samples."""
        kernel_set = nest.sweeps[0].taps * nest.sweeps[0].outputs
        at_once = max(1, CHANNELS * self.multipliers // kernel_set)
        return nest.output_words * (2 * ceil(nest.in_channels / at_once) - 1)
