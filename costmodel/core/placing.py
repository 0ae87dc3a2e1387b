"""The first half of the formula: where tensors live in each memory, and what moves there."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.core.machine import Machine
from costmodel.core.placement import Placement
from costmodel.core.traffic import Placed, Traffic, placed_once
from costmodel.core.workload import Workload
from costmodel.errors import CostModelError


def check_words(workload: Workload, machine: Machine) -> None:
    """Raise CostModelError where bytes on chip cost energy and the engine's were not counted."""
    if machine["on_chip_byte_energy"] is not None and workload.words is None:
        raise CostModelError(
            "bytes on chip cost energy, and what the engine takes was not counted: state "
            "'energy: {on_chip_byte: ...}' in the profile"
        )


def place(
    workload: Workload,
    memory: Any,
    placement: Placement,
    traffic: Traffic | None = None,
    *,
    first: bool = False,
) -> Placed:
    """Place every tensor for each distinct one of the memories `memory` [B], of any shape.

    Where there are several levels on chip `memory` is a tuple of them from the outside in. Without
    a `traffic` model each external tensor crosses the bus once.
    """
    if isinstance(memory, tuple) and len(memory) > 1:
        levels = np.broadcast_arrays(*(np.asarray(level, dtype=float) for level in memory))
        memories = np.unique(np.stack([level.ravel() for level in levels], axis=1), axis=0)
    else:
        alone = memory[0] if isinstance(memory, tuple) else memory
        # asked for the inverse, numpy does not import numpy.ma (6 ms)
        memories, _ = np.unique(np.asarray(alone, dtype=float), return_inverse=True)
    rule = placed_once if traffic is None else traffic.place
    return rule(workload, placement, memories, first=first)
