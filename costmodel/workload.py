"""A network as arrays: what the formula reads.

Rows stand in execution order; tensors are feature maps, views merged with the memory they look
at. A row's maps are found through prefix pointers (CSR): row r reads the tensors
``in_tensor[in_ptr[r] : in_ptr[r + 1]]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel import layers
from costmodel.arch.network import Network, Row, Tap
from costmodel.conventions import Convention
from costmodel.dtypes import size_of
from costmodel.errors import InputError, Place
from costmodel.layers.base import Engine, Layer

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LIMIT = 2**62  # [count] sums of any column stay inside int64


@dataclass(frozen=True, eq=False)
class Workload:
    """R rows and T tensors; all counts are per run (batch included), all sizes in bytes."""

    rows: tuple[Row, ...]
    macs: Ints  # (R,) multiply-adds
    params: Ints  # (R,) as the report's convention counts them
    ops: Floats  # (R,) as the report's convention counts them
    matrix_ops: Floats  # (R,) under the timing convention, on the matrix engine
    host_ops: Floats  # (R,) under the timing convention, on the host
    param_bytes: Ints  # (R,) read once per run
    sharing: Ints  # (R,) the first row that reads the same parameters; the row itself where nobody else does
    costs: Costs  # what the machine adds to the formula's peaks
    in_bytes: Ints  # (R,) sum over the row's inputs, views included
    out_bytes: Ints  # (R,)
    tensor_bytes: Ints  # (T,)
    first: Ints  # (T,) row that writes it; -1 for a network input
    last: Ints  # (T,) last row that reads it; the row that writes it where nobody does
    kept: NDArray[np.bool_]  # (T,) True for the network's outputs, which live to the end
    reuses: (
        Ints  # (T,) the dying map of equal size that it may overwrite as it is written; -1 for none
    )
    in_ptr: Ints  # (R + 1,)
    in_tensor: Ints
    out_ptr: Ints  # (R + 1,)
    out_tensor: Ints

    @property
    def own_params(self) -> NDArray[np.bool_]:
        """True for rows that are the first to read their parameters (R,)."""
        return np.asarray(self.sharing == np.arange(len(self.sharing)))

    @property
    def touched_bytes(self) -> Ints:
        """Bytes that each row reads and writes, wherever they live (R,); views touch nothing."""
        maps = self.over_inputs(self.tensor_bytes) + self.over_outputs(self.tensor_bytes)
        return np.asarray(maps + self.param_bytes)

    def over_inputs(self, per_tensor: NDArray[Any]) -> NDArray[Any]:
        """Sums of an integer array (..., T) over each row's inputs: (..., R), exact."""
        return _segment_sums(per_tensor[..., self.in_tensor], self.in_ptr)

    def over_outputs(self, per_tensor: NDArray[Any]) -> NDArray[Any]:
        """Sums of an integer array (..., T) over each row's outputs: (..., R), exact."""
        return _segment_sums(per_tensor[..., self.out_tensor], self.out_ptr)


def _segment_sums(values: NDArray[Any], pointers: Ints) -> NDArray[Any]:
    """Sums of consecutive segments along the last axis by differences of a prefix sum."""
    zero = np.zeros((*values.shape[:-1], 1), dtype=np.int64)
    prefix = np.concatenate([zero, np.cumsum(values, axis=-1, dtype=np.int64)], axis=-1)
    return np.asarray(prefix[..., pointers[1:]] - prefix[..., pointers[:-1]])


@dataclass(frozen=True, eq=False)
class Costs:
    """How far each row stays from the machine's peaks; the defaults change nothing."""

    matrix_ops: Floats  # (R,) operations over the share of the peak that their kind reaches
    host_ops: Floats  # (R,)
    read: Floats | None = (
        None  # (R,) bytes of peak bandwidth that a byte read takes; None: one each
    )
    write: Floats | None = None  # (R,)
    params: Floats | None = None  # (R,) the same of a byte of parameters
    launch: Floats | None = None  # (R,) [s] on top of each row
    on_chip_bandwidth: float | None = None  # [B/s]; None: on-chip maps take no time


class Shares(NamedTuple):
    """Of the peak arithmetic rate, and of the peak bandwidth for maps and for parameters."""

    compute: float = 1.0
    bandwidth: float = 1.0
    parameters: float = 1.0


PERFECT = Shares()


@dataclass(frozen=True, eq=False)
class Traits:
    """What a machine says of layer kinds and of its bus; the defaults change nothing."""

    engines: Mapping[str, Engine] = field(default_factory=dict)
    shares: Mapping[str, Shares] = field(default_factory=dict)
    write_ratio: float = 1.0  # bandwidth of reads over that of writes
    launch: Mapping[Engine, float] = field(default_factory=dict)  # [s] of a row by its engine
    on_chip_bandwidth: float | None = None  # [B/s]

    def engine(self, kind: str) -> Engine:
        """Where layers of `kind` run."""
        return self.engines.get(kind) or layers.get(kind).engine

    def share(self, layer: Layer) -> Shares:
        """The shares of the peaks that `layer` reaches: its kind's, its routine's, or the default."""
        words = (layer.kind, layer.runs_as, "default")
        return next((self.shares[word] for word in words if word in self.shares), PERFECT)


@dataclass(frozen=True, eq=False)
class Counting:
    """How a network is counted: conventions, the machine's traits, samples per run, bits per element."""

    report: Convention  # what ops and params print
    timed: Convention  # what costs time
    traits: Traits = field(default_factory=Traits)
    batch: int = 1
    bits: int = 32


def prepare(network: Network, counting: Counting) -> Workload:
    """The arrays of `network`. Raises InputError where counts leave the exact range."""
    rows = tuple(network.rows)
    maps = _Maps(network, counting)
    for index, row in enumerate(rows):
        maps.add(index, row)
    columns = [_count(row, counting) for row in rows]
    batch = counting.batch
    macs, params, moved, ops, matrix, host = zip(*columns, strict=True)
    if max(sum(macs) * batch, sum(ops) * batch, sum(matrix) * batch, sum(host) * batch,
           maps.total, sum(moved)) > LIMIT:  # fmt: skip
        raise InputError.at(Place(network.file), "the network's counts exceed 2**62",
                            "use smaller maps, fewer channels or a smaller batch")  # fmt: skip
    matrix_ops, host_ops = (ints(column).astype(float) * batch for column in (matrix, host))
    return Workload(
        rows, macs=ints(macs) * batch, params=ints(params),
        ops=ints(ops).astype(float) * batch, matrix_ops=matrix_ops, host_ops=host_ops,
        costs=costs(rows, counting, matrix_ops, host_ops),
        param_bytes=ints(moved), sharing=ints(_sharing(rows)),
        in_bytes=ints(maps.in_bytes), out_bytes=ints(maps.out_bytes),
        tensor_bytes=ints(maps.sizes), first=ints(maps.first), last=ints(maps.last),
        kept=np.isin(np.arange(len(maps.sizes)), maps.outputs(network)),
        reuses=ints(maps.reuses(rows, network)),
        in_ptr=ints(maps.in_ptr), in_tensor=ints(maps.in_tensor),
        out_ptr=ints(maps.out_ptr), out_tensor=ints(maps.out_tensor),
    )  # fmt: skip


def ints(values: Any) -> Ints:
    """A list of exact Python integers as an array."""
    return np.array(values, dtype=np.int64)


def _sharing(rows: Sequence[Row]) -> list[int]:
    """For each row the first one with the same parameters."""
    first: dict[frozenset[str], int] = {}
    return [first.setdefault(row.constants.sources, number) if row.constants and row.constants.sources else number
            for number, row in enumerate(rows)]  # fmt: skip


def _count(row: Row, counting: Counting) -> tuple[int, int, int, int, int, int]:
    """macs, params, bytes of parameters, printed ops, matrix ops, host ops of one row per sample."""
    macs = params = moved = ops = 0
    timed = {"matrix": 0, "host": 0}
    for part in row.parts:
        kind, tally = part.layer.kind, part.tally
        macs += tally.macs
        params += counting.report.params(tally)
        moved += tally.moved_params
        ops += counting.report.ops(kind, tally)
        timed[counting.traits.engine(kind)] += counting.timed.ops(kind, part.timed)
    fixed = 0
    if row.constants is not None:
        moved, fixed = row.constants.elements, row.constants.fixed_bytes
    return macs, params, size_of(moved, counting.bits) + fixed, ops, timed["matrix"], timed["host"]


def costs(rows: Sequence[Row], counting: Counting, matrix_ops: Floats, host_ops: Floats) -> Costs:
    """What the machine's traits make of each row."""
    traits = counting.traits
    launch = None
    if any(traits.launch.values()):
        launch = np.array([0.0 if row.view else traits.launch.get(traits.engine(row.parts[0].layer.kind), 0.0)
                           for row in rows])  # fmt: skip
    plain = Costs(matrix_ops, host_ops, launch=launch, on_chip_bandwidth=traits.on_chip_bandwidth)
    if not traits.shares and traits.write_ratio == 1:
        return plain
    spread = {"matrix": np.zeros(len(rows)), "host": np.zeros(len(rows))}
    read, params = np.ones(len(rows)), np.ones(len(rows))
    for number, row in enumerate(rows):
        for part in row.parts:
            kind = part.layer.kind
            ops = counting.timed.ops(kind, part.timed) * counting.batch
            spread[traits.engine(kind)][number] += ops / traits.share(part.layer).compute
        first = traits.share(row.parts[0].layer)  # of a fused row its first part's
        read[number], params[number] = 1 / first.bandwidth, 1 / first.parameters
    return replace(plain, matrix_ops=spread["matrix"], host_ops=spread["host"], read=read, params=params,
                   write=read * traits.write_ratio)  # fmt: skip


class _Maps:
    """Collects tensors, who touches them, and when."""

    def __init__(self, network: Network, counting: Counting) -> None:
        self.batch, self.bits = counting.batch, counting.bits
        self.index: dict[
            tuple[str, int], tuple[int, ...]
        ] = {}  # tensors behind a map: several for a joint view
        self.sizes: list[int] = []
        self.first: list[int] = []
        self.last: list[int] = []
        self.in_bytes: list[int] = []
        self.out_bytes: list[int] = []
        self.in_ptr, self.out_ptr = [0], [0]
        self.in_tensor: list[int] = []
        self.out_tensor: list[int] = []
        self.total = 0
        for tap in network.inputs:
            self.new(tap, -1)

    def bytes(self, tap: Tap) -> int:
        return size_of(prod(tap.shape) * self.batch, tap.bits or self.bits)

    def new(self, tap: Tap, row: int) -> int:
        number = len(self.sizes)
        self.index[tap.node, tap.port] = (number,)
        size = self.bytes(tap)
        self.total += size
        self.sizes.append(size)
        self.first.append(row)
        self.last.append(row)
        return number

    def add(self, index: int, row: Row) -> None:
        """Note one row's maps; a view hands its inputs' tensors on and touches nothing."""
        inputs = [tensor for tap in row.inputs for tensor in self.index[tap.node, tap.port]]
        for tensor in inputs:
            self.last[tensor] = index
        self.in_bytes.append(sum(map(self.bytes, row.inputs)))
        self.out_bytes.append(sum(map(self.bytes, row.taps)))
        if row.view:
            self.index[row.id, 0] = tuple(dict.fromkeys(inputs))
        else:
            self.in_tensor.extend(inputs)
            self.out_tensor.extend(self.new(tap, index) for tap in row.taps)
        self.in_ptr.append(len(self.in_tensor))
        self.out_ptr.append(len(self.out_tensor))

    def reuses(self, rows: Sequence[Row], network: Network) -> list[int]:
        """For each tensor the first input of its row that it may overwrite."""
        found, kept = [-1] * len(self.sizes), set(self.outputs(network))
        for number, row in enumerate(rows):
            written = self.out_tensor[self.out_ptr[number] : self.out_ptr[number + 1]]
            if len(written) != 1 or not all(part.layer.in_place for part in row.parts):
                continue
            for tensor in self.in_tensor[self.in_ptr[number] : self.in_ptr[number + 1]]:
                dies = self.last[tensor] == number and tensor not in kept
                if dies and self.sizes[tensor] == self.sizes[written[0]]:
                    found[written[0]] = tensor
                    break
        return found

    def outputs(self, network: Network) -> list[int]:
        """The tensors that are the network's outputs."""
        return [tensor for tap in network.outputs for tensor in self.index[tap.node, tap.port]]
