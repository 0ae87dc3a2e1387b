"""Inverse questions about the network of by_hand.py, against halving and steps by hand."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import Any

import by_hand
import pytest
from by_hand import FURTHER, INPUT, NETWORK, PLAIN, ROWS, SHARES, C, Numbers, P

import costmodel as cm
from costmodel.errors import InputError
from costmodel.studies.scan.inverse.outermost import outermost

ALL = PLAIN | FURTHER
LAUNCHED = PLAIN | {"matrix_launch": 1e-5, "host_launch": 2e-5, "overhead": 1e-3}
MACHINES = {"plain": PLAIN, "launched": LAUNCHED, "all": ALL}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    file = tmp_path / "h.yaml"
    file.write_text(NETWORK)
    return file


FIELDS = {
    "bandwidth": ("bandwidth",), "matrix": ("matrix",), "host": ("host",),
    "write_bandwidth": ("write_bandwidth",), "on_chip_bandwidth": ("on_chip_bandwidth",),
    "launch": ("matrix_launch", "host_launch"), "overhead": ("overhead",),
}  # fmt: skip
ASKED = [
    (name, timing, word)
    for name, timing in (
        ("plain", "serial"),
        ("all", "serial"),
        ("launched", "overlap"),
        ("all", "overlap"),
    )
    for word in FIELDS
    if FIELDS[word][0] in MACHINES[name]
]


@pytest.mark.parametrize(("name", "timing", "word"), ASKED)
def test_a_figure_that_just_meets_a_time(network: Path, name: str, timing: str, word: str) -> None:
    """Against halving of the sums by hand; a rate has to be as small as may be, a time as large."""
    machine, slower = MACHINES[name], word in ("launch", "overhead")
    low, high = (0.0, 1e3) if slower else (1e-3, 1e30)
    for shares in ({}, SHARES):
        profile = by_hand.profile(machine, shares)

        def total(value: float, shares: Numbers = shares) -> float:
            return by_hand.whole(machine | dict.fromkeys(FIELDS[word], value), shares, timing)[
                "total"
            ]

        base = by_hand.whole(machine, shares, timing)["total"]
        least = total(low if slower else high)
        for factor, sign in product((0.3, 0.7, 0.97, 1.03, 2.0, 9.0), ("<=", ">=")):
            limit = base * factor
            answer = cm.solve(
                network, profile, word, f"total_time {sign} {limit!r} s", timing=timing
            )
            if limit < least:
                # nothing is as fast as that, and everything as slow
                assert (answer.value, answer.possible) == (None, sign == ">=")
                said = "impossible, because even with" if sign == "<=" else "any value meets it"
                assert said in answer.reason
                continue
            bottom, top = low, high
            for _ in range(200):
                middle = (bottom + top) / 2 if slower else (bottom * top) ** 0.5
                if (total(middle) <= limit) == slower:
                    bottom = middle
                else:
                    top = middle
            assert answer.possible
            assert answer.value is not None
            assert answer.value == pytest.approx(top, rel=1e-9)
            extreme = "smallest" if (sign == "<=") != slower else "largest"
            assert answer.reason == f"the {extreme} {word} that meets the target"
            # to the last bit, rounding or not
            reached = cm.simulate(
                network, changed(machine, word, answer.value, shares), timing=timing
            )
            assert answer.achieved_total_time_s == pytest.approx(reached.total_time, rel=1e-13)
            assert answer.achieved_total_time_s * (1 - 1e-15) <= limit or sign == ">="
            assert answer.achieved_total_time_s * (1 + 1e-15) >= limit or sign == "<="


def changed(machine: Numbers, word: str, value: float, shares: Numbers) -> cm.HardwareProfile:
    return by_hand.profile(machine | dict.fromkeys(FIELDS[word], value), shares)


@pytest.mark.parametrize("timing", ["serial", "overlap"])
@pytest.mark.parametrize("name", ["launched", "all"])
def test_a_memory_that_just_meets_a_bound(network: Path, name: str, timing: str) -> None:
    """Every step of it, by hand: below the sum, the input and c the sizes 288, 576 and 1152 B."""
    steps = (1.0, *map(float, (P, INPUT, C)))
    profile = by_hand.profile(MACHINES[name])
    runs = [by_hand.whole(MACHINES[name] | {"memory": step}, None, timing) for step in steps]
    for word, unit, key in (("total_time", "s", "total"), ("external_bytes", "B", "external")):
        for run, other in zip(runs, [*runs[1:], None], strict=True):
            limits = {run[key], (run[key] + (other or run)[key]) / 2, run[key] * 1.5, run[key] / 2}
            for limit, sign in product(sorted(limits), ("<=", ">=")):
                bound = (
                    f"{word} {sign} {limit * (1 + (1e-12 if sign == '<=' else -1e-12))!r} {unit}"
                )
                answer = cm.solve(network, profile, "on_chip_memory", bound, timing=timing)
                met = [(one[key] <= limit) if sign == "<=" else (one[key] >= limit) for one in runs]
                if not any(met):
                    assert (answer.value, answer.possible) == (None, False)
                    worst = "unlimited" if sign == "<=" else "no"
                    best = (min if sign == "<=" else max)(one[key] for one in runs)
                    assert answer.reason == (
                        f"impossible, because even with {worst} on-chip memory it is {best:.6g} {unit}"
                    )
                    ends = [one["total"] for one in runs]
                    assert answer.achieved_total_time_s == pytest.approx(
                        min(ends) if sign == "<=" else max(ends), rel=1e-12
                    )
                elif sign == "<=":
                    first = met.index(True)
                    assert answer.value == steps[first]
                    assert answer.achieved_total_time_s == pytest.approx(
                        runs[first]["total"], rel=1e-12
                    )
                elif met[-1]:
                    assert (answer.value, answer.possible) == (None, True)
                    assert answer.reason == "any value meets it"
                else:
                    last = len(met) - 1 - met[::-1].index(True)
                    assert (answer.value, answer.possible) == (steps[last + 1] - 1, True)
                    assert answer.achieved_total_time_s == pytest.approx(
                        runs[last]["total"], rel=1e-12
                    )
                assert answer.unit == "B"


def test_what_a_memory_gives_it_meets(network: Path) -> None:
    """Asked for just what a simulation gave, that memory is the answer, whatever was rounded.

    Of a batch of 3 every map is three times as large.
    """
    for prime in (1000003, 1299709, 2750159, 4256233, 15485863, 32452843):
        for size in (P, INPUT, C):
            profile = by_hand.profile(PLAIN | {"bandwidth": prime, "memory": 3 * size})
            time = cm.simulate(network, profile, batch=3).total_time
            for target in (f"total_time <= {time!r} s", f"throughput >= {3 / time!r} /s"):
                answer = cm.solve(network, profile, "on_chip_memory", target, batch=3)
                assert (answer.value, answer.possible) == (3 * size, True)


@pytest.mark.parametrize(("word", "target", "possible", "reason"), [
    ("energy.static", "total_time <= 1 s", True, "nothing depends on energy.static"),
    ("energy.static", "total_time <= 1 us", False, "nothing depends on energy.static"),
    ("capacity", "total_time <= 1 s", True, "nothing depends on capacity"),
    ("bandwidth", "external_bytes <= 1 MB", True, "external_bytes do not depend on bandwidth; they are 9056 B"),
    ("bandwidth", "external_bytes <= 1 kB", False, "external_bytes do not depend on bandwidth; they are 9056 B"),
])  # fmt: skip
def test_what_nothing_depends_on(
    network: Path, word: str, target: str, possible: bool, reason: str
) -> None:
    """On 600 B c, r and their four readings are outside, and parameters: 6 x 1152 + 1280 B."""
    assert by_hand.whole(ALL)["external"] == 5 * 1152 + 1280 == 7040
    answer = cm.solve(network, by_hand.profile(ALL, capacity="1 MB"), word, target)
    assert (answer.value, answer.possible) == (None, possible)
    taken = by_hand.whole(ALL)["total"]
    if (word == "energy.static" and possible) or word == "bandwidth":
        assert answer.achieved_total_time_s == pytest.approx(taken, rel=1e-12)
    assert answer.reason == reason.replace("9056", "7040")


def test_what_moves_nothing(tmp_path: Path) -> None:
    """A view: no bytes cross the bus, whatever the bandwidth."""
    file = tmp_path / "v.yaml"
    file.write_text("name: V\nsource: s\ninput: [8]\nlayers:\n  - f: {kind: flatten}\n")
    answer = cm.solve(file, by_hand.profile(PLAIN), "bandwidth", "external_bytes <= 1 B")
    assert answer.possible
    assert answer.reason == "external_bytes do not depend on bandwidth; they are 0 B"


def test_the_edge_of_what_is_possible(network: Path) -> None:
    """With an endless bandwidth the run takes as long as its operations: no bandwidth is endless.

    41472 + 2 x 1152 operations at 2 MOP/s and 360 at 0.5 MOP/s, halves of powers of two: exactly.
    """
    machine = {"bandwidth": 2.0**20, "memory": 600.0, "matrix": 2.0**21, "host": 2.0**19}
    profile = by_hand.profile(machine)
    least = sum(line.matrix for line in ROWS.values()) / 2.0**21
    least += sum(line.host for line in ROWS.values()) / 2.0**19
    bare = cm.solve(network, profile, "bandwidth", f"total_time <= {least!r} s")
    assert (bare.value, bare.possible) == (None, False)
    assert bare.reason == (
        f"impossible, because even with infinite bandwidth the run takes {least:.6g} s"
    )
    assert bare.achieved_total_time_s == least
    other = cm.solve(network, profile, "bandwidth", f"total_time >= {least!r} s")
    assert (other.value, other.possible, other.reason) == (None, True, "any value meets it")
    # of a time none at all is possible
    overhead = by_hand.profile(machine | {"overhead": 1.0})
    rest = by_hand.whole(machine)["total"]
    none = cm.solve(network, overhead, "overhead", f"total_time <= {rest!r} s")
    assert (none.value, none.possible) == (0.0, True)
    worse = cm.solve(network, overhead, "overhead", f"total_time <= {rest * 0.999!r} s")
    assert (
        worse.reason
        == f"impossible, because even with no overhead at all the run takes {rest:.6g} s"
    )


def test_the_edge_of_what_is_possible_under_overlap(network: Path) -> None:
    """No faster than the operations: from where the last row, the relu, waits for the bus no more.

    On 600 B it moves 2 x 1152 B and compares 288 elements at 2**19 a second: 8 x 2**19 B/s. The
    first row moves 2304 B for 20736 operations at 2**21, p and q 1216 B for 1152, the sum nothing.
    """
    profile = by_hand.profile(
        {"bandwidth": 2.0**20, "memory": 600.0, "matrix": 2.0**21, "host": 2.0**19}
    )
    least = (20736 + 2 * 1152) / 2.0**21 + (288 + 72) / 2.0**19
    for sign, side in (("<=", "smallest"), (">", "largest")):
        asked = f"total_time {sign} {least!r} s"
        answer = cm.solve(network, profile, "bandwidth", asked, timing="overlap")
        assert answer.value == pytest.approx(8 * 2**19, rel=1e-12)
        assert answer.reason == f"the {side} bandwidth that meets the target"
    any_value = cm.solve(
        network, profile, "bandwidth", f"total_time >= {least!r} s", timing="overlap"
    )
    assert (any_value.value, any_value.possible) == (None, True)


def test_more_than_the_rest_takes(network: Path) -> None:
    """The least overhead that a time of powers of two, and nothing less, is longer with."""
    machine = {"bandwidth": 2.0**20, "memory": 600.0, "matrix": 2.0**21, "host": 2.0**19}
    rest = by_hand.whole(machine)["total"]
    profile = by_hand.profile(machine | {"overhead": 1.0})
    answer = cm.solve(network, profile, "overhead", f"total_time > {rest!r} s")
    assert answer.value is not None
    assert rest + answer.value > rest
    assert rest + answer.value * (1 - 1e-15) == rest


@pytest.mark.parametrize("timing", ["serial", "overlap"])
def test_a_memory_that_holds_tiles(network: Path, timing: str) -> None:
    """The least in which each map and parameter crosses once; and the least that holds any tiles."""
    tiled: dict[str, Any] = {"timing": timing, "traffic": "tiled", "placement": "all_external"}

    def moved(memory: float) -> float:
        profile = by_hand.profile(PLAIN | {"memory": memory})
        return float(cm.simulate(network, profile, **tiled).totals["external_bytes"])

    once = by_hand.whole(PLAIN, outside=True)["external"]
    profile = by_hand.profile(PLAIN)
    least = cm.solve(network, profile, "on_chip_memory", f"external_bytes <= {once!r} B", **tiled)
    assert least.value is not None
    assert moved(least.value) == once < moved(least.value - 1)
    any_tiles = cm.solve(network, profile, "on_chip_memory", "external_bytes <= 1 GB", **tiled)
    assert any_tiles.value is not None
    assert moved(any_tiles.value) > once
    with pytest.raises(InputError, match="tile"):
        moved(any_tiles.value - 1)


@pytest.mark.parametrize(
    "word", ["bandwidth", "matrix", "host", "launch", "overhead", "on_chip_bandwidth"]
)
def test_where_the_bottleneck_moves(network: Path, word: str) -> None:
    """There the time of a figure is that of the largest other lane."""
    answer = cm.solve(network, by_hand.profile(ALL), word, "total_time <= 10 s")
    lane = {"bandwidth": "transfer", "on_chip_bandwidth": "on_chip"}.get(word, word)
    assert answer.crossing is not None
    run = by_hand.whole(ALL | dict.fromkeys(FIELDS[word], answer.crossing))
    lanes = {
        one: run[one] for one in ("transfer", "on_chip", "matrix", "host", "launch", "overhead")
    }
    mine = lanes.pop(lane)
    if word == "bandwidth":
        # what it paces, writes being apart
        mine -= by_hand.whole(ALL | {"bandwidth": 1e300})["transfer"]
        lanes["writes"] = by_hand.whole(ALL | {"bandwidth": 1e300})["transfer"]
    assert mine == pytest.approx(max(lanes.values()), rel=1e-9)


@pytest.mark.parametrize(("word", "message"), [
    ("bandwith", "unknown resource 'bandwith'; did you mean 'bandwidth'"),
    ("write_bandwidth", "the profile states no 'write_bandwidth'; add 'write_bandwidth: ...' to it"),
    ("energy.static", "the profile states no 'energy.static'; add 'energy: {static: ...}' to it"),
])  # fmt: skip
def test_questions_that_have_no_answer(network: Path, word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cm.solve(network, by_hand.profile(PLAIN), word, "total_time <= 1 s")


@pytest.mark.parametrize("smallest", [True, False])
def test_a_target_that_no_number_meets(smallest: bool) -> None:
    """From 3 on the least is 3, up to 5 the largest is 5, wherever the search begins."""
    assert outermost(lambda value: False, 1.0, smallest=smallest) is None
    below, above = (lambda value: value >= 3), (lambda value: value <= 5)
    for start in (0.0, 1.0, 4.0, 1e300):
        found = outermost(below if smallest else above, start, smallest=smallest)
        assert found == (3 if smallest else 5)
    # where all do, the least with which a time is a number still, and the largest number
    end = outermost(lambda value: True, 4.0, smallest=smallest)
    assert end == (1e-300 if smallest else sys.float_info.max)
    # one that is known to be right is kept
    assert outermost(lambda value: True, 4.0, smallest=smallest, known=True) == 4


def test_throughput_is_samples_over_time(network: Path) -> None:
    """Of a batch of 3: 30 samples a second are 0.1 s."""
    batch: dict[str, Any] = {"batch": 3}
    one = cm.solve(network, by_hand.profile(PLAIN), "bandwidth", "throughput >= 30 /s", **batch)
    other = cm.solve(network, by_hand.profile(PLAIN), "bandwidth", "total_time <= 100 ms", **batch)
    assert one.value == other.value
    assert one.value is not None
