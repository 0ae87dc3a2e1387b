"""What is alive on chip while each row runs."""

from __future__ import annotations

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.machine import Machine
from costmodel.core.placement import Plan
from costmodel.core.timing import Ahead
from costmodel.core.traffic import Placed
from costmodel.core.workload import Workload


def live_internal_bytes(workload: Workload, plan: Plan) -> Array:
    """Add up the bytes that are on chip while each row runs under `plan` [B], shape (..., R).

    Pinned parameters are there all the time. A map is alive from the row that writes it to the last
    row that reads it, both included; the network's outputs stay to the end.
    """
    sizes = np.where(plan.on_chip, workload.tensor_bytes, 0)
    rows = len(workload.macs)
    end = np.where(workload.kept, rows - 1, workload.last)
    change = np.zeros((rows + 1, *sizes.shape[:-1]), dtype=np.int64)
    begin = np.maximum(workload.first, 0)
    # an output in the place of an input takes memory only once that input is gone
    fresh = np.where(plan.overwrites_input, 0, sizes)
    np.add.at(change, begin, np.moveaxis(fresh, -1, 0))
    np.add.at(change, begin + 1, np.moveaxis(sizes - fresh, -1, 0))
    np.subtract.at(change, end + 1, np.moveaxis(sizes, -1, 0))
    pinned = np.where(plan.params & workload.own_params, workload.param_bytes, 0)
    held = pinned.sum(axis=-1, keepdims=True)
    return np.asarray(np.moveaxis(np.cumsum(change, axis=0)[:rows], 0, -1) + held)


def placed_bytes(workload: Workload, placed: Placed) -> Array:
    """Bytes that are on chip while each row runs, for each of the memories (M, R) [B]."""
    if placed.held is not None:
        return np.asarray(placed.held)
    return live_internal_bytes(workload, placed.plan)


def ahead_of(workload: Workload, placed: Placed, point: Array, machine: Machine) -> Ahead:
    """Work out what timing models that look ahead ask; few do, so it waits until they call."""
    whole = placed.memories.reshape(len(placed.memories), -1).sum(axis=1)
    room = whole[:, np.newaxis] - placed_bytes(workload, placed)
    loaded = np.broadcast_to(placed.moved.params, room.shape)[point].astype(float)
    slowdown = workload.costs.parameter_slowdown
    free = np.maximum(room, 0)[point].astype(float)
    return Ahead(
        loaded,
        loaded * slowdown / np.asarray(machine.bandwidth, dtype=float)[..., np.newaxis],
        free,
    )
