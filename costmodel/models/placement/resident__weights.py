"""Maps get addresses on chip, and weights are pinned where that saves most."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import Any

import numpy as np

from costmodel.core.arrays import Bools
from costmodel.core.content_cache import ContentCache
from costmodel.core.packing import Packing
from costmodel.core.placement import Placement, Plan
from costmodel.core.workload import Workload
from costmodel.models.placement.resident import Packed, packed, plan_of, worth

SPLITS = 8
"""Shares of the memory that are tried for the weights."""


class ResidentWeights(Placement):
    """`resident`, and weights that stay on chip from run to run: loaded before the first inference.

    A pinned byte saves a byte of traffic per run and row that reads it, so shared weights are
    pinned first, then by size, the largest that fits. Several shares of the memory are tried for
    them; the one that leaves least traffic per run is kept.
    """

    source = (
        "Google Coral: parameter data caching (coral.ai/docs/edgetpu/compiler); "
        "costmodel.core.packing"
    )

    packs = True

    def packing(self, workload: Workload, capacity: float) -> Packing:
        """The addresses of the maps; pinned parameters lie above their peak."""
        return best(workload, capacity)[0].packing

    def plan(self, workload: Workload, memory: Any) -> Plan:
        """A packing and a choice of rows for each memory."""
        packings, pins = zip(*(best(workload, capacity) for capacity in memory), strict=True)
        return plan_of(workload, packings, np.stack(pins))


BEST: ContentCache[tuple[Packed, Bools]] = ContentCache(1024)


def best(workload: Workload, capacity: float) -> tuple[Packed, Bools]:
    """The packing of the maps and the pinned rows (R,) that leave least traffic per run."""
    if math.isinf(capacity):
        return packed(workload, capacity), workload.param_bytes > 0
    key = (workload.maps_key, workload.params_key, int(capacity))
    return BEST.get(key, lambda: _best(workload, int(capacity)))


def _best(workload: Workload, capacity: int) -> tuple[Packed, Bools]:
    """The first of equals over the shares of the memory."""
    saved = worth(workload)
    everything = int(workload.param_bytes[workload.own_params].sum())
    shares = {min(everything, capacity * n // SPLITS) for n in range(SPLITS + 1)}
    tried = []
    for share in sorted(shares):
        maps = packed(workload, capacity - share)
        rows = pinned(workload, capacity - maps.packing.peak)
        gain = int(saved[maps.packing.inside].sum() + workload.param_bytes[rows].sum())
        tried.append((gain, maps, rows))
    _, maps, rows = max(tried, key=itemgetter(0))
    return maps, rows


def pinned(workload: Workload, room: int) -> Bools:
    """Rows (R,) whose parameters are pinned into `room` bytes.

    What most rows share comes first, then the largest that fits.
    """
    chosen = np.zeros(len(workload.sharing), dtype=bool)
    readers = np.bincount(workload.sharing, minlength=len(workload.sharing))
    sizes = workload.param_bytes
    for row in np.lexsort((-sizes, -readers)):
        if workload.sharing[row] == row and 0 < sizes[row] <= room:
            chosen |= workload.sharing == row
            room -= int(sizes[row])
    return chosen
