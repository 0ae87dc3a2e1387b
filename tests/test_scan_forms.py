"""The closed form against THE formula, and reductions against brute force."""

from __future__ import annotations

from itertools import product
from typing import Any

import grimp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PERFECT, all_traits, counted, further, networks

from costmodel.core.formula import evaluate
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS
from costmodel.core.traits import Traits
from costmodel.hardware.entries import Efficiency
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.general import General
from costmodel.studies.scan.forms.step_search import StepSearch
from costmodel.studies.scan.forms.surface import Surface
from costmodel.studies.scan.running import cached_grid as blocks
from costmodel.studies.scan.running.pareto import (
    _efficient,
    efficient,
    front_of,
    merge_best,
    merge_fronts,
)
from costmodel.studies.scan.running.plan import ScanPart, ScanPlan, evaluate_part
from costmodel.studies.scan.space.axes import Axis, read_axis
from costmodel.studies.scan.space.formulas import Formula, Objective
from costmodel.studies.scan.space.points import Space
from costmodel.studies.scan.space.variant import Variant
from costmodel.studies.simulation import simulate, simulated

POLICY, CLOCK = PLACEMENTS.load("per_tensor"), TIMINGS.load("serial")
RATES = st.floats(1e-3, 1e15)


@given(
    networks(),
    all_traits() | st.just(PERFECT),
    RATES,
    RATES,
    RATES,
    further(),
    st.integers(0, 40),
    st.sampled_from([-1, 0, 1]),
)
def test_closed_form_is_the_formula(
    network: Network,
    traits: Traits,
    bandwidth: float,
    matrix: float,
    host: float,
    more: dict[str, float],
    pick: int,
    off: int,
) -> None:
    """At memories exactly on a tensor's size and a byte to either side; rtol 1e-12."""
    work = counted(network, traits=traits)
    memory = float(work.tensor_bytes[pick % len(work.tensor_bytes)]) + off
    machine = Machine(bandwidth, memory, matrix, host, **more)
    form = closed_form(work, POLICY, CLOCK)
    assert isinstance(form, Surface)
    result = evaluate(work, machine, POLICY, CLOCK)
    assert form.external_bytes(memory) == result.external_bytes.sum()
    assert form.total_time(machine)[0] == pytest.approx(float(result.total_time), rel=1e-12)
    times = form.times(machine)
    assert list(times) == [*result.all_lanes, "overhead"]
    assert times["overhead"] == machine.overhead
    for lane, theirs in result.all_lanes.items():
        assert float(times[lane]) == pytest.approx(float(theirs.sum()), rel=1e-12)


@given(networks(), RATES, st.integers(0, 40))
def test_at_the_ridge(network: Network, bandwidth: float, pick: int) -> None:
    """The matrix rate that makes a row's compute equal its transfer: still the same total."""
    work = counted(network)
    row = pick % len(work.macs)
    memory = float(np.median(work.tensor_bytes))
    moved = evaluate(work, Machine(bandwidth, memory, 1.0, 1.0), POLICY, CLOCK).external_bytes[row]
    ops = work.matrix_ops[row]
    rate = float(ops * bandwidth / moved) if ops and moved else 1.0
    machine = Machine(bandwidth, memory, rate, rate)
    form = closed_form(work, POLICY, CLOCK)
    assert form is not None
    expected = float(evaluate(work, machine, POLICY, CLOCK).total_time)
    assert form.total_time(machine)[0] == pytest.approx(expected, rel=1e-12)


@given(networks(), st.lists(st.tuples(RATES, RATES, RATES, RATES), min_size=1, max_size=6))
def test_general_path_is_the_formula(network: Network, points: list[tuple[float, ...]]) -> None:
    work = counted(network)
    machines = Machine(*map(np.array, zip(*points, strict=True)))
    columns = General(work, POLICY, CLOCK).columns(machines, len(points))
    for number, point in enumerate(points):
        alone = evaluate(work, Machine(*point), POLICY, CLOCK)
        assert columns["total_time"][number] == pytest.approx(float(alone.total_time), rel=1e-12)
        assert columns["external_bytes"][number] == alone.external_bytes.sum()


@given(
    st.lists(st.integers(1, 10**6), min_size=65, max_size=300, unique=True), st.integers(0, 2**32)
)
def test_steps_are_a_binary_search(sizes: list[int], seed: int) -> None:
    """Against numpy's search: on the steps, a hair to either side, far below and above."""
    steps = np.sort(np.array(sizes, dtype=float))
    rng = np.random.default_rng(seed)
    values = np.concatenate(
        [
            steps,
            np.nextafter(steps, 0),
            np.nextafter(steps, np.inf),
            [1e-9, 1e30, np.inf],
            rng.uniform(0.5, 2e6, 200),
        ]
    )
    assert np.array_equal(StepSearch(steps)(values), np.searchsorted(steps, values, side="right"))


ULP = 2.0**-52
OCTAVES = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0]


@pytest.mark.parametrize(("steps", "depth", "buckets"), [
    # up to four steps have no table
    (OCTAVES[:4], 0, 0), (OCTAVES[:5], 1, 257),
    # eight octaves of 2**52 numbers, for 8 steps in fewer than 64 x 8 buckets: 8 x 32 and the last
    (OCTAVES, 1, 257),
    # however many steps, in fewer than 2**17: 8 x 2**13 and the last
    (np.linspace(1, 256, 4097), 1, 65537),
    # neighbours in one bucket: four are compared one by one, of five there are too many
    ([1 + n * ULP for n in range(4)] + OCTAVES[1:], 4, 513),
    ([1 + n * ULP for n in range(5)] + OCTAVES[1:], 0, 513),
])  # fmt: skip
def test_steps_in_buckets(steps: Any, depth: int, buckets: int) -> None:
    """Each bucket has a power of two of the numbers; the search is exact whichever way it takes."""
    search = StepSearch(np.array(steps))
    assert search.depth == depth
    assert len(vars(search).get("below", [0])) == buckets + 1
    values = np.concatenate([np.nextafter(steps, 0), steps, np.nextafter(steps, np.inf)])
    assert np.array_equal(search(values), np.searchsorted(steps, values, side="right"))
    assert search(2.0) == sum(step <= 2 for step in steps)


def test_the_sieve_loses_nothing() -> None:
    """30 000 vectors: the front with the first sieve is the front without it."""
    vectors = np.round(np.random.default_rng(0).random((30_000, 3)), 2)
    assert np.array_equal(efficient(vectors), _efficient(vectors))


# --- reductions ------------------------------------------------------------------------------------

SMALL = st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=40)


def brute_front(vectors: list[tuple[int, ...]]) -> set[tuple[int, ...]]:
    """The definition: not dominated by any other."""

    def dominates(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
        return a != b and all(x <= y for x, y in zip(a, b, strict=True))

    return {v for v in vectors if not any(dominates(w, v) for w in vectors)}


@given(SMALL, st.integers(1, 3))
def test_front_against_the_definition(rows: list[tuple[int, ...]], dimensions: int) -> None:
    vectors = [row[:dimensions] for row in rows]
    array = np.array(vectors, dtype=float)
    expected = brute_front(vectors)
    assert {v for v, ok in zip(vectors, efficient(array), strict=True) if ok} == expected
    front = front_of(array, np.arange(len(vectors)))
    assert {tuple(map(int, v)) for v, _, _ in front} == expected
    for vector, index, count in front:
        same = [i for i, v in enumerate(vectors) if v == tuple(map(int, vector))]
        assert (index, count) == (same[0], len(same))


@given(SMALL, st.integers(1, 39), st.integers(0, 6))
def test_parts_merge_to_the_whole(rows: list[tuple[int, ...]], cut: int, k: int) -> None:
    from costmodel.studies.scan.running.pareto import best_of

    array, indices = np.array(rows, dtype=float), np.arange(len(rows))
    halves = [slice(0, cut), slice(cut, None)]
    assert merge_fronts([front_of(array[h], indices[h]) for h in halves]) == front_of(
        array, indices
    )
    values = array[:, 0]
    whole = sorted((v, int(i)) for v, i in zip(values.tolist(), indices, strict=True))[:k]
    assert merge_best([best_of(values[h], indices[h], k) for h in halves], k) == whole


# --- grids reduced in cache --------------------------------------------------------------------------


def hairnet_model(**labels: Any) -> Variant:
    return Variant.of(simulate("hairnet", "accel_1tflops"), labels)


def worn_model() -> Variant:
    """HairNet on a machine that launches rows, reaches shares, and takes time on chip."""
    base = simulate("hairnet", "accel_1tflops")
    traits = {
        "launch": 1e-4,
        "on_chip_bandwidth": 2e9,
        "write_bandwidth": 5e8,
        "efficiency": {"conv2d": Efficiency(compute=0.5, bandwidth=0.25)},
    }
    return Variant.of(simulated(base.network, base.profile.model_copy(update=traits)), {})


HAIRNET = hairnet_model()
WORN = worn_model()
WORDS = ["hw.bandwidth", "hw.on_chip_memory", "hw.matrix", "hw.host"]
# repeated values make ties
VALUES = {
    "hw.bandwidth": [1e9, 2e9, 2e9, 5e8], "hw.on_chip_memory": [802816.0, 802815.0, 1e6, 1e6, 7e6],
    "hw.matrix": [1e12, 1e12, 3e11], "hw.host": [1e9, 4e9, 1e9],
}  # fmt: skip


def merged(plan: ScanPlan) -> tuple[Any, Any, int]:
    parts: list[ScanPart] = [evaluate_part(plan, *limits) for limits in plan.ranges()]
    return (
        merge_best([p.best for p in parts], plan.k),
        merge_fronts([p.front for p in parts]),
        sum(p.feasible for p in parts),
    )


@settings(max_examples=40, deadline=None)
@given(st.permutations(WORDS), st.integers(1, 4), st.sets(st.sampled_from(WORDS), max_size=3), st.integers(0, 9),
       st.sampled_from([(), ("hw.matrix < 1 TFLOPS",), ("hw.bandwidth >= 1 GB/s", "hw.host <= 2 GFLOPS")]),
       st.sampled_from([1, 4, 1 << 15]))  # fmt: skip
def test_blocks_find_what_points_find(
    order: list[str], axes: int, objectives: set[str], k: int, where: tuple[str, ...], piece: int
) -> None:
    """Same indices, counts and feasible points as evaluating point by point, whatever the axis order."""
    chosen = order[:axes]
    space = Space(tuple(Axis(w, "list", tuple(VALUES[w])) for w in chosen), (HAIRNET, WORN))
    words = ["total_time", *(w for w in chosen if w in objectives)]
    rules = tuple(Formula(text) for text in where if Formula(text).words <= set(chosen))
    options: dict[str, Any] = {"k": k, "pareto": tuple(map(Objective, words)), "where": rules}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "LEAST", 1)
        patch.setattr(blocks, "PIECE", piece)
        fast = ScanPlan(space, **options)
        # nothing is left by the constraints
        if fast.grid is None:
            return
        slow = ScanPlan(space, **options, derive=(("same", Formula("total_time")),))
        assert slow.grid is None
        best, front, feasible = merged(fast)
        best_slow, front_slow, feasible_slow = merged(slow)
    assert feasible == feasible_slow
    assert [i for _, i in best] == [i for _, i in best_slow]
    assert [(i, c) for _, i, c in front] == [(i, c) for _, i, c in front_slow]
    np.testing.assert_allclose([v for v, _ in best], [v for v, _ in best_slow], rtol=1e-12)


def test_the_best_point_is_simulates() -> None:
    """The reported figures of a point are simulate's, to the last bit of the closed form."""
    space = Space((read_axis("hw.bandwidth", "[1 GB/s, 2 GB/s]"),), (HAIRNET,))
    (row,) = ScanPlan(space).rows([0])
    assert row["total_time"] == pytest.approx(
        simulate("hairnet", "accel_1tflops").total_time, rel=1e-15
    )
    # the sum over the Appendix's rows
    assert row["external_bytes"] == 120513376


def test_grid_order_is_row_major() -> None:
    axes = (
        read_axis("hw.matrix", "[1 TFLOPS, 2 TFLOPS]"),
        read_axis("hw.host", "[1 GFLOPS, 2 GFLOPS, 3 GFLOPS]"),
    )
    space = Space(axes, (HAIRNET,))
    columns = space.machine_points(0, 6)
    expected = list(product([1e12, 2e12], [1e9, 2e9, 3e9]))
    assert list(zip(columns["hw.matrix"], columns["hw.host"], strict=True)) == expected


def test_rooms_import_only_downward() -> None:
    """Forms know no points, points no parts; inverse questions know forms alone."""
    below = {
        "forms": set(),
        "space": {"forms"},
        "running": {"forms", "space"},
        "inverse": {"forms"},
    }
    graph: Any = grimp.build_graph("costmodel", cache_dir=None)
    scans = "costmodel.studies.scan"
    for room, known in below.items():
        for module in graph.find_descendants(f"{scans}.{room}"):
            for other in graph.find_modules_directly_imported_by(module):
                if other.startswith(f"{scans}."):
                    assert other.split(".")[3] in known | {room}, (module, other)
