"""What each row of a network moves as a function of the memory, and the sum of such functions.

Nothing stays on chip between rows. `slope` draws these step functions, and scans read their closed
form from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from costmodel.core.arrays import Floats, Ints
from costmodel.core.tiling.rows import RowNest
from costmodel.core.traffic import BusBytes
from costmodel.core.workload import Workload

HELD = {"reads": "I", "weights": "W", "output": "O"}
"""The operands of a row's loop nest, as its step function names them."""


def _straight(workload: Workload, nest: RowNest, operands: str) -> Ints:
    """What goes to the engine beyond the first fetch, (3, 1) [B]."""
    hierarchy = workload.hierarchy
    sharing = (1, 1, 1) if hierarchy is None else hierarchy.sharing(nest.nest)
    return np.array(nest.straight(operands, sharing), dtype=np.int64)[:, np.newaxis]


@dataclass(frozen=True, eq=False)
class RowTraffic:
    """One row's step function: bytes over the bus from each memory on, (S,) each [B]."""

    row: int
    memory: Ints
    """Memories from which on the sizes hold, ascending."""
    read: Ints
    write: Ints
    params: Ints

    @property
    def external(self) -> Ints:
        """What is read, written and read of parameters together (S,) [B]."""
        return self.read + self.write + self.params


@dataclass(frozen=True, eq=False)
class SummedSteps:
    """Step functions added up: values from each memory on, (S,) ascending [B]."""

    memory: Ints
    values: Floats
    """The sums of each column from each memory on (S, columns)."""


def row_steps(
    workload: Workload, *, double: bool | None = None, straight: str = ""
) -> list[RowTraffic]:
    """Every row's step function, every map and parameter outside; rows that stream have one step.

    The whole of what a row touches moves once, and what its tiles fetch again beside it. Tiles have
    second buffers where that is said: by default as the workload does. Operands that go `straight`
    to the engine need no room, and move a word for each multiply-add.
    """
    buffers = workload.double_buffer if double is None else double
    everywhere = np.ones(len(workload.tensor_bytes), dtype=bool)
    read, write = workload.bytes_read(everywhere), workload.bytes_written(everywhere)
    more_read, more_written = workload.state_and_scratch
    once = np.stack([read + more_read, write + more_written, workload.param_bytes])
    nests = defaultdict(list)
    for nest in workload.nests:
        nests[nest.row].append(nest)
    return [
        RowTraffic(row, memory, *(once[:, row, np.newaxis] + refetched))
        for row in range(len(workload.macs))
        for memory, refetched in [_refetched(workload, nests[row], buffers, straight)]
    ]


class Falls(NamedTuple):
    """Step functions of R rows as what each moves at least, and N falls."""

    fewest: BusBytes
    """(R,) from the last step of each row on [B]."""
    more: BusBytes
    """(N,) what besides moves in a memory that is smaller than `memory` [B]."""
    memory: Ints
    """(N,) [B]"""
    row: Ints
    """(N,) whose fall it is."""


def row_falls(rows: Sequence[RowTraffic]) -> Falls:
    """Give what each row moves at least, and by how much it falls at each step.

    A row that moves 9 B below 4 B of memory and 5 B from there on falls by 4 B at 4.
    """
    columns = list(zip(*((steps.read, steps.write, steps.params) for steps in rows), strict=True))
    return Falls(
        BusBytes(*(np.array([sums[-1] for sums in column]) for column in columns)),
        BusBytes(
            *(np.concatenate([-np.diff(sums, prepend=sums[0]) for sums in one]) for one in columns)
        ),
        np.concatenate([steps.memory for steps in rows]),
        np.repeat([steps.row for steps in rows], [len(steps.memory) for steps in rows]),
    )


def _refetched(
    workload: Workload, nests: list[RowNest], double: bool, straight: str
) -> tuple[Ints, Ints]:
    """Memories (S,) [B] and what a row's tiles fetch again from each on: read, write, params."""
    held = {word: one not in straight for word, one in HELD.items()}
    curves = [(nest, nest.traffic_curve(**held, double=double)) for nest in nests]
    pieces = [
        (-(-c.room // 8), np.stack(nest.refetched(c)) + _straight(workload, nest, straight))
        for nest, c in curves
    ]
    if not pieces:
        return np.zeros(1, dtype=np.int64), np.zeros((3, 1), dtype=np.int64)
    if len(pieces) == 1:
        return pieces[0]
    total = added([(memory, refetched.T.astype(float)) for memory, refetched in pieces])
    return total.memory, total.values.T.astype(np.int64)


def added(pieces: list[tuple[Ints, Floats]]) -> SummedSteps:
    """The sum of step functions (memories (S,), values (S, columns)) from where all of them begin.

    Each piece counts from its first memory on.
    """
    memory = np.concatenate([steps for steps, _ in pieces])
    change = np.concatenate([np.diff(values, axis=0, prepend=0.0) for _, values in pieces])
    order = np.argsort(memory, kind="stable")
    total = np.cumsum(change[order], axis=0)
    steps_at, first = np.unique(memory[order], return_index=True)
    last = np.append(first[1:], len(order)) - 1
    least = max(int(steps[0]) for steps, _ in pieces)
    kept = steps_at >= least
    return SummedSteps(steps_at[kept], total[last][kept])
