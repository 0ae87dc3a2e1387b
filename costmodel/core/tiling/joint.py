"""Several contractions of one row, one after the other, each in the whole of the row's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from costmodel.core.tiling.nest import AttentionNest, Nest, Widths
from costmodel.core.tiling.traffic_curve import MovedBytes, TrafficCurve


@dataclass(frozen=True)
class Piece:
    """One of them; an operand that lies neither in the row's maps nor its parameters has a width.

    None: as the row's. 0: it stays on chip. Else it is written outside and read again.
    """

    nest: Nest | AttentionNest
    input: int | None = None
    output: int | None = None
    sum: int | None = None

    def widths(self, row: Widths) -> Widths:
        """Its own widths, where the row's maps and parameters outside have those of `row`."""
        own = {"input": self.input, "output": self.output, "sum": self.sum}
        return replace(row, **{word: bits for word, bits in own.items() if bits is not None})


@dataclass(frozen=True)
class JointNest:
    """The contractions in the order in which they run."""

    pieces: tuple[Piece, ...]


AnyNest = Nest | AttentionNest | JointNest


@dataclass(frozen=True, eq=False)
class JointCurve(TrafficCurve):
    """A sum of step functions; a schedule is the step of each."""

    curves: tuple[TrafficCurve, ...]


def joint_curve(curves: Sequence[TrafficCurve]) -> JointCurve:
    """The sum of step functions, from the room on in which all of them have tiles.

    Steps at 3 and 9 and steps at 5 and 9 have a sum with steps at 5 and 9.
    """
    room = np.unique(np.concatenate([curve.room for curve in curves]))
    room = room[room >= max(int(curve.room[0]) for curve in curves)]
    steps = [np.searchsorted(curve.room, room, side="right") - 1 for curve in curves]
    moved = np.sum(
        [np.stack(curve.moved)[:, at] for curve, at in zip(curves, steps, strict=True)], axis=0
    )
    schedules = tuple(zip(*(at.tolist() for at in steps), strict=True))
    return JointCurve(room, MovedBytes(*moved), schedules, tuple(curves))
