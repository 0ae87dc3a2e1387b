"""A network as arrays: what the formula reads.

Rows stand in execution order; tensors are feature maps, views merged with the memory they look at.
A row's maps are found through prefix pointers (CSR): row r reads the tensors
``in_tensor[in_ptr[r] : in_ptr[r + 1]]``, and of each of them ``in_moved`` bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.core.arrays import Array, Bools, Floats, Ints
from costmodel.core.network import Row

if TYPE_CHECKING:
    from costmodel.core.engine_words import EngineWords
    from costmodel.core.hierarchy import Hierarchy
    from costmodel.core.tiling.fusion.flow import Flow
    from costmodel.core.tiling.rows import RowNest


@dataclass(frozen=True, eq=False)
class Costs:
    """How far each row stays from the machine's peaks, and what it takes besides, shape (R,) each.

    A slowdown is one over the share of the peak that the row reaches [1].
    """

    matrix_work: Floats
    """Operations over the share of the matrix engine's peak that they reach [op]."""
    host_work: Floats
    """Operations over the share of the host's peak that they reach [op]."""
    matrix_launches: Floats
    """1 for a row that the matrix engine launches, else 0."""
    host_launches: Floats
    """1 for a row that the host launches, else 0."""
    read_slowdown: Floats
    """For maps that are read over the bus [1]."""
    write_slowdown: Floats
    """For maps that are written over the bus [1]."""
    parameter_slowdown: Floats
    """For parameters that are read over the bus [1]."""
    fixed_time: Floats
    """What routines take to start and for each unit of work, whatever the rates [s]."""
    exposed: Floats
    """The share of the shorter of transfer and compute that the longer does not hide [1]."""
    link_bytes: Floats
    """Bytes over the link between devices by each algorithm, shape (A, R) [B]."""
    link_messages: Floats
    """Messages that wait for one another on the link by each algorithm, (A, R) [count]."""

    @cached_property
    def slowed(self) -> bool:
        """True where any row reaches less than the whole bandwidth."""
        slowdowns = (self.read_slowdown, self.write_slowdown, self.parameter_slowdown)
        return any(bool((one != 1).any()) for one in slowdowns)


@dataclass(frozen=True, eq=False)
class Workload:
    """R rows and T tensors: counts are per run with all its samples, sizes in bytes."""

    rows: tuple[Row, ...]
    macs: Ints
    """(R,) multiply-adds."""
    params: Ints
    """(R,) as the report's convention counts them."""
    ops: Floats
    """(R,) as the report's convention counts them."""
    matrix_ops: Floats
    """(R,) under the timing convention, on the matrix engine."""
    host_ops: Floats
    """(R,) under the timing convention, on the host."""
    param_bytes: Ints
    """(R,) parameters that are read once per run."""
    sharing: Ints
    """(R,) the first row that reads the same parameters; the row itself where nobody else does."""
    costs: Costs
    in_bytes: Ints
    """(R,) sum over the row's inputs, views included."""
    out_bytes: Ints
    """(R,) sum over the row's outputs, views included."""
    tensor_bytes: Ints
    """(T,) size of each map."""
    first: Ints
    """(T,) row that writes it; -1 for a network input."""
    last: Ints
    """(T,) last row that reads it; the row that writes it where nobody does."""
    kept: Bools
    """(T,) True for the network's outputs, which live to the end."""
    reuses: Ints
    """(T,) the dying map of equal size that it may overwrite as it is written; -1 for none."""
    in_ptr: Ints
    """(R + 1,) where each row's readings begin in `in_tensor`."""
    in_tensor: Ints
    """(E,) the map of each reading."""
    in_moved: Ints
    """(E,) bytes that the row reads of it: all, unless it only looks some of them up."""
    out_ptr: Ints
    """(R + 1,) where each row's writings begin in `out_tensor`."""
    out_tensor: Ints
    """(F,) the map of each writing."""
    state_read: Ints
    """(R,) [B] of tensors that outlive the run, always in the external memory."""
    state_written: Ints
    """(R,) [B] appended to them."""
    scratch: Ints
    """(R,) [B] that a row's kernels write outside and read again between their own steps."""
    nests: tuple[RowNest, ...] = ()
    """The rows that are contractions, where the traffic model asks for them."""
    double_buffer: bool = False
    """True: tiles have second buffers."""
    flow: Flow | None = None
    """The rows as stages of a depth-first run, where the traffic model fuses them."""
    words: EngineWords | None = None
    """What the engine takes and gives; None where no figure of the machine asks for it."""
    hierarchy: Hierarchy | None = None
    """The levels on chip of a machine that states them one by one."""

    @cached_property
    def out_moved(self) -> Ints:
        """(F,) bytes of each writing."""
        return np.asarray(self.tensor_bytes[self.out_tensor])

    @property
    def own_params(self) -> Bools:
        """True for rows that are the first to read their parameters (R,)."""
        return np.asarray(self.sharing == np.arange(len(self.sharing)))

    @cached_property
    def row_amounts(self) -> dict[str, Any]:
        """The amounts that are the same in any memory, (R,) each; those of the link (A, 1, R).

        `costmodel.core.amounts` says what each word means.
        """
        costs = self.costs
        return {
            "macs": self.macs,
            "operations": self.matrix_ops + self.host_ops,
            "matrix_work": costs.matrix_work,
            "host_work": costs.host_work,
            "matrix_launches": costs.matrix_launches,
            "host_launches": costs.host_launches,
            "fixed_time": costs.fixed_time,
            "link_bytes": costs.link_bytes[:, np.newaxis],
            "link_messages": costs.link_messages[:, np.newaxis],
            "engine_bytes": self.engine_bytes,
            "runs": 1.0,
        }

    @property
    def engine_bytes(self) -> Ints:
        """Bytes between the innermost memory and the engine (R,) [B]; 0 where nobody asked."""
        nobody = np.zeros_like(self.macs)
        return nobody if self.words is None else self.words.taken + self.words.given

    @cached_property
    def unasked(self) -> frozenset[str]:
        """Those of them that no row asks for, such as bytes over a link on a single device."""
        return frozenset(word for word, amount in self.row_amounts.items() if not np.any(amount))

    @cached_property
    def touched(self) -> tuple[Ints, Ints]:
        """Bytes that each row reads and that it writes, wherever they live, (R,) each [B].

        Views touch nothing.
        """
        everywhere = np.ones(len(self.tensor_bytes), dtype=bool)
        kept_read, kept_written = self.state_and_scratch
        read = self.bytes_read(everywhere) + self.param_bytes + kept_read
        return read, self.bytes_written(everywhere) + kept_written

    @cached_property
    def touched_bytes(self) -> Ints:
        """Both together (R,) [B]."""
        read, written = self.touched
        return np.asarray(read + written)

    @cached_property
    def state_and_scratch(self) -> tuple[Ints, Ints]:
        """Bytes of states and kernel scratch that each row reads and writes, (R,) each [B]."""
        return self.state_read + self.scratch, self.state_written + self.scratch

    @property
    def reader(self) -> Ints:
        """The row of each reading (E,)."""
        return np.repeat(np.arange(len(self.macs)), np.diff(self.in_ptr))

    @property
    def writer(self) -> Ints:
        """The row of each writing (F,)."""
        return np.repeat(np.arange(len(self.macs)), np.diff(self.out_ptr))

    @property
    def linked(self) -> bool:
        """True where any row sends something to other devices."""
        return bool(self.costs.link_bytes.any())

    def bytes_read(self, of: Bools) -> Ints:
        """Bytes that each row reads of the maps that `of` (..., T) marks, (..., R)."""
        return _segment_sums(of.take(self.in_tensor, axis=-1) * self.in_moved, self.in_ptr)

    def bytes_written(self, of: Bools) -> Ints:
        """Bytes that each row writes of the maps that `of` (..., T) marks, (..., R)."""
        return _segment_sums(of.take(self.out_tensor, axis=-1) * self.out_moved, self.out_ptr)

    def inputs_among(self, of: Bools) -> Ints:
        """How many inputs of each row are among the maps that `of` (..., T) marks, (..., R)."""
        return _segment_sums(of.take(self.in_tensor, axis=-1), self.in_ptr)

    def outputs_among(self, of: Bools) -> Ints:
        """How many outputs of each row are among the maps that `of` (..., T) marks, (..., R)."""
        return _segment_sums(of.take(self.out_tensor, axis=-1), self.out_ptr)

    @property
    def map_traffic(self) -> Ints:
        """Bytes that all rows together read and write of each map (T,)."""
        sizes = self.tensor_bytes
        moved = np.zeros_like(sizes)
        np.add.at(moved, self.in_tensor, self.in_moved)
        np.add.at(moved, self.out_tensor, sizes[self.out_tensor])
        return moved

    @property
    def first_reader(self) -> Ints:
        """The first row that reads each tensor (T,); the number of rows where none does."""
        earliest = np.full(len(self.tensor_bytes), len(self.macs))
        np.minimum.at(earliest, self.in_tensor, self.reader)
        return earliest

    @cached_property
    def maps_key(self) -> str:
        """A digest of everything about the maps: equal for workloads that pack alike."""
        arrays = (self.tensor_bytes, self.first, self.last, self.kept, self.reuses, self.in_ptr)
        return _digest(*arrays, self.in_tensor, self.in_moved, self.out_ptr, self.out_tensor)

    @cached_property
    def params_key(self) -> str:
        """A digest of everything about the parameters that rows hold."""
        return _digest(self.param_bytes, self.sharing)

    @property
    def live_ranges(self) -> tuple[Ints, Ints]:
        """First and last row in which each tensor must exist (T,), outputs to the end."""
        begin = np.maximum(self.first, 0)
        end = np.where(self.kept, len(self.macs) - 1, self.last)
        return begin, np.maximum(end, begin)


def _digest(*arrays: Array) -> str:
    """A text that is equal for equal arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def _segment_sums(values: Array, pointers: Ints) -> Array:
    """Sum consecutive segments of the last axis, exactly, by differences of a prefix sum.

    Values [1, 2, 3, 4] with pointers [0, 2, 2, 4] give [3, 0, 7].
    """
    prefix = np.zeros((*values.shape[:-1], values.shape[-1] + 1), dtype=np.int64)
    values.cumsum(axis=-1, dtype=np.int64, out=prefix[..., 1:])
    ends = prefix.take(pointers, axis=-1)
    return np.asarray(ends[..., 1:] - ends[..., :-1])
