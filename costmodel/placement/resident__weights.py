"""Maps get addresses on chip, and weights are pinned where that saves most."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from costmodel.packing import Packing
from costmodel.placement.base import Placement, Plan
from costmodel.placement.resident import Packed, packed, plan_of, worth
from costmodel.workload import Workload

SPLITS = 8  # shares of the memory that are tried for the weights


class ResidentWeights(Placement):
    """`resident`, and weights that stay on chip from run to run: loaded once, before the first inference.

    A pinned byte saves a byte of traffic per run and row that reads it, so shared weights are pinned first, then
    by size, the largest that fits.
    Several shares of the memory are tried for them; the one that leaves least traffic per run is kept.
    """

    source: ClassVar[str] = (
        "Google Coral: parameter data caching (coral.ai/docs/edgetpu/compiler); costmodel.packing"
    )

    def packing(self, workload: Workload, capacity: int) -> Packing:
        """The addresses of the maps; pinned parameters lie above their peak."""
        return best(workload, capacity)[0].packing

    def plan(self, workload: Workload, memory: Any) -> Plan:
        """A packing and a choice of rows for each memory."""
        found = [best(workload, int(capacity)) for capacity in memory]
        return plan_of(workload, [maps for maps, _ in found], np.stack([rows for _, rows in found]))


@lru_cache(maxsize=1024)
def best(workload: Workload, capacity: int) -> tuple[Packed, NDArray[np.bool_]]:
    """The packing of the maps and the pinned rows (R,) that leave least traffic per run; first of equals."""
    saved = worth(workload)
    shares = {
        min(int(workload.param_bytes[workload.own_params].sum()), capacity * n // SPLITS)
        for n in range(SPLITS + 1)
    }
    found: tuple[int, Packed, NDArray[np.bool_]] | None = None
    for share in sorted(shares):
        maps = packed(workload, capacity - share)
        rows = pinned(workload, capacity - maps.packing.peak)
        gain = int(saved[maps.packing.inside].sum() + workload.param_bytes[rows].sum())
        if found is None or gain > found[0]:
            found = gain, maps, rows
    assert found is not None
    return found[1], found[2]


def pinned(workload: Workload, room: int) -> NDArray[np.bool_]:
    """Rows (R,) whose parameters are pinned into `room` bytes: shared by most first, then the largest that fits."""
    chosen = np.zeros(len(workload.sharing), dtype=bool)
    readers = np.bincount(workload.sharing, minlength=len(workload.sharing))
    sizes = workload.param_bytes
    for row in np.lexsort((-sizes, -readers)):
        if workload.sharing[row] == row and 0 < sizes[row] <= room:
            chosen |= workload.sharing == row
            room -= int(sizes[row])
    return chosen
