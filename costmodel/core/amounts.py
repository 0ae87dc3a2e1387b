"""How much of everything that costs something each row asks for: what the terms are terms of.

An amount is an array over rows, of shape (R,), or (M, R) where it follows the memory on chip, or
(A, 1, R) where rows may choose among A algorithms. The words are those of `costmodel.core.terms`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.placement import Plan
from costmodel.core.traffic import BusBytes, Placed
from costmodel.core.workload import Costs, Workload

Array = NDArray[Any]
Amounts = dict[str, Any]
"""Arrays by the word of the amount."""


def amounts(workload: Workload, placed: Placed) -> Amounts:
    """Every amount of a workload whose tensors are `placed`, in M memories.

    Returns
    -------
    dict
        `external_bytes` [B]; `on_chip_bytes` of the outermost level on chip, `on_chip_bytes_2` of
        the next one inside, and so on [B]; `read`, `write` and `parameters`: bytes over the
        bus, each over the share of the bandwidth that its row reaches [B]; `matrix_work` and
        `host_work`: operations over the shares of the peaks, `operations` without them [op];
        `macs`, `matrix_launches`, `host_launches` and `link_messages` [count]; `fixed_time` [s];
        `link_bytes` [B]; `runs`: 1.

    """
    moved = placed.moved
    plan = placed.plan
    inner = {
        f"on_chip_bytes_{level}": workload.bytes_read(plan.levels == level)
        + workload.bytes_written(plan.levels == level)
        for level in range(2, 1 + int(np.max(plan.levels, initial=0)))
    }
    every_level = on_chip_bytes(workload, plan, moved.total - placed.refetched)
    return {
        **row_amounts(workload),
        **bus_amounts(moved, workload.costs),
        **inner,
        "on_chip_bytes": every_level - sum(inner.values()),
    }


def row_amounts(workload: Workload) -> Amounts:
    """The amounts that are the same in any memory, (R,) each; those of the link (A, 1, R)."""
    costs = workload.costs
    return {
        "macs": workload.macs,
        "operations": workload.matrix_ops + workload.host_ops,
        "matrix_work": costs.matrix_work,
        "host_work": costs.host_work,
        "matrix_launches": costs.matrix_launches,
        "host_launches": costs.host_launches,
        "fixed_time": costs.fixed_time,
        "link_bytes": costs.link_bytes[:, np.newaxis],
        "link_messages": costs.link_messages[:, np.newaxis],
        "runs": 1.0,
    }


def bus_amounts(moved: BusBytes, costs: Costs, rows: Any = slice(None)) -> Amounts:
    """The amounts of bytes over the bus (..., R), which belong to `rows` of the workload."""
    return {
        "external_bytes": moved.total,
        "read": moved.read * costs.read_slowdown[rows],
        "parameters": moved.params * costs.parameter_slowdown[rows],
        "write": moved.write * costs.write_slowdown[rows],
    }


def on_and_off_chip(workload: Workload) -> tuple[Amounts, Amounts]:
    """The amounts where each map is judged alone, and nothing else stays on chip.

    Returns
    -------
    tuple
        The amounts with every map on chip, (R,) each; and how much more each reading and writing of
        a map asks for while that map is outside, (E,) each, in the order of `edges`.

    """
    kept_read, kept_written = workload.state_and_scratch
    always = BusBytes(kept_read, kept_written, workload.param_bytes)
    inside = row_amounts(workload) | bus_amounts(always, workload.costs)
    row, tensor = edges(workload)
    reads, size = len(workload.in_tensor), workload.tensor_bytes[tensor]
    read, written = np.zeros_like(size), size.copy()
    read[:reads], written[:reads] = workload.in_moved, 0
    moved = BusBytes(read, written, np.zeros_like(size))
    outside = bus_amounts(moved, workload.costs, row)
    return (
        inside | {"on_chip_bytes": workload.touched_bytes - always.total},
        dict.fromkeys(inside, np.zeros(1)) | outside | {"on_chip_bytes": -moved.total},
    )


def edges(workload: Workload) -> tuple[Array, Array]:
    """The row and the map of each reading, then of each writing, (E,) each."""
    rows = np.arange(len(workload.macs))
    pointers = (workload.in_ptr, workload.out_ptr)
    return (
        np.concatenate([np.repeat(rows, np.diff(one)) for one in pointers]),
        np.concatenate([workload.in_tensor, workload.out_tensor]),
    )


def on_chip_bytes(workload: Workload, plan: Plan, external: Array) -> Array:
    """Bytes that rows touch on chip under `plan` (..., R) [B].

    What a row touches and does not move over the bus (`external`, nothing counted twice); maps that
    are loaded or stored once are touched on chip as well.
    """
    return np.asarray(workload.touched_bytes - external + plan.loads + plan.stores)
