"""Maps get addresses on chip for as long as they live."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from costmodel.core.content_cache import ContentCache
from costmodel.core.packing import Packing, pack, rank
from costmodel.core.placement import Placement, Plan
from costmodel.core.workload import Workload


class Resident(Placement):
    """Maps are packed into the memory over their live ranges; what finds no gap stays outside.

    Of several orders (by size, by traffic saved per byte, by time of writing ...) the one that
    leaves least traffic over the bus is kept. An elementwise row may write over an input that
    nobody needs any more. No two live maps share an address, so the memory is never over-committed.
    The network's inputs are loaded once and its outputs stored once; weights are streamed.
    """

    source = "Pisarchyk & Lee 2020 (arXiv 2001.03288); costmodel.core.packing"

    packs = True

    def __init__(self, effort: float = 0.0) -> None:
        self.effort = effort
        """Seconds of search for each memory, beyond the greedy orders; never worse for it [s]."""

    def searching(self, seconds: float) -> Resident:
        """The same rule with `seconds` of search for each memory [s]."""
        return Resident(seconds)

    def packing(self, workload: Workload, capacity: float) -> Packing:
        """The addresses behind the plan."""
        return packed(workload, capacity, self.effort).packing

    def plan(self, workload: Workload, memory: Any) -> Plan:
        """A packing for each memory; equal ones share it."""
        packings = [packed(workload, capacity, self.effort) for capacity in memory]
        return plan_of(workload, packings, np.zeros((len(memory), len(workload.macs)), dtype=bool))


class Packed(NamedTuple):
    """Addresses of the maps, and which of them overwrite the map they reuse (T,)."""

    packing: Packing
    taken: Any


PACKED: ContentCache[Packed] = ContentCache(1024)


def plan_of(workload: Workload, packings: Sequence[Packed], params: Any) -> Plan:
    """The plans of packed maps, one for each of M memories, and of parameters on chip (M, R).

    An input inside is loaded by its first reader, an output inside stored by the row that writes
    it.
    """
    inside = np.stack([maps.packing.inside for maps in packings])
    loads, stores = (np.zeros(params.shape, dtype=np.int64) for _ in range(2))
    entering, leaving = _crossing(workload)
    moved = (inside * workload.tensor_bytes).T
    np.add.at(loads.T, workload.first_reader[entering], moved[entering])
    np.add.at(stores.T, workload.first[leaving], moved[leaving])
    return Plan(inside, params, loads, stores, np.stack([maps.taken for maps in packings]))


def _crossing(workload: Workload) -> tuple[Any, Any]:
    """Inputs of the network that some row reads, and its outputs, as masks of the maps (T,)."""
    first = workload.first
    entering = (first < 0) & (workload.first_reader < len(workload.macs))
    return entering, workload.kept & (first >= 0)


def worth(workload: Workload) -> Any:
    """Bytes over the bus that each map saves on chip (T,).

    Every touch saves its bytes, less the load or store that stays.
    """
    stays = np.where(np.logical_or(*_crossing(workload)), workload.tensor_bytes, 0)
    return np.maximum(workload.map_traffic - stays, 0)


def packed(workload: Workload, capacity: float, effort: float = 0.0) -> Packed:
    """The packing of a workload's maps into `capacity` bytes; each is worked out once.

    Maps that overwrite one another are packed as one, or each by itself: what leaves less traffic,
    then the lower peak; overwriting wins a draw. That one is searched on for `effort` seconds.
    """
    limit = None if math.isinf(capacity) else int(capacity)
    return PACKED.get((workload.maps_key, limit, effort), lambda: _pack(workload, limit, effort))


def _pack(workload: Workload, limit: int | None, effort: float) -> Packed:
    """The better of two packings into `limit` bytes, worked out anew."""
    saved, alone = worth(workload), np.arange(len(workload.tensor_bytes))
    root = alone.copy()
    # what is reused was written earlier
    for tensor in np.flatnonzero(workload.reuses >= 0):
        root[tensor] = root[workload.reuses[tensor]]
    sharing, apart = (_grouped(workload, limit, saved, groups) for groups in (root, alone))
    overwrites = rank(sharing, saved) <= rank(apart, saved)
    packing = sharing if overwrites else apart
    if effort:
        packing = _grouped(workload, limit, saved, root if overwrites else alone, effort)
    return Packed(packing, (workload.reuses >= 0) & packing.inside & overwrites)


def _grouped(
    workload: Workload, limit: int | None, saved: Any, root: Any, effort: float = 0.0
) -> Packing:
    """A packing in which tensors of one `root` (T,) share their memory."""
    first, last = workload.live_ranges
    heads, group = np.unique(root, return_inverse=True)
    end, gain = last[heads].copy(), np.zeros(len(heads), dtype=np.int64)
    np.maximum.at(end, group, last)
    np.add.at(gain, group, saved)
    tensors = workload.tensor_bytes[heads], first[heads], end
    packing = pack(*tensors, limit, worth=gain)
    if effort:
        from costmodel.core.packing.search import improved

        packing = improved(packing, *tensors, limit, gain, effort)
    return Packing(packing.offsets[group], packing.peak)


def whole_plan(workload: Workload) -> Plan:
    """Every map on chip, each overwriting what it may.

    The least memory that holds them all is its peak.
    """
    everything = np.ones(len(workload.tensor_bytes), dtype=bool)
    nothing = np.zeros(len(workload.macs), dtype=np.int64)
    return Plan(everything, nothing.astype(bool), nothing, nothing, workload.reuses >= 0)
