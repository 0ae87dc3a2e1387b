"""What a network moves as a function of the memory, where nothing stays on chip between rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costmodel.core.workload import Ints, Workload


@dataclass(frozen=True, eq=False)
class RowSteps:
    """One row's step function: bytes over the bus from each memory on, (S,) each [B]."""

    row: int
    memory: Ints
    """Ascending."""
    read: Ints
    write: Ints
    params: Ints

    @property
    def external(self) -> Ints:
        """All of them."""
        return self.read + self.write + self.params


@dataclass(frozen=True, eq=False)
class Steps:
    """Step functions added up: values from each memory on, (S,) ascending [B]."""

    memory: Ints
    values: NDArray[np.float64]
    """(S, columns)"""


def row_steps(workload: Workload) -> list[RowSteps]:
    """Every row's step function, every map and parameter outside; rows that stream have one step.

    The whole of what a row touches moves once, and what its tiles fetch again beside it.
    """
    everywhere = np.ones(len(workload.tensor_bytes), dtype=bool)
    read, write = workload.bytes_read(everywhere), workload.bytes_written(everywhere)
    kept_read, kept_written = workload.state_and_scratch
    read, write = read + kept_read, write + kept_written
    nests = {one.row: one for one in workload.nests}
    found = []
    for row in range(len(workload.macs)):
        once = (read[row], write[row], workload.param_bytes[row])
        if row not in nests:
            found.append(RowSteps(row, np.zeros(1, np.int64), *(np.array([b]) for b in once)))
            continue
        one = nests[row]
        front = one.traffic_curve(double=workload.double_buffer)
        moved = (base + more for base, more in zip(once, one.refetched(front), strict=True))
        found.append(RowSteps(row, -(-front.memory // 8), *moved))
    return found


def added(pieces: list[tuple[Ints, NDArray[np.float64]]]) -> Steps:
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
    return Steps(steps_at[kept], total[last][kept])
