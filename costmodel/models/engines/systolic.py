"""A systolic array, filled and drained for each fold."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from costmodel.core.engine import EngineModel, pixels, size
from costmodel.core.tiling.nest import Nest
from costmodel.errors import BadValue, did_you_mean

DATAFLOWS = ("output_stationary", "weight_stationary", "input_stationary")


@dataclass(frozen=True)
class Systolic(EngineModel):
    """`rows` x `columns` multipliers that hold one operand still and pass the others along.

    A contraction is a product of the stationary tensor's rows S_R and columns S_C over a time T:
    (pixels, K, C R S) with outputs stationary, (C R S, K, pixels) with weights and (C R S, pixels,
    K) with inputs. It takes ceil(S_R / rows) ceil(S_C / columns) folds; a fold takes rows + columns
    + T - 2 cycles with outputs stationary, and once more the rows to load what is stationary.
    `arrays` of them share the folds. Groups are folded one by one, depthwise layers too, unless
    each column has inputs of its own there (`depthwise_columns`): then a column takes a channel.
    """

    source = (
        "Samajdar et al. 2020, A Systematic Methodology for Characterizing Scalability of DNN "
        "Accelerators using SCALE-Sim, section III"
    )

    rows: int
    columns: int
    dataflow: str = "weight_stationary"
    arrays: int = 1
    depthwise_columns: bool = False

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "arrays"):
            size(name, getattr(self, name))
        if not isinstance(self.depthwise_columns, bool):
            raise BadValue(
                f"'depthwise_columns' is {self.depthwise_columns!r}", "write true or false"
            )
        if self.dataflow not in DATAFLOWS:
            raise BadValue(
                f"unknown dataflow '{self.dataflow}'", did_you_mean(self.dataflow, DATAFLOWS)
            )

    @property
    def multipliers(self) -> int:
        """The multipliers of all arrays work at once."""
        return self.rows * self.columns * self.arrays

    @property
    def words(self) -> str:
        """The arrays, their rows and columns, and the dataflow."""
        several = f"{self.arrays} x " if self.arrays > 1 else ""
        return f"{several}{self.rows} x {self.columns}, {self.dataflow.replace('_', ' ')}"

    @property
    def elements(self) -> tuple[int, int, int]:
        """What lies along its rows and its columns, by the dataflow."""
        return {
            "output_stationary": (self.rows, self.columns, 1),
            "weight_stationary": (1, self.columns, self.rows),
            "input_stationary": (self.columns, 1, self.rows),
        }[self.dataflow]

    def shared(self, nest: Nest) -> tuple[int, int, int]:
        """The stationary operand stays for the whole fold, the others pass along the array.

        Sums are added up down the columns, or in place where the outputs are stationary.
        """
        positions, depth = pixels(nest) * nest.batch, nest.in_channels * nest.taps
        return {
            "output_stationary": (self.columns, self.rows, depth),
            "weight_stationary": (self.columns, positions, self.rows),
            "input_stationary": (nest.out_channels, self.columns, self.rows),
        }[self.dataflow]

    def cycles(self, nest: Nest) -> float:
        """Folds times the cycles of one, for each group."""
        positions, depth = pixels(nest) * nest.batch, nest.in_channels * nest.taps
        filters, groups = nest.out_channels, nest.groups
        load = 0 if self.dataflow == "output_stationary" else self.rows
        if self.depthwise_columns and nest.in_channels == 1:
            filters, groups = filters * groups, 1
        tall, wide, time = {
            "output_stationary": (positions, filters, depth),
            "weight_stationary": (depth, filters, positions),
            "input_stationary": (depth, positions, filters),
        }[self.dataflow]
        folds = groups * ceil(tall / self.rows) * ceil(wide / self.columns)
        return float(ceil(folds / self.arrays) * (load + self.rows + self.columns + time - 2))
