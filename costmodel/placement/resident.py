"""Maps get addresses on chip for as long as they live."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from costmodel.packing import Packing, pack
from costmodel.placement.base import Placement, Plan
from costmodel.workload import Workload


class Resident(Placement):
    """Maps are packed into the memory over their live ranges; what finds no gap stays outside.

    No two live maps share an address, so the memory is never over-committed. The network's inputs
    are loaded once and its outputs stored once; weights are streamed.
    """

    source: ClassVar[str] = "Pisarchyk & Lee 2020 (arXiv 2001.03288); costmodel.packing"

    def plan(self, workload: Workload, memory: Any) -> Plan:
        """A packing for each memory; equal ones share it. An input is loaded by its first reader."""
        inside = np.stack([packing(workload, int(capacity)).inside for capacity in memory])
        rows, loads, stores = len(workload.macs), first_reads(workload), workload.first
        once = np.zeros((len(memory), rows), dtype=np.int64)
        for tensor in np.flatnonzero((workload.first < 0) & (loads < rows)):
            once[..., loads[tensor]] += inside[..., tensor] * workload.tensor_bytes[tensor]
        for tensor in np.flatnonzero(workload.kept & (workload.first >= 0)):
            once[..., stores[tensor]] += inside[..., tensor] * workload.tensor_bytes[tensor]
        return Plan(inside, np.zeros(once.shape, dtype=bool), once)


def first_reads(workload: Workload) -> Any:
    """The first row that reads each tensor (T,); the number of rows where none does."""
    rows = len(workload.macs)
    found = np.full(len(workload.tensor_bytes), rows)
    reader = np.repeat(np.arange(rows), np.diff(workload.in_ptr))
    np.minimum.at(found, workload.in_tensor, reader)
    return found


def live_ranges(workload: Workload) -> tuple[Any, Any]:
    """First and last row in which each tensor must exist (T,), network outputs to the end."""
    rows = len(workload.macs)
    return np.maximum(workload.first, 0), np.maximum(
        np.where(workload.kept, rows - 1, workload.last), np.maximum(workload.first, 0)
    )


@lru_cache(maxsize=1024)
def packing(workload: Workload, capacity: int) -> Packing:
    """The packing of a workload's maps into `capacity` bytes; each is worked out once."""
    return pack(workload.tensor_bytes, *live_ranges(workload), capacity)
