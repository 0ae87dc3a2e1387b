"""A network, counted under conventions and a machine's traits, to the arrays of a `Workload`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
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
        """The share of the matrix engine's peak that the shapes of a part's contractions leave.

        They run one after the other. What a library executes beyond them it executes in each.
        """
        if self.array is None:
            return 1.0
        contractions = part.layer.contractions(part.inputs, samples)
        counted, executed = (
            sum(one.macs for one in contractions),
            part.executed_tally.macs * samples,
        )
        if not counted:
            return 1.0
        each = [(one.nest, one.macs * executed // counted) for one in contractions]
        return self.array.kept_busy(each)

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
    # of a fused row its first part's
    shares = [traits.share(row.layer.kind, row.layer.runs_as) for row in rows]
    maps = np.array([1 / one.bandwidth for one in shares])
    matrix, host = _work(rows, counting, samples, work)
    on_matrix = np.array([traits.engine(row.layer) == "matrix" for row in rows], dtype=float)
    launched = np.array([not row.view for row in rows], dtype=float)
    fixed = [share.launch + share.sample_time(row) * samples if share.takes_time else 0.0
             for share, row in zip(shares, rows, strict=True)]  # fmt: skip
    link_bytes, link_messages = _link(rows, counting, samples)
    return Costs(
        matrix_work=matrix,
        host_work=host,
        matrix_launches=on_matrix * launched,
        host_launches=(1 - on_matrix) * launched,
        read_slowdown=maps,
        write_slowdown=maps,
        parameter_slowdown=np.array([1 / one.parameters for one in shares]),
        fixed_time=np.array(fixed) * launched,
        exposed=np.array([one.exposed for one in shares]),
        link_bytes=link_bytes,
        link_messages=link_messages,
    )


def _work(
    rows: Sequence[Row], counting: Counting, samples: int, work: Mapping[Engine, Floats]
) -> tuple[Floats, Floats]:
    """Operations over the shares of the engines' peaks that rows reach, (R,) each [op]."""
    traits = counting.traits
    if not traits.shares and traits.array is None:
        return work["matrix"], work["host"]
    spread: dict[Engine, Floats] = {engine: np.zeros(len(rows)) for engine in work}
    for number, row in enumerate(rows):
        for part in row.parts:
            for engine, routine, tally in traits.tasks(part):
                ops = counting.timed.ops(part.layer.kind, tally) * samples
                reached = traits.share(part.layer.kind, routine).compute
                if engine == "matrix":
                    reached *= traits.utilisation(part, samples)
                spread[engine][number] += ops / reached
    return spread["matrix"], spread["host"]


def _link(rows: Sequence[Row], counting: Counting, samples: int) -> tuple[Floats, Floats]:
    """What goes over the link by each algorithm: bytes [B] and messages [count], (A, R) each.

    A row with several exchanges has an algorithm for each combination of theirs.
    """
    size = samples * counting.bits / 8
    ways: list[list[tuple[int, float]]] = []
    for row in rows:
        messages = [part.layer.message(part.inputs) for part in row.parts]
        choices = product(*(one.algorithms for one in messages if one is not None))
        ways.append(
            [(sum(n for n, _ in chosen), sum(of * size for _, of in chosen)) for chosen in choices]
        )
    most = max(map(len, ways), default=1)
    # a row with fewer algorithms has its first one again
    table = np.array([own + own[:1] * (most - len(own)) for own in ways], dtype=float)
    messages_sent, sent = np.moveaxis(table.reshape(len(rows), most, 2), 2, 0)
    return sent.T, messages_sent.T
