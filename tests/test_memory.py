"""Packing, resident placement and overlapping time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import counted, networks

from costmodel.core import kinds
from costmodel.core.builder import Builder
from costmodel.core.formula import evaluate
from costmodel.core.layer import make
from costmodel.core.live import live_internal_bytes
from costmodel.core.machine import Machine
from costmodel.core.network import Facts, Network, Taps
from costmodel.core.packing import lower_bound, pack
from costmodel.core.packing.first_fit import OUTSIDE
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS
from costmodel.errors import Place
from costmodel.language import shipped
from costmodel.models.placement.resident import packed
from costmodel.studies.simulation import simulate

TENSORS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 12), st.integers(0, 6)), max_size=25
)


def greedy_by_size(sizes: Any, first: Any, last: Any) -> int:
    """TFLite Micro's rule, written down independently: largest first, into the first gap. Its peak."""
    # offset, end, first, last
    placed: list[tuple[int, int, int, int]] = []
    for tensor in sorted(range(len(sizes)), key=lambda t: -sizes[t]):
        at = 0
        for offset, end, f, e in sorted(placed):
            if f <= last[tensor] and e >= first[tensor]:
                if offset - at >= sizes[tensor]:
                    break
                at = max(at, end)
        placed.append((at, at + sizes[tensor], first[tensor], last[tensor]))
    return max((end for _, end, _, _ in placed), default=0)


def overlapping(offsets: Any, sizes: Any, first: Any, last: Any) -> list[tuple[int, int]]:
    """Pairs of tensors that are alive together and share an address: the definition."""
    inside = [t for t in range(len(sizes)) if offsets[t] != OUTSIDE and sizes[t]]
    return [
        (a, b)
        for a in inside
        for b in inside
        if a < b
        and first[a] <= last[b]
        and first[b] <= last[a]
        and offsets[a] < offsets[b] + sizes[b]
        and offsets[b] < offsets[a] + sizes[a]
    ]


@example(rows=[(3, 4, 0), (3, 4, 1), (3, 1, 3), (4, 0, 3)], capacity=None)
@given(TENSORS, st.one_of(st.none(), st.integers(0, 120)))
def test_no_two_live_tensors_share_an_address(
    rows: list[tuple[int, int, int]], capacity: int | None
) -> None:
    sizes, first = [r[0] for r in rows], [r[1] for r in rows]
    last = [r[1] + r[2] for r in rows]
    found = pack(sizes, first, last, capacity)
    assert overlapping(found.offsets, sizes, first, last) == []
    highest = max(
        (int(o) + s for o, s in zip(found.offsets, sizes, strict=True) if o != OUTSIDE), default=0
    )
    assert highest == found.peak
    if capacity is None:
        assert found.inside.all()
        assert found.peak <= greedy_by_size(sizes, first, last)
        assert found.peak >= lower_bound(
            *(np.array(a, dtype=np.int64) for a in (sizes, first, last))
        )
    else:
        assert found.peak <= capacity


@pytest.mark.parametrize(
    ("sizes", "first", "last"), [([1], [2], [1]), ([-1], [0], [1]), ([1, 2], [0], [1])]
)
def test_bad_arrays(sizes: list[int], first: list[int], last: list[int]) -> None:
    with pytest.raises(ValueError, match="equally long"):
        pack(sizes, first, last)


def test_peaks_of_the_shipped_networks() -> None:
    """At or below greedy-by-size everywhere; within 5 % of the lower bound on at least 9 in 10."""
    near = []
    for name in shipped.names("archs"):
        work = simulate(name, "accel_1tflops").workload
        ranges = work.live_ranges
        found, bound = pack(work.tensor_bytes, *ranges), lower_bound(work.tensor_bytes, *ranges)
        assert found.peak <= greedy_by_size(
            work.tensor_bytes.tolist(), *(r.tolist() for r in ranges)
        )
        near.append(found.peak <= 1.05 * bound)
    assert np.mean(near) >= 0.9


@given(networks(), st.integers(1, 3000))
def test_resident_never_over_commits(network: Network, memory: int) -> None:
    work = counted(network)
    plan = PLACEMENTS.load("resident").plan(work, np.array([float(memory)]))
    assert live_internal_bytes(work, plan).max(initial=0) <= memory
    machine = Machine(1.0, memory, 1.0, 1.0)
    totals = {
        name: evaluate(
            work, machine, PLACEMENTS.load(name), TIMINGS.load("serial")
        ).external_bytes.sum()
        for name in ("resident", "all_external")
    }
    assert totals["resident"] <= totals["all_external"]


@given(networks(), st.integers(1, 3000))
def test_addresses_of_maps(network: Network, memory: int) -> None:
    """Two maps share an address only where one overwrites the other: from the row on in which that one dies."""
    work = counted(network)
    found = packed(work, memory)
    first, last = (r.tolist() for r in work.live_ranges)
    shared = overlapping(found.packing.offsets.tolist(), work.tensor_bytes.tolist(), first, last)
    for a, b in shared:
        assert found.taken[b]
        assert work.reuses[b] == a
        # only in the row that turns one into the other
        assert last[a] == first[b] == work.first[b]
        assert work.tensor_bytes[a] == work.tensor_bytes[b]
        assert not work.kept[a]
    assert found.packing.peak <= memory


def test_elementwise_rows_write_in_place() -> None:
    """conv of 4 x 8 x 8 fp32 from 1 x 8 x 8, then relu, relu: 256 + 1024 B are alive in the conv, never 2048."""
    builder = Builder()
    taps: Taps = (builder.input("x", (1, 8, 8)),)
    for kind, attributes in (
        ("conv2d", {"filters": 4, "kernel": 3, "padding": "same"}),
        ("relu", {}),
        ("relu", {}),
    ):
        taps = builder.row(
            kind, kind, "b", Place("test"), [make(kinds.get(kind), attributes)], taps
        )
    work = counted(builder.network(Facts("n", "test", "n", taps)))
    assert work.reuses.tolist() == [-1, -1, 1, 2]
    found = packed(work, 1280)
    assert found.packing.peak == 1280
    assert found.packing.inside.all()
    assert live_internal_bytes(
        work, PLACEMENTS.load("resident").plan(work, np.array([1280.0]))
    ).tolist() == [[1280, 1024, 1024]]


@given(networks(), st.integers(1, 3000), st.sampled_from(PLACEMENTS.names()))
def test_overlap_is_at_most_serial(network: Network, memory: int, place: str) -> None:
    """And at least the slower of the two sums: nothing is lost, only hidden."""
    work, machine = counted(network), Machine(3.0, memory, 7.0, 2.0)
    serial, overlap = (
        evaluate(work, machine, PLACEMENTS.load(place), TIMINGS.load(word))
        for word in ("serial", "overlap")
    )
    assert overlap.total_time <= serial.total_time
    assert overlap.total_time >= max(serial.transfer.sum(), serial.compute.sum()) * (1 - 1e-12)


def test_hairnet_by_hand() -> None:
    """On 1 MB, resident: input loaded once and class scores stored once; the whole network within 1 MB."""
    done = simulate("hairnet", "accel_1tflops", placement="resident")
    assert done.peak_internal_bytes <= 1_000_000
    first = done.result.external_bytes[0]
    # the input is loaded; its map and weights as in the Appendix
    assert first == 602112 + 6422528 + 3456
    # 1000 scores stored, everything else on chip
    assert done.result.external_bytes[-1] == 4000
    everything = simulate("hairnet", "accel_1tflops", placement="all_external")
    assert everything.result.external_bytes.tolist() == (
        (
            everything.workload.in_bytes
            + everything.workload.out_bytes
            + everything.workload.param_bytes
        ).tolist()
    )


def test_enough_memory_moves_everything_once() -> None:
    """A memory that holds all: input + output + parameters, whatever the network."""
    for name in ("hairnet", "shufflenet_v2"):
        work = simulate(name, "accel_1tflops").workload
        machine = Machine(1.0, 1e12, 1.0, 1.0)
        moved = evaluate(
            work, machine, PLACEMENTS.load("resident"), TIMINGS.load("serial")
        ).external_bytes.sum()
        inputs, outputs = (
            work.tensor_bytes[work.first < 0].sum(),
            work.tensor_bytes[work.kept].sum(),
        )
        assert moved == inputs + outputs + work.param_bytes.sum()
