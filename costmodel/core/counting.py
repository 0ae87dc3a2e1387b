"""A network, counted under conventions and a machine's traits, to the arrays of a `Workload`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from costmodel.core.convention import Convention
from costmodel.core.layer import Engine, Layer, Task
from costmodel.core.maps import Maps
from costmodel.core.network import Network, Row
from costmodel.core.part import Part
from costmodel.core.shares import PERFECT, Shares
from costmodel.core.workload import Costs, Floats, Ints, Workload
from costmodel.errors import InputError, Place
from costmodel.language.dtypes import size_of

if TYPE_CHECKING:
    from costmodel.core.engine import EngineModel
    from costmodel.core.tiling.rows import Tiling

LIMIT = 2**62
"""[count] sums of any column stay inside int64."""


@dataclass(frozen=True, eq=False)
class Traits:
    """What a machine says of layer kinds; the defaults change nothing."""

    engines: Mapping[str, Engine] = field(default_factory=dict)
    shares: Mapping[str, Shares] = field(default_factory=dict)
    array: EngineModel | None = None
    """The shape of the matrix engine; None: a rate without one."""
    link: tuple[float, float] | None = None
    """Bandwidth [B/s] and latency [s] of the link to other devices; None: no rate is known."""

    def engine(self, layer: Layer) -> Engine:
        """Where `layer` runs."""
        return self.engines.get(layer.kind, layer.engine)

    def tasks(self, part: Part) -> tuple[Task, ...]:
        """The work of `part` that takes time, by engine; a profile may move a whole kind."""
        if part.layer.kind in self.engines:
            layer = part.layer
            return (Task(self.engines[layer.kind], layer.runs_as, part.executed_tally),)
        return part.layer.tasks(part.executed_tally)

    def utilisation(self, part: Part, samples: int) -> float:
        """The share of the matrix engine's peak that the shape of `part` leaves."""
        if self.array is None:
            return 1.0
        found = part.layer.contraction(part.inputs, samples)
        macs = part.executed_tally.macs * samples
        return 1.0 if found is None else self.array.utilisation(found.nest, macs)

    def share(self, kind: str, routine: str) -> Shares:
        """The shares of the peaks that a kind reaches: its own, its routine's, or the default."""
        words = (kind, routine, "default")
        return next((self.shares[word] for word in words if word in self.shares), PERFECT)


@dataclass(frozen=True, eq=False)
class Counting:
    """How a network is counted: conventions, the machine's traits, batch, bits per element."""

    report: Convention
    """What ops and params print."""
    timed: Convention
    """What costs time."""
    traits: Traits = field(default_factory=Traits)
    batch: int = 1
    """Runs' worth of samples at once: it multiplies those that one run holds."""
    bits: int = 32
    tiling: Tiling | None = None
    """What the machine says of tiles, where the traffic model asks for loop nests."""
    param_bits: int | None = None
    """Of a parameter; None: as the maps."""
    state_bits: int | None = None
    """Of what outlives the run; None: as the maps."""


class _Counts(NamedTuple):
    """One row per sample; parameters as they stand."""

    macs: int
    params: int
    moved: int
    """[B] of parameters that are read."""
    ops: int
    matrix: int
    host: int


def prepare(network: Network, counting: Counting) -> Workload:
    """The arrays of `network`. Raises InputError where counts leave the exact range."""
    rows, samples = network.rows, network.samples * counting.batch
    maps = Maps(network, samples, counting.bits)
    counts = [_count(row, counting, samples) for row in rows]
    macs, params, moved, ops, matrix, host = zip(*counts, strict=True)
    largest = max(map(sum, (macs, ops, matrix, host))) * samples
    if max(largest, maps.total, sum(moved), sum(params)) > LIMIT:
        raise InputError.at(
            Place(network.facts.file),
            "the network's counts exceed 2**62",
            "use smaller maps, fewer channels or a smaller batch",
        )
    work: dict[Engine, Floats] = {
        "matrix": _ints(matrix).astype(float) * samples,
        "host": _ints(host).astype(float) * samples,
    }
    return Workload(
        rows,
        macs=_ints(macs) * samples,
        params=_ints(params),
        ops=_ints(ops).astype(float) * samples,
        matrix_ops=work["matrix"],
        host_ops=work["host"],
        param_bytes=_ints(moved),
        sharing=_ints(_sharing(rows)),
        costs=_costs(rows, counting, samples, work),
        **maps.arrays(),
        **_states(rows, counting, samples, maps.state_read),
        **_nests(rows, maps, counting, samples),
    )


def _states(
    rows: Sequence[Row], counting: Counting, samples: int, named: Sequence[int]
) -> dict[str, Any]:
    """The bytes of tensors that outlive the run, where a row has any (R,).

    `named` are the elements per sample that rows read of states with a name.
    """
    found = [[part.layer.state(part.inputs) for part in row.parts] for row in rows]
    scratch = _scratch(rows, counting, samples)
    appended = [sum(map(prod, row.outputs)) * row.appends for row in rows]
    if not any(one for states in found for one in states) and not any(named) and not any(appended):
        return scratch
    bits = counting.state_bits or counting.bits

    def bytes_of(word: str, besides: Sequence[int]) -> Ints:
        return _ints(
            [
                sum(size_of(getattr(one, word) * samples, bits) for one in states if one)
                + size_of(more * samples, bits)
                for states, more in zip(found, besides, strict=True)
            ]
        )

    read, written = bytes_of("read", named), bytes_of("written", appended)
    return {**scratch, "state_read": read, "state_written": written}


def _scratch(rows: Sequence[Row], counting: Counting, samples: int) -> dict[str, Any]:
    """Bytes that kernels write and read between their own steps, where any do (R,)."""
    found = [sum(part.layer.scratch(part.inputs) for part in row.parts) for row in rows]
    if not any(found):
        return {}
    return {"scratch": _ints([size_of(one * samples, counting.bits) for one in found])}


def _nests(rows: tuple[Row, ...], maps: Maps, counting: Counting, samples: int) -> dict[str, Any]:
    """The loop nests, where they are asked for."""
    if counting.tiling is None:
        return {}
    # 8 ms, paid by those who tile
    from costmodel.core.tiling.rows import row_nests

    nests = row_nests(rows, maps, samples, counting.bits, counting.tiling)
    return {"nests": nests, "double_buffer": counting.tiling.double}


def _ints(values: Any) -> Ints:
    """A list of exact Python integers as an array."""
    return np.array(values, dtype=np.int64)


def _sharing(rows: Sequence[Row]) -> list[int]:
    """For each row the first one with the same parameters."""
    first: dict[frozenset[str], int] = {}
    found = []
    for number, row in enumerate(rows):
        sources = row.constants.sources if row.constants else None
        found.append(first.setdefault(sources, number) if sources else number)
    return found


def _count(row: Row, counting: Counting, samples: int) -> _Counts:
    """One row under both conventions."""
    report, held = counting.report, row.constants
    bits = counting.param_bits or counting.bits
    if held is None:
        moved = sum(_param_bytes(part, samples, bits) for part in row.parts)
    else:
        moved = size_of(held.elements, bits) + held.fixed_bytes
    timed = {"matrix": 0, "host": 0}
    for part in row.parts:
        for engine, _, tally in counting.traits.tasks(part):
            timed[engine] += counting.timed.ops(part.layer.kind, tally)
    return _Counts(
        macs=sum(part.tally.macs for part in row.parts),
        params=sum(map(report.params, row.counted)),
        moved=moved,
        ops=sum(report.ops(part.layer.kind, part.tally) for part in row.parts),
        **timed,
    )


def _param_bytes(part: Part, samples: int, bits: int) -> int:
    """What a run of so many samples reads of a layer's parameters [B]."""
    count = part.layer.params_read(part.tally.moved_params, part.inputs, samples)
    own = part.layer.weight_bits
    return size_of(count, bits) if own is None else ceil(count * own / 8)


def _costs(
    rows: Sequence[Row], counting: Counting, samples: int, work: Mapping[Engine, Floats]
) -> Costs:
    """What the machine's traits make of each row, whose `work` [op] (R,) is known."""
    traits = counting.traits
    launches = _launches(rows, traits)
    besides = {**_fixed(rows, traits, samples), **_link(rows, counting, samples)}
    if any(one.exposed for one in traits.shares.values()):
        own = (traits.share(row.layer.kind, row.layer.runs_as) for row in rows)
        besides["exposed"] = np.array([one.exposed for one in own])
    if not traits.shares and traits.array is None:
        return Costs(work["matrix"], work["host"], *launches, **besides)
    spread: dict[Engine, Floats] = {engine: np.zeros(len(rows)) for engine in work}
    read, params = np.ones(len(rows)), np.ones(len(rows))
    for number, row in enumerate(rows):
        for part in row.parts:
            for engine, routine, tally in traits.tasks(part):
                ops = counting.timed.ops(part.layer.kind, tally) * samples
                reached = traits.share(part.layer.kind, routine).compute
                if engine == "matrix":
                    reached *= traits.utilisation(part, samples)
                spread[engine][number] += ops / reached
        # of a fused row its first part's
        first = traits.share(row.layer.kind, row.layer.runs_as)
        read[number], params[number] = 1 / first.bandwidth, 1 / first.parameters
    if not traits.shares:
        return Costs(spread["matrix"], spread["host"], *launches, **besides)
    return Costs(spread["matrix"], spread["host"], *launches, read, read, params, **besides)


def _fixed(rows: Sequence[Row], traits: Traits, samples: int) -> dict[str, Any]:
    """Seconds that rows take whatever the rates (R,), where a routine has any."""
    if not any(one.takes_time for one in traits.shares.values()):
        return {}
    found = np.zeros(len(rows))
    for number, row in enumerate(rows):
        if not row.view:
            share = traits.share(row.layer.kind, row.layer.runs_as)
            found[number] = share.launch + share.sample_time(row) * samples
    return {"fixed": found}


def _link(rows: Sequence[Row], counting: Counting, samples: int) -> dict[str, Any]:
    """What goes over the link (R,) by the quickest algorithm, where rows tell other devices."""
    asked = [[part.layer.message(part.inputs) for part in row.parts] for row in rows]
    if not any(one for messages in asked for one in messages):
        return {}
    bandwidth, latency = counting.traits.link or (1.0, 0.0)
    sent, hops = np.zeros(len(rows)), np.zeros(len(rows))
    for number, messages in enumerate(asked):
        for message in messages:
            if message is None:
                continue
            ways = [(n, size * samples * counting.bits / 8) for n, size in message.algorithms]
            waits, size = min(ways, key=lambda way: way[0] * latency + way[1] / bandwidth)
            sent[number] += size
            hops[number] += waits
    return {"link_bytes": sent, "link_hops": hops}


def _launches(rows: Sequence[Row], traits: Traits) -> tuple[Floats, Floats]:
    """1 for each row that the matrix engine launches, and for each that the host does (R,)."""
    on_matrix = np.array([traits.engine(row.layer) == "matrix" for row in rows])
    launched = np.array([not row.view for row in rows])
    return (on_matrix & launched).astype(float), (~on_matrix & launched).astype(float)
