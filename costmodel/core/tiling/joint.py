"""Several contractions of one row, one after the other, each in the whole of the row's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from costmodel.core.tiling.front import Front, Moved
from costmodel.core.tiling.nest import AttentionNest, Nest, Widths


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
class JointFront(Front):
    """A sum of step functions; a schedule is the step of each."""

    fronts: tuple[Front, ...]


def joint_front(fronts: Sequence[Front]) -> JointFront:
    """The sum of step functions, from the memory on in which all of them have tiles.

    Steps at 3 and 9 and steps at 5 and 9 have a sum with steps at 5 and 9.
    """
    memory = np.unique(np.concatenate([front.memory for front in fronts]))
    memory = memory[memory >= max(int(front.memory[0]) for front in fronts)]
    steps = [np.searchsorted(front.memory, memory, side="right") - 1 for front in fronts]
    moved = np.sum(
        [np.stack(front.moved)[:, at] for front, at in zip(fronts, steps, strict=True)], axis=0
    )
    schedules = tuple(zip(*(at.tolist() for at in steps), strict=True))
    return JointFront(memory, Moved(*moved), schedules, tuple(fronts))
