"""Where maps lie on chip, and when: what the memory map draws, as a picture and on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.arrays import Ints
from costmodel.studies.run import Run


@dataclass(frozen=True, eq=False)
class Addresses:
    """K maps on chip, each a rectangle of addresses over rows."""

    tensor: Ints
    """(K,) which of the workload's maps."""
    start: NDArray[Any]
    """(K,) [rows] the middle of the first row is its number."""
    end: NDArray[Any]
    offset: Ints
    """(K,) the first address of each [B]."""
    size: Ints
    """(K,) how many bytes each takes [B]."""


def addresses(run: Run) -> Addresses | None:
    """Every map on chip of a placement that gives addresses; None for the others."""
    packing = run.packing
    if packing is None:
        return None
    work = run.workload
    first, last = work.live_ranges
    # a map that overwrites another begins half-way through its row, and that one ends
    taken = run.result.plan.overwrites_input
    gone = np.isin(np.arange(len(first)), work.reuses[taken])
    start, end = first - 0.5 + 0.5 * taken, last + 0.5 - 0.5 * gone
    inside = np.flatnonzero(packing.inside & (work.tensor_bytes > 0))
    sizes = work.tensor_bytes[inside]
    return Addresses(inside, start[inside], end[inside], packing.offsets[inside], sizes)
