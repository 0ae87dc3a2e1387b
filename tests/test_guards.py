"""Scans of the network of by_hand.py point by point, and where a closed form does not hold."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import by_hand
import numpy as np
import pytest
from by_hand import FURTHER, INPUT, NETWORK, PLAIN, ROWS, SHARES, TIMINGS, C, P

import costmodel as cm
from costmodel.core import terms
from costmodel.core.machine import Machine
from costmodel.core.terms import Term
from costmodel.errors import InputError
from costmodel.studies.scan.forms import general
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.space.variant import Variant

ALL = PLAIN | FURTHER
LAUNCHED = PLAIN | {"matrix_launch": 1e-5, "host_launch": 2e-5, "overhead": 1e-3}
# One pace a row, and several.
MACHINES = {
    "plain": PLAIN, "launched": LAUNCHED, "writes": PLAIN | {"write_bandwidth": 4e5},
    "chip": PLAIN | {"on_chip_bandwidth": 3e6}, "all": ALL,
    "energy": LAUNCHED | {word: FURTHER[word] for word in by_hand.ENERGIES},
}  # fmt: skip
MEMORIES = (1.0, P - 1.0, float(P), INPUT - 1.0, float(INPUT), C - 1.0, float(C), 1e9)
COLUMNS = {
    "total_time": "total", "transfer_time": "transfer", "on_chip_time": "on_chip",
    "matrix_time": "matrix", "host_time": "host", "launch_time": "launch",
    "overhead_time": "overhead", "external_bytes": "external", "energy": "energy",
}  # fmt: skip


@pytest.fixture
def network(tmp_path: Path) -> Path:
    file = tmp_path / "h.yaml"
    file.write_text(NETWORK)
    return file


# --- scans --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("timing", TIMINGS)
def test_every_point_and_column(network: Path, timing: str, name: str) -> None:
    """Memories on a map's size and a byte below it, three bandwidths and two rates."""
    for shares, place in product(({}, SHARES), ("per_tensor", "all_external")):
        bandwidths, rates = (1e5, 1e6, 3e7), (2e6, 2e8)
        table = cm.scan(
            network,
            by_hand.profile(MACHINES[name], shares),
            timing=timing,
            placement=place,
            axes={
                "hw.on_chip_memory": [f"{size!r} B" for size in MEMORIES],
                "hw.bandwidth": [f"{value!r} B/s" for value in bandwidths],
                "hw.matrix": [f"{value!r} OP/s" for value in rates],
            },
        )
        points = product(MEMORIES, bandwidths, rates)
        for (_, told), (memory, bandwidth, rate) in zip(table.iterrows(), points, strict=True):
            machine = MACHINES[name] | {"memory": memory, "bandwidth": bandwidth, "matrix": rate}
            expected = by_hand.whole(machine, shares, timing, outside=place == "all_external")
            for column, word in COLUMNS.items():
                if column in told or (expected[word] and column != "energy"):
                    assert told[column] == pytest.approx(expected[word], rel=1e-12, abs=1e-18)


AXES: dict[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = {
    "hw.host": ("OP/s", ("host",), (1e4, 5e5, 1e7)),
    "hw.write_bandwidth": ("B/s", ("write_bandwidth",), (1e5, 1e6)),
    "hw.on_chip_bandwidth": ("B/s", ("on_chip_bandwidth",), (1e5, 1e7)),
    "hw.launch": ("s", ("matrix_launch", "host_launch"), (0.0, 1e-4)),
    "hw.overhead": ("s", ("overhead",), (0.0, 1e-2)),
    "hw.energy.static": ("W", ("static_power",), (0.0, 1.0)),
    "hw.energy.external_byte": ("J", ("external_byte_energy",), (0.0, 1e-8)),
    "hw.energy.on_chip_byte": ("J", ("on_chip_byte_energy",), (0.0, 1e-8)),
    "hw.energy.operation": ("J", ("operation_energy",), (0.0, 1e-8)),
}


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("timing", ["serial", "overlap"])
def test_every_axis(network: Path, timing: str, axis: str) -> None:
    """The other figures of a machine, one at a time."""
    unit, fields, values = AXES[axis]
    for shares in ({}, SHARES):
        table = cm.scan(
            network,
            by_hand.profile(ALL, shares),
            timing=timing,
            axes={axis: [f"{value!r} {unit}" for value in values]},
        )
        for (_, told), value in zip(table.iterrows(), values, strict=True):
            expected = by_hand.whole(ALL | dict.fromkeys(fields, value), shares, timing)
            for column, word in COLUMNS.items():
                if column in told:
                    assert told[column] == pytest.approx(expected[word], rel=1e-12, abs=1e-18)


@pytest.mark.parametrize("name", ["plain", "all"])
def test_more_points_than_a_piece(network: Path, name: str) -> None:
    """40 000 random machines, of which a few are looked at; and the best of them."""
    axes = {
        "hw.bandwidth": "log(100 kB/s, 100 MB/s)",
        "hw.matrix": "log(1 MOP/s, 1 GOP/s)",
        "hw.on_chip_memory": "log(100 B, 10 kB)",
    }
    for timing in ("serial", "overlap"):
        table = cm.scan(
            network,
            by_hand.profile(MACHINES[name]),
            axes=axes,
            timing=timing,
            sample="random",
            n=40_000,
        )
        totals = table["total_time"].to_numpy()
        for at in (0, 1, 32767, 32768, 39_999, int(totals.argmin())):
            point = table.iloc[at]
            machine = MACHINES[name] | {
                "bandwidth": point["hw.bandwidth"], "matrix": point["hw.matrix"],
                "memory": point["hw.on_chip_memory"],
            }  # fmt: skip
            expected = by_hand.whole(machine, None, timing)
            assert totals[at] == pytest.approx(expected["total"], rel=1e-12)
            assert point["external_bytes"] == expected["external"]


def test_on_chip_bytes_are_a_second_pace() -> None:
    """HairNet under overlap: a scan gives what `simulate` does, 0.0533 s, and not 0.0192 s."""
    profile = cm.load_profile("accel_1tflops").model_copy(update={"on_chip_bandwidth": 2e9})
    alone = cm.simulate("hairnet", profile, timing="overlap").total_time
    table = cm.scan(
        "hairnet", profile, timing="overlap", axes={"hw.on_chip_bandwidth": ["2 GB/s", "4 GB/s"]}
    )
    assert table["total_time"][0] == pytest.approx(alone, rel=1e-12)
    assert table["total_time"][1] < alone


VIEW = "name: V\nsource: s\ninput: [4, 6, 6]\nlayers:\n  - f: {kind: flatten}\n"


def test_a_network_that_asks_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view takes no time on any machine, and a profile without energies no energy."""
    file = tmp_path / "v.yaml"
    file.write_text(VIEW)
    for timing in TIMINGS:
        axes = {"hw.bandwidth": ["1 MB/s", "2 MB/s"]}
        table = cm.scan(file, by_hand.profile(PLAIN), axes=axes, timing=timing)
        assert table["total_time"].tolist() == [0, 0]
        assert "energy" not in table
    form = Variant.of(cm.simulate(file, by_hand.profile(PLAIN), timing="serial")).form
    empty = np.empty

    def unwritten(shape: Any, **further: Any) -> Any:
        return np.full(shape, np.nan) if not further else empty(shape, **further)

    monkeypatch.setattr(np, "empty", unwritten)
    columns = form.columns(Machine(1e6, 600.0, 2e7, 5e5), 1)
    assert columns.keys() >= {"total_time", "external_bytes"}
    assert "energy" not in columns
    assert columns["total_time"].tolist() == [0]


def test_seconds_by_the_byte(
    tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second for each byte over the bus, whatever the machine; a view moves none."""
    monkeypatch.setattr(terms, "TERMS", [Term("launch", "external_bytes"), *terms.TERMS])
    file = tmp_path / "v.yaml"
    file.write_text(VIEW)
    axes = {"hw.on_chip_memory": ["1 B", "1 kB"]}
    table = cm.scan(file, by_hand.profile(PLAIN), axes=axes)
    assert table["total_time"].tolist() == [0, 0]
    table = cm.scan(network, by_hand.profile(PLAIN), axes=axes)
    for told, memory in zip(table["total_time"], (1.0, 1e3), strict=True):
        expected = by_hand.whole(PLAIN | {"memory": memory})
        assert told == pytest.approx(expected["total"] + expected["external"], rel=1e-12)


def test_a_figure_on_the_bus_and_beside_it(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run takes once it takes for each byte read as well: 1 us, at 100 MB/s, is found again.

    On 600 B r, p and q read 1152 B from outside, in 1.15 ms and more, which is longer than they
    compute; c and a compute for longer than they move.
    """
    read = Term("transfer", "read", "overhead", "multiplied")
    monkeypatch.setattr(terms, "TERMS", [*terms.TERMS, read])
    machine = PLAIN | {"bandwidth": 1e8}
    rows = by_hand.rows(machine, {}, "overlap", outside=False)
    total = 1e-6
    for name, row in rows.items():
        reads = 1152e-6 if name in "rpq" else 0.0
        total += max(row["transfer"] + reads, row["matrix"] + row["host"])
    profile = by_hand.profile(machine | {"overhead": 1e-3})
    asked = f"total_time <= {total!r} s"
    answer = cm.solve(network, profile, "overhead", asked, timing="overlap")
    assert answer.value == pytest.approx(1e-6, rel=1e-9)


def test_more_rows_than_are_evaluated_at_once(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five rows where two values are; the machine as it is, and with twice its bandwidth."""
    monkeypatch.setattr(general, "VALUES", 2)
    axes = {"hw.bandwidth": ["1 MB/s", "2 MB/s"]}
    table = cm.scan(network, by_hand.profile(PLAIN), axes=axes, timing="partial")
    for at, bandwidth in enumerate((1e6, 2e6)):
        expected = by_hand.whole(PLAIN | {"bandwidth": bandwidth}, None, "partial")["total"]
        assert table["total_time"][at] == pytest.approx(expected, rel=1e-12)


def test_a_time_on_an_engine_is_no_rate(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup of 1 ms for each operation of an engine beside its rate: no ratio sorts the rows."""
    monkeypatch.setattr(
        terms, "TERMS", [*terms.TERMS, Term("host", "host_work", "overhead", "multiplied")]
    )
    machine = PLAIN | {"overhead": 1e-3}
    profile = by_hand.profile(machine)
    run = cm.simulate(network, profile, timing="overlap")
    rows = by_hand.rows(machine, {}, "overlap", outside=False)
    expected = 1e-3
    for name, row in rows.items():
        expected += max(row["transfer"], row["matrix"] + row["host"] + 1e-3 * ROWS[name].host)
    assert run.total_time == pytest.approx(expected, rel=1e-12)
    axes = {"hw.bandwidth": ["1 MB/s", "2 MB/s"]}
    table = cm.scan(network, profile, axes=axes, timing="overlap")
    assert table["total_time"][0] == pytest.approx(expected, rel=1e-12)


def test_tiles_do_not_fit(network: Path) -> None:
    """A scan of tiled rows begins at a memory that holds the smallest tiles of all rows."""
    asked: dict[str, Any] = {"traffic": "tiled", "placement": "all_external"}
    profile = by_hand.profile(PLAIN)
    with pytest.raises(
        InputError, match=r"hw.on_chip_memory: no row can be tiled in 1 bytes on chip"
    ):
        cm.scan(network, profile, axes={"hw.on_chip_memory": ["1 B", "5 kB"]}, **asked)
    memories = (16.0, 100.0, 577.0, 1151.0, 1152.0, 5e3, 1e6)
    for timing in ("serial", "overlap"):
        table = cm.scan(
            network, profile, timing=timing,
            axes={"hw.on_chip_memory": [f"{size!r} B" for size in memories]}, **asked,
        )  # fmt: skip
        for size, total, moved in zip(
            memories, table["total_time"], table["external_bytes"], strict=True
        ):
            run = cm.simulate(
                network, by_hand.profile(PLAIN | {"memory": size}), timing=timing, **asked
            )
            assert total == pytest.approx(run.total_time, rel=1e-12)
            assert moved == run.totals["external_bytes"]
    # with room for everything each map and parameter crosses once
    assert moved == by_hand.whole(PLAIN, outside=True)["external"]


def test_algorithms_on_a_link_are_chosen_at_each_point(tmp_path: Path) -> None:
    """3 x 24 elements of 4 B among 4 devices: l + 3 s / b, or 2 l + 1.5 s / b; no closed form."""
    (tmp_path / "r.yaml").write_text(
        "name: R\nsource: s\ninput: [3, 24]\nlayers:\n  - sum: {kind: all_reduce, devices: 4}\n"
    )
    (tmp_path / "m.yaml").write_text(
        "name: M\nsource: s\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\n"
        "host: 1 TFLOPS\nlink: {bandwidth: 1 MB/s}\n"
    )
    latencies = (0.0, 1e-5, 1e-3)
    for timing in ("serial", "overlap"):
        table = cm.scan(
            tmp_path / "r.yaml", tmp_path / "m.yaml", timing=timing,
            axes={"hw.link.latency": [f"{value!r} s" for value in latencies]},
        )  # fmt: skip
        size = 288 / 1e6
        for latency, told in zip(latencies, table["link_time"], strict=True):
            assert told == pytest.approx(min(latency + 3 * size, 2 * latency + 1.5 * size))
        with pytest.raises(InputError, match="has no closed form; solve with placement per_tensor"):
            cm.solve(tmp_path / "r.yaml", tmp_path / "m.yaml", "bandwidth", "total_time <= 1 s",
                     timing=timing)  # fmt: skip


def test_what_packs_or_looks_ahead_has_no_closed_form(network: Path) -> None:
    profile = by_hand.profile(PLAIN)
    every: list[dict[str, Any]] = [
        {"placement": "resident"}, {"timing": "partial"}, {"timing": "pipelined"},
    ]  # fmt: skip
    for choices in every:
        with pytest.raises(InputError, match=r"placement '\w+' with timing '\w+' has no closed"):
            cm.solve(network, profile, "bandwidth", "total_time <= 1 s", **choices)
        table = cm.scan(network, profile, axes={"hw.bandwidth": ["1 MB/s", "3 MB/s"]}, **choices)
        for bandwidth, told in zip((1e6, 3e6), table["total_time"], strict=True):
            here = by_hand.profile(PLAIN | {"bandwidth": bandwidth})
            assert told == pytest.approx(
                cm.simulate(network, here, **choices).total_time, rel=1e-12
            )
    large = by_hand.profile(PLAIN | {"memory": 4e3})
    with pytest.raises(InputError, match="has no closed form"):
        cm.solve(network, large, "bandwidth", "total_time <= 1 s", traffic="tiled")
    deep: dict[str, Any] = {"traffic": "fused", "placement": "all_external"}
    run = cm.simulate(network, large, **deep)
    assert closed_form(run.workload, *run.policies.models) is None
