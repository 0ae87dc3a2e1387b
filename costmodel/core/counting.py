"""A network, counted under conventions and a machine's traits, to the arrays of a `Workload`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.core.arrays import Floats, Ints
from costmodel.core.convention import Convention
from costmodel.core.layer import ENGINES, Engine
from costmodel.core.maps import Maps
from costmodel.core.network import Network, Row
from costmodel.core.part import Part
from costmodel.core.traits import Traits
from costmodel.core.workload import Costs, Workload
from costmodel.errors import InputError, Place
from costmodel.language.dtypes import size_of

if TYPE_CHECKING:
    from costmodel.core.hierarchy import Hierarchy
    from costmodel.core.tiling.rows import Tiling

LIMIT = 2**62
"""[count] sums of any column stay inside int64."""


@dataclass(frozen=True, eq=False)
class Counting:
    """How a network is counted: conventions, the machine's traits, batch, bits per element."""

    report: Convention
    """What is printed as operations and parameters."""
    timed: Convention
    """The operations that cost time."""
    traits: Traits = field(default_factory=Traits)
    batch: int = 1
    """Runs' worth of samples at once: it multiplies those that one run holds."""
    bits: int = 32
    """Bits of an element of the maps."""
    tiling: Tiling | None = None
    """What the machine says of tiles, where the traffic model asks for loop nests."""
    param_bits: int | None = None
    """Bits of a parameter; None: those of the maps."""
    state_bits: int | None = None
    """Bits of an element of what outlives the run; None: those of the maps."""
    engine_sums: int | None = None
    """Bits of a partial sum, where the words are counted that the engine takes and gives."""
    hierarchy: Hierarchy | None = None
    """The levels on chip, where the machine states them one by one."""


def prepare(network: Network, counting: Counting) -> Workload:
    """Count a network under a convention and a machine's traits.

    Parameters
    ----------
    network : Network
        R rows, whose shapes are per sample.
    counting : Counting
        Conventions, traits, batch and element types.

    Returns
    -------
    Workload
        The arrays that the formula reads, for all samples of a run.

    Raises
    ------
    InputError
        Where counts leave the range in which they are exact.

    """
    rows, samples, report = network.rows, network.samples * counting.batch, counting.report
    maps = Maps(network, samples, counting.bits)
    macs = [sum(part.tally.macs for part in row.parts) for row in rows]
    ops = [sum(report.ops(part.layer.kind, part.tally) for part in row.parts) for row in rows]
    params = [sum(map(report.params, row.counted)) for row in rows]
    moved = [_param_bytes(row, counting, samples) for row in rows]
    work = work_of(rows, counting)
    timed = {engine: [0] * len(rows) for engine in ENGINES}
    for number, _, engine, _, asked in work:
        timed[engine][number] += asked
    largest = max(map(sum, (macs, ops, *timed.values()))) * samples
    if max(largest, maps.total, sum(moved), sum(params)) > LIMIT:
        raise InputError.at(
            Place(network.facts.file),
            "the network's counts exceed 2**62",
            "use smaller maps, fewer channels or a smaller batch",
        )
    on_engine = {engine: _ints(counts).astype(float) * samples for engine, counts in timed.items()}
    workload = Workload(
        rows,
        macs=_ints(macs) * samples,
        params=_ints(params),
        ops=_ints(ops).astype(float) * samples,
        matrix_ops=on_engine["matrix"],
        host_ops=on_engine["host"],
        param_bytes=_ints(moved),
        sharing=_sharing(rows),
        costs=_costs(rows, counting, samples, _slowed(work, on_engine, counting, samples)),
        **maps.arrays(),
        **_states(rows, counting, samples, maps.state_read),
        **_nests(maps, counting, samples, moved),
        hierarchy=counting.hierarchy,
    )
    return workload if counting.engine_sums is None else with_words(workload, counting, samples)


def _ints(values: Any) -> Ints:
    """Turn exact Python integers into an array."""
    return np.array(values, dtype=np.int64)


def _param_bytes(row: Row, counting: Counting, samples: int) -> int:
    """Count what a run of so many samples reads of a row's parameters [B]."""
    bits, held = counting.param_bits or counting.bits, row.constants
    if held is not None:
        return size_of(held.elements, bits) + held.fixed_bytes
    return sum(part.read_bytes(bits, samples) for part in row.parts)


Work = tuple[int, Part, Engine, str, int]
"""What one part of a row asks of one engine: the row, the part, the engine, the routine, and
operations per sample under the timing convention.
"""


def work_of(rows: Sequence[Row], counting: Counting) -> list[Work]:
    """List all work that takes time."""
    return [
        (number, part, engine, routine, counting.timed.ops(part.layer.kind, tally))
        for number, row in enumerate(rows)
        for part in row.parts
        for engine, routine, tally in counting.traits.tasks(part)
    ]


def _slowed(
    work: Sequence[Work], on_engine: dict[Engine, Floats], counting: Counting, samples: int
) -> dict[Engine, Floats]:
    """Divide operations by the shares of the engines' peaks that they reach, (R,) each [op].

    1000 operations at half of the peak take as long as 2000 at the peak.
    """
    traits = counting.traits
    if not traits.shares and traits.array is None:
        return on_engine
    slowed = {engine: np.zeros_like(counts) for engine, counts in on_engine.items()}
    for number, part, engine, routine, ops in work:
        reached = traits.share(part.layer, routine).compute
        if engine == "matrix":
            reached *= traits.utilisation(part, samples)
        slowed[engine][number] += ops * samples / reached
    return slowed


def _sharing(rows: Sequence[Row]) -> Ints:
    """Find for each row the first one with the same parameters (R,)."""
    first: dict[frozenset[str], int] = {}
    sources = (row.constants.sources if row.constants else None for row in rows)
    return _ints([first.setdefault(s, n) if s else n for n, s in enumerate(sources)])


def _states(
    rows: Sequence[Row], counting: Counting, samples: int, named: Sequence[int]
) -> dict[str, Any]:
    """Count bytes of tensors that outlive the run, and of kernels' scratch, (R,) each [B].

    `named` are the elements per sample that rows read of states with a name.
    """
    bits = counting.state_bits or counting.bits
    columns = {name: [0] * len(rows) for name in ("state_read", "state_written", "scratch")}
    for number, (row, elements) in enumerate(zip(rows, named, strict=True)):
        between = sum([part.layer.scratch(part.inputs) for part in row.parts])
        if between:
            columns["scratch"][number] = size_of(between * samples, counting.bits)
        states = [s for part in row.parts if (s := part.layer.state(part.inputs))]
        if not (states or elements or row.appends):
            continue
        appended = sum(map(prod, row.outputs)) if row.appends else 0
        reads = [elements, *(state.read for state in states)]
        writes = [appended, *(state.written for state in states)]
        columns["state_read"][number] = sum(size_of(one * samples, bits) for one in reads)
        columns["state_written"][number] = sum(size_of(one * samples, bits) for one in writes)
    return {name: _ints(column) for name, column in columns.items()}


def _nests(maps: Maps, counting: Counting, samples: int, moved: Sequence[int]) -> dict[str, Any]:
    """Give the loop nests, where they are asked for, of rows that read `moved` of parameters."""
    if counting.tiling is None:
        return {}
    # 8 ms, paid by those who tile
    from costmodel.core.tiling.asked import asked

    return asked(maps, samples, counting.tiling, counting.param_bits, moved)


def with_words(workload: Workload, counting: Counting, samples: int) -> Workload:
    """Add what the engine takes out of the innermost memory and gives back."""
    # for those who ask what bytes on chip cost
    from costmodel.core.engine_words import ElementBits, engine_words
    from costmodel.core.hierarchy import ChipLevel

    maps = counting.bits
    bits = ElementBits(
        maps, counting.param_bits or maps, counting.state_bits or maps, counting.engine_sums or maps
    )
    array, touched = counting.traits.array, workload.touched
    levels = () if counting.hierarchy is None else counting.hierarchy.levels
    innermost = levels[-1] if levels else ChipLevel("")
    each, holds = innermost.per_element, innermost.holds
    words = engine_words(
        workload.rows, samples, bits, array, touched, per_element=each, holds=holds
    )
    return replace(workload, words=words)


def _costs(
    rows: Sequence[Row], counting: Counting, samples: int, slowed: Mapping[Engine, Floats]
) -> Costs:
    """Give what the machine's traits make of each row, whose work over its shares is `slowed`."""
    traits = counting.traits
    # of a fused row its first part's
    layers = [row.layer for row in rows]
    shares = [traits.share(layer, layer.runs_as) for layer in layers]
    maps = np.array([1 / one.bandwidth for one in shares])
    on_matrix = np.array([traits.engine(layer) == "matrix" for layer in layers], dtype=float)
    launched = np.array([not row.view for row in rows], dtype=float)
    fixed = [share.launch + share.sample_time(row) * samples if share.takes_time else 0.0
             for share, row in zip(shares, rows, strict=True)]  # fmt: skip
    link_bytes, link_messages = _link(rows, counting, samples)
    return Costs(
        matrix_work=slowed["matrix"],
        host_work=slowed["host"],
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


def _link(rows: Sequence[Row], counting: Counting, samples: int) -> tuple[Floats, Floats]:
    """What goes over the link by each algorithm: bytes [B] and messages [count], (A, R) each.

    A row with several exchanges has an algorithm for each combination of theirs.
    """
    size = samples * counting.bits / 8
    told = [
        [message for part in row.parts if (message := part.layer.message(part.inputs))]
        for row in rows
    ]
    if not any(told):
        return np.zeros((1, len(rows))), np.zeros((1, len(rows)))
    ways: list[list[tuple[int, float]]] = []
    for messages in told:
        choices = product(*(message.algorithms for message in messages))
        ways.append(
            [(sum(n for n, _ in chosen), sum(of * size for _, of in chosen)) for chosen in choices]
        )
    most = max(map(len, ways), default=1)
    # a row with fewer algorithms has its first one again
    table = np.array([own + own[:1] * (most - len(own)) for own in ways], dtype=float)
    messages_sent, sent = np.moveaxis(table.reshape(len(rows), most, 2), 2, 0)
    return sent.T, messages_sent.T
