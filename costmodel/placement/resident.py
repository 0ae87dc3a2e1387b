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

    Of several orders (by size, by traffic saved per byte, by time of writing ...) the one that leaves least traffic
    over the bus is kept.
    No two live maps share an address, so the memory is never over-committed. The network's inputs
    are loaded once and its outputs stored once; weights are streamed.
    """

    source: ClassVar[str] = "Pisarchyk & Lee 2020 (arXiv 2001.03288); costmodel.packing"

    def plan(self, workload: Workload, memory: Any) -> Plan:
        """A packing for each memory; equal ones share it."""
        inside = np.stack([packing(workload, int(capacity)).inside for capacity in memory])
        return plan_of(workload, inside, np.zeros((len(memory), len(workload.macs)), dtype=bool))


def plan_of(workload: Workload, inside: Any, params: Any) -> Plan:
    """The plans of maps `inside` (M, T) and parameters (M, R) on chip.

    An input inside is loaded by its first reader, an output inside stored by the row that writes it.
    """
    rows, readers = len(workload.macs), first_reads(workload)
    loads, stores = (np.zeros((len(inside), rows), dtype=np.int64) for _ in range(2))
    for tensor in np.flatnonzero((workload.first < 0) & (readers < rows)):
        loads[..., readers[tensor]] += inside[..., tensor] * workload.tensor_bytes[tensor]
    for tensor in np.flatnonzero(workload.kept & (workload.first >= 0)):
        stores[..., workload.first[tensor]] += inside[..., tensor] * workload.tensor_bytes[tensor]
    return Plan(inside, params, loads, stores)


def worth(workload: Workload) -> Any:
    """Bytes over the bus that each map saves on chip (T,): every touch, less the load or store that stays."""
    touched = np.bincount(np.concatenate([workload.in_tensor, workload.out_tensor]),
                          minlength=len(workload.tensor_bytes))  # fmt: skip
    stays = ((workload.first < 0) & (first_reads(workload) < len(workload.macs))) | (
        workload.kept & (workload.first >= 0))  # fmt: skip
    return np.maximum(touched - stays, 0) * workload.tensor_bytes


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
    return pack(workload.tensor_bytes, *live_ranges(workload), capacity, worth=worth(workload))
