"""The closed form: a network's total time as a function of the machine alone.

With a placement that is a threshold per tensor and a timing that adds up, the total is

    T(BW, M, F, G) = W(M) / BW + A / F + B / G

where W(M), the bytes over the bus, is a step function of the on-chip memory with at most one step
per tensor size. Prefix sums over the sorted sizes and one binary search replace the loop over
rows, so that a point costs the same for 66 rows and for 6 600. Everything is exact: W is an integer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.hardware import Machine
from costmodel.placement import Placement
from costmodel.scan.steps import Steps
from costmodel.simulate import evaluate
from costmodel.timing import Timing
from costmodel.workload import Workload

PIECE = 1 << 15  # [points] keeps a block of doubles inside a core's second-level cache


@dataclass(frozen=True, eq=False)
class Surface:
    """W(M) as a table, and the constants A and B."""

    sizes: NDArray[np.float64]  # (S,) memories at which W steps, ascending [B]
    external: NDArray[np.float64]  # (S + 1,) W below the first size, ..., from the last on [B]
    matrix_ops: float  # A [op]
    host_ops: float  # B [op]

    def external_bytes(self, memory: Any) -> Any:
        """W(M) [B]: a tensor of exactly M bytes fits."""
        return self.external[self.steps(memory)]

    @cached_property
    def steps(self) -> Steps:
        """The search among the sizes."""
        return Steps(self.sizes)

    def times(self, machine: Machine) -> tuple[Any, Any, Any]:
        """Bus, matrix and host time [s] at points of one shape."""
        transfer = self.external_bytes(machine.memory) / machine.bandwidth
        return transfer, self.matrix_ops / machine.matrix, self.host_ops / machine.host

    def total_time(self, machine: Machine) -> NDArray[np.float64]:
        """T [s] at points (N,); evaluated piece by piece, so that it stays in the cache."""
        columns = np.broadcast_arrays(
            *np.atleast_1d(machine.bandwidth, machine.memory, machine.matrix, machine.host)
        )
        total = np.empty(len(columns[0]))
        for start in range(0, len(total), PIECE):
            bandwidth, memory, matrix, host = (c[start : start + PIECE] for c in columns)
            out = total[start : start + PIECE]
            np.divide(self.external_bytes(memory), bandwidth, out=out)
            out += self.matrix_ops / matrix
            out += self.host_ops / host
        return total


def surface(workload: Workload, placement: Placement, timing: Timing) -> Surface | None:
    """The closed form of a workload, or None where its placement or timing has none."""
    if not (placement.threshold and timing.additive and workload.costs.plain):
        return None
    touched = np.bincount(np.concatenate([workload.in_tensor, workload.out_tensor]),
                          minlength=len(workload.tensor_bytes))  # fmt: skip
    moved = touched * workload.tensor_bytes  # [B] of each tensor if it lives outside
    order = np.argsort(workload.tensor_bytes, kind="stable")
    sizes, first = np.unique(workload.tensor_bytes[order], return_index=True)
    inside = np.concatenate([[0], np.cumsum(moved[order], dtype=np.int64)])
    saved = inside[np.append(first, len(order))]  # [B] no longer moved from each size on
    external = int(moved.sum()) + int(workload.param_bytes.sum()) - saved
    return Surface(sizes.astype(float), external.astype(float),
                   float(workload.costs.matrix_ops.sum()), float(workload.costs.host_ops.sum()))  # fmt: skip


@dataclass(frozen=True, eq=False)
class General:
    """The same questions put to THE formula, for any placement and timing."""

    workload: Workload
    placement: Placement
    timing: Timing

    def columns(self, machine: Machine) -> dict[str, Any]:
        """Every output at points (N,), row times summed; a few rows times points at a time."""
        points = len(machine.bandwidth)
        step = max(1, (1 << 17) // max(len(self.workload.macs), 1))
        pieces = [self._piece(machine, slice(at, at + step)) for at in range(0, points, step)]
        return {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]}

    def _piece(self, machine: Machine, part: slice) -> dict[str, Any]:
        points = Machine(*(np.asarray(q)[part] for q in
                           (machine.bandwidth, machine.memory, machine.matrix, machine.host)))  # fmt: skip
        result = evaluate(self.workload, points, self.placement, self.timing)
        count = len(points.bandwidth)
        sums = {"total_time": result.total, "transfer_time": result.transfer, "matrix_time": result.matrix,
                "host_time": result.host, "external_bytes": result.external_bytes}  # fmt: skip
        return {name: np.broadcast_to(values.sum(axis=-1), count) for name, values in sums.items()}


def closed_columns(form: Surface, machine: Machine, wanted: Collection[str]) -> dict[str, Any]:
    """The outputs `wanted` at points (N,) from the closed form, and total_time in any case."""
    total = {"total_time": form.total_time(machine)}
    if not set(wanted) - total.keys():
        return total
    transfer, matrix, host = form.times(machine)
    return total | {
        "transfer_time": transfer,
        "matrix_time": matrix,
        "host_time": host,
        "external_bytes": form.external_bytes(machine.memory),
    }
