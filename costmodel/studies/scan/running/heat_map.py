"""The total time, or the energy, over two axes of a grid: figures of the machine or the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.lanes import RUN_LANES
from costmodel.core.quantities import JOULES
from costmodel.studies.scan.running.results import ScanOutcome


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two axes of a heat map."""

    name: str
    values: list[Any]
    logarithmic: bool = False
    structural: bool = False
    """True: its values are choices, not a continuum."""


@dataclass(frozen=True, eq=False)
class HeatMap:
    """The total time and that of each lane on a grid of Y by X points.

    Of a scan whose points are ranked by their energy, or energy times time, it is that in the place
    of the time.
    """

    y: Side
    x: Side
    word: str
    """What is mapped: `total_time`, `energy` or `edp`."""
    total: Floats
    """That of a run (Y, X) [s], [J] or [J s]."""
    lanes: dict[str, Floats]
    """The time of each thing that can be busy (Y, X) [s]."""

    @classmethod
    def of(cls, outcome: ScanOutcome, most: int) -> HeatMap | None:
        """The map of a scan of at most `most` points, or None: it has not two axes."""
        space = outcome.plan.space
        if space.sample != "grid" or not 0 < space.points <= most:
            return None
        choices = {
            name: list(dict.fromkeys(_plain(v.labels[name]) for v in space.variants))
            for name in space.variants[0].labels
        }
        sides = [Side(n, values, structural=True) for n, values in choices.items() if values[1:]]
        sides += [
            Side(axis.name, list(axis.grid), axis.scale == "log", axis.scale == "list")
            for axis in space.axes
        ]
        shape = tuple(len(side.values) for side in sides)
        if len(sides) != 2 or shape[0] * shape[1] != space.points:
            return None
        size = space.per_variant
        pieces = [
            outcome.plan.columns(start, start + size)[1] for start in range(0, space.points, size)
        ]
        by = outcome.plan.by.word
        mapped = by if by in JOULES else "total_time"
        total, *lanes = (
            np.concatenate([np.broadcast_to(piece[word], size) for piece in pieces])
            for word in (mapped, *(f"{lane}_time" for lane in RUN_LANES))
        )
        timed = {word: times.reshape(shape) for word, times in zip(RUN_LANES, lanes, strict=True)}
        y, x = sides
        return cls(y, x, mapped, total.reshape(shape), timed)


def _plain(value: Any) -> Any:
    """A structural value as an axis shows it: numbers stay numbers."""
    return value if isinstance(value, int | float | str) else str(value)
