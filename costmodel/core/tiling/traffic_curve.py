"""The step function that every nest ends as: room inside a level against what crosses into it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from costmodel.core.tiling.windows import Ints


class MovedBytes(NamedTuple):
    """What crosses the boundary of a level, operand by operand: numbers or arrays.

    They are in the unit of the widths that they were made with.
    """

    input: Ints
    weights: Ints
    sums_read: Ints
    """Outputs that come back before they are complete."""
    output: Ints
    """Outputs written, complete or not."""

    @property
    def total(self) -> Ints:
        """All of them."""
        return self.input + self.weights + self.sums_read + self.output


@dataclass(frozen=True, eq=False)
class TrafficCurve:
    """A step function: from each room on, the least traffic and the schedule that has it.

    Rooms and traffic are in the unit of the widths that it was made with.
    """

    room: Ints
    """(S,) The room from which each step holds, ascending."""
    moved: MovedBytes
    """(S,) each; their total falls from step to step."""
    schedules: tuple[tuple[int, ...], ...]
    """(S,) The numbers that `costmodel.core.tiling.schedule` reads: order, tile sizes, windows."""

    @cached_property
    def refetched(self) -> Ints:
        """Bytes beyond the first fetch, of a curve in bits: (4, S) in the order of `MovedBytes`."""
        moved = np.stack(self.moved)
        return np.asarray(-(-(moved - moved[:, -1:]) // 8))


def falling_steps(room: Ints, total: Ints, origin: Ints) -> tuple[Ints, Ints, Ints]:
    """Sort points by room and keep those that move less than every point before them."""
    order = np.lexsort((total, room))
    sorted_totals = total[order]
    falls = np.ones(len(order), dtype=bool)
    falls[1:] = sorted_totals[1:] < np.minimum.accumulate(sorted_totals)[:-1]
    kept = order[falls]
    return room[kept], total[kept], origin[kept]
