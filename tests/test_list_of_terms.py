"""The list of terms on one small network, against the same sums in plain Python."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import by_hand
import numpy as np
import pytest
from by_hand import FURTHER, INPUT, NETWORK, PLAIN, ROWS, SHARES, SIZES, TIMINGS, C, Numbers, P

import costmodel as cm
from costmodel.core import registry, terms
from costmodel.core.formula import evaluate
from costmodel.core.lanes import RUN_LANES
from costmodel.core.placing import place
from costmodel.core.quantities import MACHINE
from costmodel.core.terms import Term
from costmodel.studies.run import Run

ALL = PLAIN | FURTHER
EVERY: dict[str, Numbers] = {"plain": PLAIN, "all": ALL} | {
    # one figure at a time
    **{word: PLAIN | {word: value} for word, value in FURTHER.items() if "launch" not in word},
    "launches": PLAIN | {"matrix_launch": 1e-5, "host_launch": 2e-5},
    **{f"{size:.0f} B": ALL | {"memory": size} for fit in SIZES for size in (fit - 1.0, float(fit))},
    # everything on chip, and nothing
    "large": ALL | {"memory": 1e9},
    "small": ALL | {"memory": 1.0},
}  # fmt: skip


def simulated(folder: Path, machine: Numbers, shares: Numbers | None = None, **choices: Any) -> Run:
    (folder / "h.yaml").write_text(NETWORK)
    return cm.simulate(folder / "h.yaml", by_hand.profile(machine, shares), **choices)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("timing", TIMINGS)
def test_rows_and_totals(tmp_path: Path, name: str, timing: str) -> None:
    for shares in ({}, SHARES):
        run = simulated(tmp_path, EVERY[name], shares, timing=timing)
        rows = by_hand.rows(EVERY[name], shares, timing, outside=False)
        layers = run.layers.set_index("id")
        for row, one in rows.items():
            told = layers.loc[row]
            assert told.external_bytes == one["external"]
            assert told.ops == one["operations"]
            assert told.total_time_s == pytest.approx(one["total"], rel=1e-12)
            assert told.transfer_time_s == pytest.approx(one["transfer"], rel=1e-12)
            busy = [one[word] for word in ("transfer", "on_chip", "matrix", "host", "launch")]
            words = ("transfer", "on_chip", "matrix", "host", "launch")
            assert told.bound == words[busy.index(max(busy))]
        expected = by_hand.whole(EVERY[name], shares, timing)
        assert run.total_time == pytest.approx(expected["total"], rel=1e-12)
        for word in RUN_LANES:
            spent = run.lane_times.get(word, 0.0)
            assert spent == pytest.approx(expected.get(word, 0.0), rel=1e-12), word
        if "energy_J" in run.totals or expected["energy"]:
            assert run.totals["energy_J"] == pytest.approx(expected["energy"], rel=1e-12)
        assert run.totals["peak_internal_bytes"] == alive(EVERY[name]["memory"])


def alive(memory: float) -> int:
    """Bytes on chip at once: c is read by r and later by q, so it stays beside r and p."""
    fits = {size: size if size <= memory else 0 for size in SIZES}
    small, large, last = (fits[size] for size in SIZES)
    return max(small + large, 2 * large, 2 * large + last, large + 2 * last, 3 * last)


@pytest.mark.parametrize("name", ["plain", "all"])
def test_everything_outside(tmp_path: Path, name: str) -> None:
    run = simulated(tmp_path, EVERY[name], SHARES, placement="all_external")
    expected = by_hand.whole(EVERY[name], SHARES, outside=True)
    assert run.total_time == pytest.approx(expected["total"], rel=1e-12)
    assert run.totals["external_bytes"] == expected["external"]


def test_many_machines_at_once(tmp_path: Path) -> None:
    """Every figure as an array: each point is as alone, whatever its shape."""
    run = simulated(tmp_path, ALL, SHARES, timing="overlap")
    rng = np.random.default_rng(0)
    names = {"memory": "memory"} | {word: word for word in ALL if word != "memory"}
    points = {word: rng.uniform(0.5, 2.0, (2, 3)) * ALL[word] for word in names}
    points["memory"] = np.array([[575.0, 576.0, 1152.0], [288.0, 287.0, 5000.0]])
    result = run.on(run.machine.replace(**points))
    for at in np.ndindex(2, 3):
        machine = {word: float(values[at]) for word, values in points.items()}
        expected = by_hand.whole(machine, SHARES, "overlap")
        assert result.total_time[at] == pytest.approx(expected["total"], rel=1e-12)
        assert result.external_bytes[at].sum() == expected["external"]
        assert result.total_energy is not None
        assert result.total_energy[at] == pytest.approx(expected["energy"], rel=1e-12)
        assert result.all_lanes["on_chip"][at].sum() == pytest.approx(
            expected["on_chip"], rel=1e-12
        )
        assert result.launch[at].sum() == pytest.approx(expected["launch"], rel=1e-12)
        assert result.plan.on_chip[at].sum() == sum(
            size <= machine["memory"] for size in (INPUT, C, C, P, P, P)
        )


def test_no_energy_where_none_is_stated(tmp_path: Path) -> None:
    run = simulated(tmp_path, PLAIN)
    assert run.energy is None
    assert "energy_J" not in run.totals
    assert run.result.energy is None
    assert run.result.total_energy is None
    assert run.result.link is None


SAVED = {
    "bandwidth": "transfer", "on_chip_bandwidth": "on_chip", "matrix": "matrix", "host": "host",
    "overhead": "overhead",
}  # fmt: skip


def test_what_each_figure_decides(tmp_path: Path) -> None:
    """The share of a figure: its lane as long as it takes no time at all, all rows together.

    Of two bandwidths each decides its own bytes; of a launch what the routines take besides is not
    the engines'.
    """
    run = simulated(tmp_path, ALL, SHARES)
    expected = by_hand.whole(ALL, SHARES)
    effects = cm.sensitivity(tmp_path / "h.yaml", by_hand.profile(ALL, SHARES))
    shares = effects.set_index("resource").share
    endless = ALL | {"bandwidth": math.inf}
    writes = by_hand.whole(endless, SHARES)["transfer"]
    wanted = {word: expected[lane] for word, lane in SAVED.items()}
    wanted |= {"bandwidth": expected["transfer"] - writes, "write_bandwidth": writes}
    wanted["launch"] = 3 * 1e-5 + 2 * 2e-5
    for word, time in wanted.items():
        assert run.result.busy_time(MACHINE[word]) == pytest.approx(time, rel=1e-9), word
        assert shares[word] == pytest.approx(time / expected["total"], rel=1e-9), word
    assert run.result.busy_time(MACHINE["capacity"]) == 0


def test_reads_are_paced_by_the_bandwidth_alone_where_writes_have_none(tmp_path: Path) -> None:
    """And paces both."""
    run = simulated(tmp_path, PLAIN)
    expected = by_hand.whole(PLAIN)["transfer"]
    assert run.result.busy_time(MACHINE["bandwidth"]) == pytest.approx(expected, rel=1e-12)


# --- states, scratch, links ---------------------------------------------------------------------------

ATTEND = """name: S
source: hand arithmetic
input: [3, 24]
layers:
  - attend: {kind: attention, heads: 2, cache: true, context: 5}
  - moe: {kind: moe, experts: 2, top_k: 2, hidden: 4}
"""


def test_states_and_scratch_cross_the_bus_wherever_maps_live(tmp_path: Path) -> None:
    """fp32: keys and values of 8 for 5 tokens are read, of 3 written; two experts' kernels write
    3 x 2 x (3 x 4 + 8) numbers and read them again; their 8 x 2 + 2 x 3 x 8 x 4 weights are read.
    """
    (tmp_path / "s.yaml").write_text(ATTEND)
    machine = PLAIN | {"write_bandwidth": 4e5, "on_chip_bandwidth": 3e6, "memory": 1e9}
    run = cm.simulate(tmp_path / "s.yaml", by_hand.profile(machine))
    scratch, weights = 4 * 3 * 2 * (3 * 4 + 8), 4 * (16 + 2 * 3 * 8 * 4)
    state_read, state_written = 4 * 16 * 5, 4 * 16 * 3
    layers = run.layers.set_index("id")
    assert layers.external_bytes["attend"] == state_read + state_written
    assert layers.external_bytes["moe"] == 2 * scratch + weights
    reads, writes = state_read + scratch + weights, state_written + scratch
    assert run.totals["transfer_time_s"] == pytest.approx(reads / 1e6 + writes / 4e5, rel=1e-12)
    # the maps: 24 numbers a token in, 8 between, 8 out
    assert run.totals["on_chip_time_s"] == pytest.approx(4 * 3 * (24 + 8 + 8 + 8) / 3e6, rel=1e-12)
    table = cm.scan(
        tmp_path / "s.yaml", by_hand.profile(machine), axes={"hw.on_chip_memory": ["1 B", "1 GB"]}
    )
    assert table.transfer_time[1] == pytest.approx(run.totals["transfer_time_s"], rel=1e-12)
    assert table.transfer_time[0] == pytest.approx(
        (reads + 4 * 3 * (24 + 8)) / 1e6 + (writes + 4 * 3 * (8 + 8)) / 4e5, rel=1e-12
    )


def test_parameters_on_chip_are_loaded_by_the_first_run(tmp_path: Path) -> None:
    """With weights on chip a run moves none; the first one all: 1152 + 64 + 64 B."""
    run = simulated(tmp_path, PLAIN | {"memory": 1e6}, placement="resident+weights")
    assert run.totals["external_bytes"] == INPUT + P
    first = int(run.first.external_bytes.sum())
    assert first == INPUT + P + sum(line.params for line in ROWS.values())
    assert run.pinned_bytes == sum(line.params for line in ROWS.values())


# --- prefetching, packing, tiles, other packages -------------------------------------------------------

CHAIN = """name: P
source: hand arithmetic
convention: flops
input: [1000]
layers:
  - r: {kind: relu}
  - l: {kind: linear, features: 10, bias: false}
"""


@pytest.mark.parametrize(("memory", "waits"), [
    # all of the 40 000 B are fetched while r computes
    (1e5, 0.0),
    # r leaves 20 000 B beside its 4000 B, l 19 960 B beside 4040 B
    (24_000.0, 20_040 / 1e5),
    # the 40 B that l writes do not fit beside them and go out at once: 39 B are free, or none
    (4039.0, 39_961 / 1e5), (4000.0, 0.4),
])  # fmt: skip
def test_parameters_are_fetched_into_what_is_free(
    tmp_path: Path, memory: float, waits: float
) -> None:
    """r computes 1000 operations for 1 s; the bus, 100 kB/s, brings its 4000 B in 0.04 s.

    Then l waits for what of its 1000 x 10 parameters is left, and writes 10 numbers out. At half of
    the bandwidth parameters take twice as long: 0.8 s, which fit into r's second as well.
    """
    (tmp_path / "p.yaml").write_text(CHAIN)
    machine = {"bandwidth": 1e5, "memory": memory, "matrix": 1e9, "host": 1e3}
    for pace in (1.0, 0.5):
        shares = {"linear": {"parameters": pace}}
        profile = cm.HardwareProfile.model_validate({**profile_text(machine), "efficiency": shares})
        run = cm.simulate(tmp_path / "p.yaml", profile, placement="resident", timing="pipelined")
        expected = 1 + max(waits / pace + 40 / 1e5, 2 * 10_000 / 1e9)
        assert run.total_time == pytest.approx(expected, rel=1e-12)


def profile_text(machine: Numbers) -> dict[str, Any]:
    """The four figures with their units."""
    words = {"bandwidth": "B/s", "matrix": "OP/s", "host": "OP/s"}
    return {
        "name": "M", "source": "hand arithmetic", "on_chip_memory": f"{machine['memory']!r} B",
        **{word: f"{machine[word]!r} {unit}" for word, unit in words.items()},
    }  # fmt: skip


def test_what_is_loaded_and_stored_is_touched_on_chip_too(tmp_path: Path) -> None:
    """A map of 576 B comes, and one goes: 1152 B on the bus, and 1152 B on chip."""
    (tmp_path / "r.yaml").write_text(
        "name: R\nsource: s\ninput: [4, 6, 6]\nlayers:\n  - r: {kind: relu}\n"
    )
    machine = PLAIN | {"memory": 1e6, "on_chip_bandwidth": 1e3}
    run = cm.simulate(tmp_path / "r.yaml", by_hand.profile(machine), placement="resident")
    assert run.totals["external_bytes"] == 1152
    assert run.totals["on_chip_time_s"] == pytest.approx(1.152, rel=1e-12)


def test_tiles_that_come_again_are_on_chip_no_more(tmp_path: Path) -> None:
    """Everything a tiled row touches crosses the bus, some of it often: nothing is left on chip."""
    (tmp_path / "h.yaml").write_text(NETWORK)
    machine = PLAIN | {"memory": 100.0, "on_chip_bandwidth": 3e6}
    run = cm.simulate(
        tmp_path / "h.yaml", by_hand.profile(machine), placement="all_external", traffic="tiled"
    )
    once = by_hand.whole(PLAIN, outside=True)["external"]
    assert run.totals["external_bytes"] > once
    assert run.result.refetched.sum() == run.totals["external_bytes"] - once
    assert run.totals.get("on_chip_time_s", 0.0) == 0


def test_energy_where_nothing_is_drawn_all_the_time(tmp_path: Path) -> None:
    """And an overhead of a second, in which no row is at work."""
    run = simulated(tmp_path, PLAIN)
    result = run.on(run.machine.replace(external_byte_energy=1e-9, overhead=1.0))
    assert result.machine.static_power is None
    assert result.total_energy == pytest.approx(1e-9 * run.totals["external_bytes"], rel=1e-12)
    both = run.on(run.machine.replace(static_power=3.0, overhead=1.0))
    assert both.total_energy == pytest.approx(3 * (run.total_time + 1), rel=1e-12)


def test_placing_alone(tmp_path: Path) -> None:
    """One memory, several, or one level of them; each map once where no traffic model is named."""
    run = simulated(tmp_path, PLAIN)
    placement = run.policies.placement_model
    expected = [by_hand.whole(PLAIN | {"memory": size})["external"] for size in (600.0, 1152.0)]
    for memory in (np.array([1152.0, 600.0, 600.0]), (np.array([1152.0, 600.0]),)):
        placed = place(run.workload, memory, placement)
        assert placed.moved.total.sum(axis=1).tolist() == expected
    assert place(run.workload, 600.0, placement).moved.total.sum(axis=1).tolist() == expected[:1]
    tiled = cm.simulate(tmp_path / "h.yaml", by_hand.profile(PLAIN), traffic="tiled",
                        placement="all_external")  # fmt: skip
    traffic = tiled.policies.traffic_model
    moved = place(tiled.workload, 600.0, tiled.policies.placement_model, traffic).moved.total
    assert moved.sum() == tiled.totals["external_bytes"]
    held = simulated(tmp_path, PLAIN | {"memory": 1e6}, placement="resident+weights")
    rule = held.policies.placement_model
    assert place(held.workload, 1e6, rule).moved.total.sum() == INPUT + P
    whole = place(held.workload, 1e6, rule, first=True).moved.total.sum()
    assert whole == INPUT + P + sum(line.params for line in ROWS.values())
    models = (rule, held.policies.timing_model)
    assert evaluate(held.workload, held.machine, *models).external_bytes.sum() == INPUT + P


@pytest.mark.parametrize(("latency", "least"), [
    # 3 x 24 numbers of 4 B at 1 MB/s, among 4 devices: once for all, or in two steps
    (0.0, 1.5 * 288e-6), (1e-4, 2e-4 + 1.5 * 288e-6), (1e-3, 1e-3 + 3 * 288e-6),
])  # fmt: skip
def test_a_link(tmp_path: Path, latency: float, least: float) -> None:
    network = "name: R\nsource: s\ninput: [3, 24]\nlayers:\n"
    network += "  - r: {kind: relu}\n  - sum: {kind: all_reduce, devices: 4}\n"
    (tmp_path / "r.yaml").write_text(network)
    profile = cm.HardwareProfile.model_validate(
        {**profile_text(PLAIN), "link": {"bandwidth": "1 MB/s", "latency": f"{latency!r} s"}}
    )
    run = cm.simulate(tmp_path / "r.yaml", profile)
    assert run.totals["link_time_s"] == pytest.approx(least, rel=1e-12)
    # told on the link, computed by nobody's relu
    assert run.result.link is not None
    assert run.result.link[0] == 0
    layers = run.layers.set_index("id")
    assert layers.total_time_s["sum"] >= least
    # the relu moves 2 x 288 B of 288 B maps that fit, and compares; the other is told
    assert layers.bound.to_dict() == {"r": "host", "sum": "link"}
    assert run.blocks.bound.tolist() == ["host", "link"]


@pytest.mark.parametrize("place", ["per_tensor", "resident", "all_external"])
def test_one_memory_in_an_array(tmp_path: Path, place: str) -> None:
    """A single design point is told as an array of one, and takes what it takes by itself."""
    run = simulated(tmp_path, ALL, placement=place)
    machine = run.machine.replace(memory=np.array([ALL["memory"]]))
    placement, timing, traffic = run.policies.models
    result = evaluate(run.workload, machine, placement, timing, traffic)
    assert result.external_bytes.shape == (1, len(ROWS))
    assert result.total_time.tolist() == pytest.approx([run.total_time], rel=1e-12)


def test_a_figure_that_adds_nothing() -> None:
    """An endless rate, or no time and no energy at all: whatever is asked for takes none."""
    known = {name for quantity in MACHINE.values() for name in quantity.fields}
    for entry in terms.entries(known):
        if entry.figure:
            assert entry.applied(3.0, entry.idle) == 0


def test_what_decides_no_time(tmp_path: Path) -> None:
    """Energies are no time; and of what no row could ask for nothing is told."""
    run = simulated(tmp_path, ALL)
    for word in ("energy.operation", "energy.external_byte", "energy.static"):
        assert run.result.busy_time(MACHINE[word]) == 0
    with pytest.raises(KeyError, match="bytes of another kind"):
        run.result.amounts["bytes of another kind"]


def test_an_amount_that_follows_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function of all amounts: every byte read costs 1 us a byte and every parameter 2 us more."""

    def asked(amounts: Any) -> Any:
        return amounts["read"] + 3 * amounts["parameters"]

    plain = simulated(tmp_path, PLAIN)
    monkeypatch.setattr(terms, "TERMS", [*terms.TERMS, Term("launch", asked, "matrix", "divided")])
    run = simulated(tmp_path, PLAIN)
    reads = sum(
        sum(size for size in line.reads if size > PLAIN["memory"]) for line in ROWS.values()
    )
    params = sum(line.params for line in ROWS.values())
    more = (reads + 3 * params) / PLAIN["matrix"]
    assert run.total_time == pytest.approx(plain.total_time + more, rel=1e-12)
    table = cm.scan(
        tmp_path / "h.yaml", by_hand.profile(PLAIN), axes={"hw.bandwidth": ["1 MB/s", "2 MB/s"]}
    )
    assert table["total_time"][0] == pytest.approx(run.total_time, rel=1e-12)


@pytest.fixture
def checker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package whose machines have a host that checks every byte over the bus."""
    info = tmp_path / "checker-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: checker\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[costmodel.figures]\nchecked = checked_bytes:Checked\n")
    (tmp_path / "checked_bytes.py").write_text(
        "from costmodel.core.quantities import MachineQuantity\n"
        "from costmodel.core.terms import Figure, Term\n"
        "class Checked(Figure):\n"
        "    quantity = MachineQuantity('checked', 'bandwidth', 'checked', 'checked', ('checked',))\n"
        "    terms = (Term('host', 'external_bytes', 'checked'),)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.entry_points.cache_clear()
    before, known = list(terms.TERMS), set(MACHINE)
    yield
    terms.TERMS[:] = before
    for word in set(MACHINE) - known:
        del MACHINE[word]
    registry.entry_points.cache_clear()


def test_a_figure_of_another_package(tmp_path: Path, checker: None) -> None:
    """At 2 MB/s what crosses the bus of 1 MB/s takes half as long again; nobody gives another."""
    assert "unchecked" not in MACHINE
    (tmp_path / "h.yaml").write_text(NETWORK)
    profile = cm.HardwareProfile.model_validate({**profile_text(PLAIN), "checked": "2 MB/s"})
    run = cm.simulate(tmp_path / "h.yaml", profile)
    expected = by_hand.whole(PLAIN)
    more = expected["external"] / 2e6
    assert run.total_time == pytest.approx(expected["total"] + more, rel=1e-12)
