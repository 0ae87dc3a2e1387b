"""The closed form: a network's total time as a function of the machine alone.

With a placement that is a threshold per tensor and a timing that adds up, the total is

    T(BW, M, F, G) = W(M) / BW + A / F + B / G + C(M)

where W(M), the bytes over the bus (each over the share of the bandwidth that its row reaches), is a step
function of the on-chip memory with at most one step per tensor size, and so is C(M), what no rate
changes: launches, and the on-chip bytes at the on-chip bandwidth. Prefix sums over the sorted sizes
and one binary search replace the loop over rows, so that a point costs the same for 66 rows and for
6 600. Everything is exact: the bytes are integers.
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
    """W(M) and C(M) as tables, and the constants A and B."""

    sizes: NDArray[np.float64]  # (S,) memories at which W steps, ascending [B]
    external: NDArray[
        np.float64
    ]  # (S + 1,) bytes over the bus below the first size, ..., from the last on [B]
    taken: NDArray[np.float64]  # (S + 1,) W: the same over the shares of the bandwidth [B]
    on_chip: NDArray[np.float64]  # (S + 1,) [s] that bytes take which stay on chip
    launch: float  # [s] of all rows
    matrix_ops: float  # A [op]
    host_ops: float  # B [op]

    def external_bytes(self, memory: Any) -> Any:
        """Bytes over the bus [B]: a tensor of exactly M bytes fits."""
        return self.external[self.steps(memory)]

    def taken_bytes(self, memory: Any) -> Any:
        """W(M) [B]."""
        return self.taken[self.steps(memory)]

    def fixed_time(self, memory: Any) -> Any:
        """C(M) [s]."""
        return self.on_chip[self.steps(memory)] + self.launch

    @cached_property
    def steps(self) -> Steps:
        """The search among the sizes."""
        return Steps(self.sizes)

    @cached_property
    def stays(self) -> bool:
        """True where bytes on chip take time."""
        return bool(self.on_chip.any())

    def times(self, machine: Machine) -> tuple[Any, Any, Any]:
        """Memory, matrix and host time [s] at points of one shape."""
        step = self.steps(machine.memory)
        transfer = self.taken[step] / machine.bandwidth + self.on_chip[step]
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
            step = self.steps(memory)
            np.divide(self.taken[step], bandwidth, out=out)
            if self.stays:
                out += self.on_chip[step]
            out += self.matrix_ops / matrix
            out += self.host_ops / host + self.launch
        return total


def surface(workload: Workload, placement: Placement, timing: Timing) -> Surface | None:
    """The closed form of a workload, or None where its placement or timing has none."""
    if not (placement.threshold and timing.additive):
        return None
    costs, sizes = workload.costs, workload.tensor_bytes
    order = np.argsort(sizes, kind="stable")
    steps, first = np.unique(sizes[order], return_index=True)
    ends = np.append(first, len(order))

    def left(per_tensor: Any, params: Any) -> NDArray[Any]:
        """What still moves from each size on: all of it, less the maps that are inside by then."""
        inside = np.concatenate([[0], np.cumsum(per_tensor[order])])
        return np.asarray(per_tensor.sum() + params.sum() - inside[ends])

    touched = _per_tensor(
        workload, np.ones(len(workload.rows), np.int64), np.ones(len(workload.rows), np.int64)
    )
    external = left(touched * sizes, workload.param_bytes)
    taken = external
    if costs.read is not None and costs.write is not None and costs.params is not None:
        taken = left(
            _per_tensor(workload, costs.read, costs.write) * sizes,
            costs.params * workload.param_bytes,
        )
    stays = np.zeros(len(external))
    if costs.on_chip_bandwidth is not None:
        stays = (workload.touched_bytes.sum() - external) / costs.on_chip_bandwidth
    launch = 0.0 if costs.launch is None else float(costs.launch.sum())
    return Surface(steps.astype(float), external.astype(float), taken.astype(float), stays, launch,
                   float(costs.matrix_ops.sum()), float(costs.host_ops.sum()))  # fmt: skip


def _per_tensor(workload: Workload, read: Any, write: Any) -> NDArray[Any]:
    """For each map the sum of `read` over the rows that read it and of `write` over those that write it (T,)."""
    found = np.zeros(len(workload.tensor_bytes), dtype=np.asarray(read).dtype)
    np.add.at(found, workload.in_tensor, np.repeat(read, np.diff(workload.in_ptr)))
    np.add.at(found, workload.out_tensor, np.repeat(write, np.diff(workload.out_ptr)))
    return found


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
