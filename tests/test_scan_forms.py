"""The closed form against THE formula, and reductions against brute force."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PERFECT, all_traits, counted, further, networks

from costmodel.core.counting import Traits
from costmodel.core.formula import evaluate
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS
from costmodel.errors import BadValue
from costmodel.hardware.entries import Efficiency
from costmodel.studies.scan import cached_grid as blocks
from costmodel.studies.scan.axes import Axis, read_axis
from costmodel.studies.scan.closed_form import surface
from costmodel.studies.scan.formulas import Formula, Objective
from costmodel.studies.scan.models import model
from costmodel.studies.scan.plan import Part, Plan, evaluate_part
from costmodel.studies.scan.reduce import _efficient, efficient, front_of, merge_best, merge_fronts
from costmodel.studies.scan.space import Model, Space, draw
from costmodel.studies.scan.steps import Steps
from costmodel.studies.scan.surface import General
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
    form = surface(work, POLICY, CLOCK)
    assert form is not None
    result = evaluate(work, machine, POLICY, CLOCK)
    assert form.external_bytes(memory) == result.external_bytes.sum()
    assert form.total_time(machine)[0] == pytest.approx(float(result.total_time), rel=1e-12)
    times = form.times(machine)
    assert list(times) == [*result.lanes, "overhead"]
    assert times["overhead"] == machine.overhead
    for lane, theirs in result.lanes.items():
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
    form = surface(work, POLICY, CLOCK)
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
            [1e-9, 1e30],
            rng.uniform(0.5, 2e6, 200),
        ]
    )
    assert np.array_equal(Steps(steps)(values), np.searchsorted(steps, values, side="right"))


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
    from costmodel.studies.scan.reduce import best_of

    array, indices = np.array(rows, dtype=float), np.arange(len(rows))
    halves = [slice(0, cut), slice(cut, None)]
    assert merge_fronts([front_of(array[h], indices[h]) for h in halves]) == front_of(
        array, indices
    )
    values = array[:, 0]
    whole = sorted((v, int(i)) for v, i in zip(values.tolist(), indices, strict=True))[:k]
    assert merge_best([best_of(values[h], indices[h], k) for h in halves], k) == whole


# --- grids reduced in cache --------------------------------------------------------------------------


def hairnet_model(**labels: Any) -> Model:
    return model(simulate("hairnet", "accel_1tflops"), labels)


def worn_model() -> Model:
    """HairNet on a machine that launches rows, reaches shares, and takes time on chip."""
    base = simulate("hairnet", "accel_1tflops")
    traits = {
        "launch": 1e-4,
        "on_chip_bandwidth": 2e9,
        "write_bandwidth": 5e8,
        "efficiency": {"conv2d": Efficiency(compute=0.5, bandwidth=0.25)},
    }
    return model(simulated(base.network, base.profile.model_copy(update=traits)), {})


HAIRNET = hairnet_model()
WORN = worn_model()
WORDS = ["hw.bandwidth", "hw.on_chip_memory", "hw.matrix", "hw.host"]
# repeated values make ties
VALUES = {
    "hw.bandwidth": [1e9, 2e9, 2e9, 5e8], "hw.on_chip_memory": [802816.0, 802815.0, 1e6, 1e6, 7e6],
    "hw.matrix": [1e12, 1e12, 3e11], "hw.host": [1e9, 4e9, 1e9],
}  # fmt: skip


def merged(plan: Plan) -> tuple[Any, Any, int]:
    parts: list[Part] = [evaluate_part(plan, *limits) for limits in plan.ranges()]
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
        fast = Plan(space, **options)
        # nothing is left by the constraints
        if fast.grid is None:
            return
        slow = Plan(space, **options, derive=(("same", Formula("total_time")),))
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
    (row,) = Plan(space).rows([0])
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


# --- axes and samples --------------------------------------------------------------------------------


def test_ranges_hit_round_values_exactly() -> None:
    assert read_axis("hw.bandwidth", "log(100 MB/s, 100 GB/s, 4)").grid() == [1e8, 1e9, 1e10, 1e11]
    assert 1e6 in read_axis("hw.on_chip_memory", "log(1 kB, 1 GB, 61)").grid()
    assert read_axis("arch.alpha", "linear(0.25, 1, 4)").grid() == [0.25, 0.5, 0.75, 1.0]
    # YAML's quotes say what is text
    assert read_axis("arch.word", "['@b', '3', 3, relu]").grid() == ["@b", "3", 3, "relu"]
    assert read_axis("arch.n", "3").grid() == [3]
    assert read_axis("hw.on_chip_memory", "[256 kB, 1 MiB]").grid() == [256e3, 2.0**20]
    assert read_axis("batch", "[1, 8]").grid() == [1, 8]


@pytest.mark.parametrize(("name", "text", "message"), [
    ("hw.bandwith", "[1 GB/s]", "did you mean 'hw.bandwidth'"), ("hw.bandwidth", "[1 GB]", "is a memory, not a bandwidth"),
    ("hw.bandwidth", "[1]", "has no unit"), ("hw.bandwidth", "log(1 GB/s)", "takes 2 ends and a count"),
    ("hw.bandwidth", "log(1 GB/s, 2 GB/s, 0)", "is no count"), ("hw.bandwidth", "log(2 GB/s, 1 GB/s, 3)", "runs from"),
    ("hw.matrix", "log(1 GFLOPS, 1 TFLOPS, 99999999999)", "is no count"), ("dtype", "log(1, 2, 3)", "takes words"),
    ("batch", "[0]", "no batch size"), ("hw.matrix", "[]", "has no values"), ("batch", "[1.5]", "no batch size"),
])  # fmt: skip
def test_bad_axes(name: str, text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        read_axis(name, text)


@pytest.mark.parametrize("sample", ["random", "sobol", "lhs"])
@given(
    st.integers(1, 5), st.integers(0, 2**31), st.lists(st.integers(0, 64), min_size=2, max_size=5)
)
@settings(max_examples=15, deadline=None)
def test_samples_do_not_depend_on_the_ranges(
    sample: str, axes: int, seed: int, cuts: list[int]
) -> None:
    whole = draw(sample, axes, 64, seed, 0, 64)
    edges = sorted({0, 64, *cuts})
    pieces = [draw(sample, axes, 64, seed, a, b) for a, b in pairwise(edges)]
    assert np.array_equal(whole, np.concatenate(pieces))
    assert whole.min() >= 0
    assert whole.max() < 1


def test_lhs_is_a_latin_hypercube() -> None:
    """One point in each of n equal slices of every axis: the definition."""
    shares = draw("lhs", 3, 50, 1, 0, 50)
    for axis in shares.T:
        assert sorted((axis * 50).astype(int)) == list(range(50))


@pytest.mark.parametrize(("text", "columns", "value"), [
    ("hw.matrix <= 8 TFLOPS", {"hw.matrix": np.array([8e12, 8.1e12])}, [True, False]),
    ("total_time * 1000 + 1 ms", {"total_time": np.array([1.0])}, [1000.001]),
    ("max(hw.host, 2 GFLOPS) / 1 GFLOPS", {"hw.host": np.array([1e9, 3e9])}, [2.0, 3.0]),
    ("where(batch > 1, 1, 0)", {"batch": np.array([1, 2])}, [0, 1]),
])  # fmt: skip
def test_formulas(text: str, columns: dict[str, Any], value: list[Any]) -> None:
    assert np.asarray(Formula(text)(columns)).tolist() == pytest.approx(value)


@pytest.mark.parametrize(("text", "message"), [
    ("hw.matrix <= 8 TB", "'hw.matrix' is compared with a memory"), ("hw.matrx <= 1", "did you mean 'hw.matrix'"),
    ("hw.matrix <", "not an expression"), ("open('x')", "not defined"),
])  # fmt: skip
def test_bad_formulas(text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        checked(Formula(text))


def checked(formula: Formula) -> None:
    formula.check({"hw.matrix"})
    formula({"hw.matrix": 1.0})
