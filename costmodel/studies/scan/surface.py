"""The closed form: a network's total time as a function of the machine alone.

With a placement that is a threshold per tensor and a timing that adds up, the total is

    T = R(M) / BW + W(M) / BW' + S(M) / BW'' + A / F + B / G + m l + h l' + o

where the bytes read over the bus R(M), those written W(M) (each over the share of the bandwidth
that its row reaches) and those that stay on chip S(M) are step functions of the on-chip memory with
at most one step per tensor size; BW, BW' and BW'' are the bandwidths of reads, writes and the
on-chip memory, A and B the operations of the engines, m and h the rows that each launches, o the
overhead of a run. Prefix sums over the sorted sizes and one binary search replace the loop over
rows, so that a point costs the same for 66 rows and for 6 600. Everything is exact: the bytes are
integers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.formula import evaluate, place
from costmodel.core.machine import Machine
from costmodel.core.placement import Placement
from costmodel.core.quantities import AXES, LANES
from costmodel.core.timing import Timing
from costmodel.core.traffic import Placed, Traffic
from costmodel.core.workload import Workload
from costmodel.errors import BadValue, InputError, Place
from costmodel.studies.scan.steps import Steps

PIECE = 1 << 15
"""[points] keeps a block of doubles inside a core's second-level cache."""
MACHINE_FIELDS = tuple(item.name for item in fields(Machine))
SUMMED = {
    "total_time": "total",
    **{f"{lane}_time": lane for lane in LANES},
    "external_bytes": "external_bytes",
}
"""Outputs and the attribute of a `Result` whose rows add up to each."""
TIMES = (*SUMMED, "overhead_time")
"""Outputs that depend on the point."""
Table = NDArray[np.float64]


class Term(NamedTuple):
    """One summand of T: an amount that may depend on the memory, times a pace."""

    amounts: Callable[[Any], Any]
    """Bytes, operations or rows for memories (M,)."""
    word: str
    """The axis that sets the pace; empty for a constant."""
    paces: Any
    """[s] per byte, operation or row, for each value of the axis."""


@dataclass(frozen=True, eq=False)
class Surface:
    """The step functions as tables, and the constants."""

    sizes: Table
    """(S,) memories at which they step, ascending [B]."""
    external: Table
    """(S + 1,) bytes over the bus below the first size, ..., from the last on [B]."""
    read: Table
    """(S + 1,) R: reads and parameters, over the shares of the bandwidth [B]."""
    write: Table
    """(S + 1,) W: the same of writes."""
    stays: Table
    """(S + 1,) S: bytes that stay on chip."""
    matrix_ops: float
    """A [op]."""
    host_ops: float
    """B [op]."""
    matrix_rows: float
    """m: rows that the matrix engine launches."""
    host_rows: float
    """h."""
    least: float = 0.0
    """A smaller memory holds no tiles [B]."""
    fixed: float = 0.0
    """What rows take whatever the rates [s]."""

    @cached_property
    def steps(self) -> Steps:
        """The search among the sizes."""
        return Steps(self.sizes)

    @cached_property
    def both_ways(self) -> Table:
        """R + W, for machines whose writes take the bandwidth of reads [B]."""
        return self.read + self.write

    def terms(self, machine: Machine, axes: Mapping[str, Any]) -> list[Term]:
        """Return T as a sum of amounts times paces.

        It is for the values of `axes` and a machine's other numbers. Raises InputError for a memory
        that holds no tiles.
        """
        self.check(axes.get("hw.on_chip_memory", machine.memory))

        def values(word: str) -> Any:
            return axes.get(word, np.array([machine.value(AXES[word])], dtype=float))

        def moved(table: Table, word: str) -> Term:
            return Term(lambda memory: table[self.steps(memory)], word, 1.0 / values(word))

        def constant(amount: float, word: str, paces: Any) -> Term:
            return Term(lambda _: np.array([amount]), word, paces)

        apart = "hw.write_bandwidth" in axes or machine.write_bandwidth is not None
        found = [moved(self.read if apart else self.both_ways, "hw.bandwidth")]
        if apart:
            found.append(moved(self.write, "hw.write_bandwidth"))
        if "hw.on_chip_bandwidth" in axes or machine.on_chip_bandwidth is not None:
            found.append(moved(self.stays, "hw.on_chip_bandwidth"))
        found.append(constant(self.matrix_ops, "hw.matrix", 1.0 / values("hw.matrix")))
        found.append(constant(self.host_ops, "hw.host", 1.0 / values("hw.host")))
        fixed = 0.0
        if "hw.launch" in axes:
            rows = self.matrix_rows + self.host_rows
            found.append(constant(rows, "hw.launch", axes["hw.launch"]))
            fixed += self.fixed
        else:
            fixed += self._launches(machine)
        if "hw.overhead" in axes:
            found.append(constant(1.0, "hw.overhead", axes["hw.overhead"]))
        else:
            fixed += machine.overhead
        return [*found, constant(fixed, "", np.ones(1))]

    def external_bytes(self, memory: Any) -> Any:
        """Bytes over the bus [B]: a tensor of exactly M bytes fits."""
        return self.external[self.steps(memory)]

    def times(self, machine: Machine) -> dict[str, Any]:
        """The time of each lane [s] at points of one shape."""
        step = self.steps(machine.memory)
        on_chip: Any = 0.0
        if machine.on_chip_bandwidth is not None:
            on_chip = self.stays[step] / machine.on_chip_bandwidth
        return {
            "transfer": self._bus(machine, step),
            "on_chip": on_chip,
            "matrix": self.matrix_ops / machine.matrix,
            "host": self.host_ops / machine.host,
            "launch": self._launches(machine),
            "overhead": machine.overhead,
        }

    def _bus(self, machine: Machine, step: Any) -> Any:
        if machine.write_bandwidth is None:
            return self.both_ways[step] / machine.bandwidth
        return self.read[step] / machine.bandwidth + self.write[step] / machine.write_bandwidth

    def _launches(self, machine: Machine) -> Any:
        rows = self.matrix_rows * machine.matrix_launch + self.host_rows * machine.host_launch
        return rows + self.fixed

    def total_time(self, machine: Machine) -> Table:
        """T [s] at points (N,); evaluated piece by piece, so that it stays in the cache."""
        self.check(machine.memory)
        columns = {name: getattr(machine, name) for name in MACHINE_FIELDS}
        points = np.broadcast_shapes(*(np.shape(value) for value in columns.values()))
        total = np.empty(points[0] if points else 1)
        for start in range(0, len(total), PIECE):
            part = slice(start, start + PIECE)
            piece = Machine(**{name: _cut(value, part) for name, value in columns.items()})
            self._piece(piece, total[part])
        return total

    def check(self, memory: Any) -> None:
        """InputError for a memory that holds no tiles."""
        if self.least and np.min(memory) < self.least:
            raise InputError.at(
                Place("hw.on_chip_memory"),
                f"no row can be tiled in {np.min(memory):.0f} bytes on chip: the smallest tiles of "
                f"some row need {self.least:.0f}",
                "begin with a larger memory, or use traffic: once",
            )

    def _piece(self, machine: Machine, out: Table) -> None:
        """T of some points, written into `out`."""
        step = self.steps(machine.memory)
        if machine.write_bandwidth is None:
            np.divide(self.both_ways[step], machine.bandwidth, out=out)
        else:
            np.divide(self.read[step], machine.bandwidth, out=out)
            out += self.write[step] / machine.write_bandwidth
        if machine.on_chip_bandwidth is not None:
            out += self.stays[step] / machine.on_chip_bandwidth
        out += self.matrix_ops / machine.matrix
        out += self.host_ops / machine.host
        for once in (self._launches(machine), machine.overhead):
            if np.ndim(once) or once:
                out += once


def _cut(value: Any, part: slice) -> Any:
    """Some points of an array; what is one for all points, as it is."""
    return value[part] if np.ndim(value) else value


@dataclass(frozen=True, eq=False)
class General:
    """The same questions put to THE formula, for any placement and timing."""

    workload: Workload
    placement: Placement
    timing: Timing
    traffic: Traffic | None = None

    def columns(
        self, machine: Machine, points: int, wanted: Collection[str] = TIMES
    ) -> dict[str, Any]:
        """The outputs `wanted` and total_time at `points`, row times summed.

        A few rows times points at a time.
        """
        step = max(1, (1 << 17) // max(len(self.workload.macs), 1))
        whole = replace(machine, bandwidth=np.broadcast_to(machine.bandwidth, points))
        cuts = (slice(at, at + step) for at in range(0, points, step))
        memories, placed = np.unique(machine.memory), None
        try:
            if len(memories) <= step:
                placed = place(self.workload, memories, self.placement, self.traffic)
            pieces = [self._piece(whole, cut, wanted, placed) for cut in cuts]
        except BadValue as error:
            raise error.at(Place("hw.on_chip_memory")) from None
        return {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]}

    def _piece(
        self, machine: Machine, part: slice, wanted: Collection[str], placed: Placed | None
    ) -> dict[str, Any]:
        points = Machine(**{name: _cut(getattr(machine, name), part) for name in MACHINE_FIELDS})
        models = (self.placement, self.timing, self.traffic)
        result = evaluate(self.workload, points, *models, placed=placed)
        count = len(points.bandwidth)
        sums = {
            word: getattr(result, attribute).sum(axis=-1)
            for word, attribute in SUMMED.items()
            if word == "total_time" or word in wanted
        }
        sums["total_time"] = sums["total_time"] + result.overhead
        sums["overhead_time"] = result.overhead
        return {word: np.broadcast_to(value, count) for word, value in sums.items()}


def closed_columns(form: Surface, machine: Machine, wanted: Collection[str]) -> dict[str, Any]:
    """The outputs `wanted` at points (N,) from the closed form, and total_time in any case."""
    total = {"total_time": form.total_time(machine)}
    if not set(wanted) - total.keys():
        return total
    times = {f"{word}_time": values for word, values in form.times(machine).items()}
    return total | times | {"external_bytes": form.external_bytes(machine.memory)}
