"""The list of terms on one small network, against the same sums in plain Python."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import by_hand
import numpy as np
import pytest
from by_hand import FURTHER, INPUT, NETWORK, PLAIN, ROWS, SHARES, SIZES, TIMINGS, C, Numbers, P

import costmodel as cm
from costmodel.core.quantities import MACHINE
from costmodel.core.terms import RUN_LANES
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
