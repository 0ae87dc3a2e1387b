"""What the page works out, in a browser: quantities, terms and exposed times against sums by hand."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import by_hand
import pytest
from by_hand import FURTHER, INPUT, NETWORK, PLAIN, ROWS, SHARES, SIZES, TIMINGS, C, Numbers, P
from test_units import EXPECTED

import costmodel as cm
from costmodel.report.page.run_data import run_data
from costmodel.report.page.units_data import units_data
from costmodel.studies.run import Run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGE = Path(cm.__file__).parent / "report" / "page"
SCRIPTS = ("units.js", "model.js", "lanes.js")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
ALL = PLAIN | FURTHER


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """The scripts of the page, alone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        opened = browser.new_page()
        opened.set_default_timeout(10_000)
        for name in SCRIPTS:
            opened.add_script_tag(content=(PAGE / name).read_text())
        yield opened
        browser.close()


# --- quantities -----------------------------------------------------------------------------------------


def read(page: Any, texts: list[str], dimension: str, zero: bool = False) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = page.evaluate(
        "([texts, dimension, units, zero]) =>"
        " texts.map((text) => readQuantity(text, dimension, units, zero))",
        [texts, dimension, units_data(), zero],
    )
    return told


def test_every_unit(page: Any) -> None:
    """Prefixes by their rank: 64 KiB are 65 536 B, 3 us are 3e-6 s; rounded once."""
    for dimension in {dimension for dimension, _ in EXPECTED.values()}:
        units = {unit: size for unit, (kind, size) in EXPECTED.items() if kind == dimension}
        for number, exact in (("64", 64), ("0.7", 7), ("1.5e2", 150), ("25.6e-1", 256), (".5", 5)):
            tenths = 10 if number in ("0.7", ".5") else 100 if number == "25.6e-1" else 1
            told = read(page, [f"{number} {unit}" for unit in units], dimension)
            expected = [float(size * exact / tenths) for size in units.values()]
            assert [one.get("value") for one in told] == expected


@pytest.mark.parametrize(("text", "dimension", "value"), [
    ("1GB/s", "bandwidth", 1e9), ("  7 B ", "memory", 7), ("+4 kB", "memory", 4000),
    ("3. MB", "memory", 3e6), ("1e+3 B", "memory", 1000), ("1E3 B", "memory", 1000),
    ("1e30 B", "memory", 1e30), ("1e-3 B", "memory", 1e-3), ("123456789012345678 B", "memory", 123456789012345680.0),
    ("1e28 GB", "memory", None), ("1e21 GB", "memory", 1e30), ("1.1e21 GB", "memory", None),
    ("1e300 s", "time", None), ("10000e-4 B", "memory", 1), ("1e-999 s", "time", 0.0),
    (f"1{30 * '0'}.00 B", "memory", 1e30), (f"1{30 * '0'}.01 B", "memory", None),
])  # fmt: skip
def test_numbers(page: Any, text: str, dimension: str, value: float | None) -> None:
    """Up to 10^30 in SI units."""
    (told,) = read(page, [text], dimension)
    assert told.get("value") == value


@pytest.mark.parametrize(("text", "dimension", "reason"), [
    ("64 KB", "memory", "'KB' is not a unit. Write it like 1 MB."),
    ("64", "memory", "'64' has no unit. Write it like 1 MB."),
    (" 64 ", "memory", "'64' has no unit. Write it like 1 MB."),
    ("1 GB", "bandwidth", "'1 GB' is a memory, not a bandwidth. Write it like 1 GB/s."),
    ("0 GB/s", "bandwidth", "'0 GB/s' is not above zero. Write it like 1 GB/s."),
    ("-1 GB/s", "bandwidth", "'-1 GB/s' is not above zero. Write it like 1 GB/s."),
    ("fast", "bandwidth", "'fast' is not a bandwidth. Write it like 1 GB/s."),
    ("1e31 B", "memory", "'1e31 B' is beyond any machine. Write it like 1 MB."),
    ("1 min", "time", "'min' is not a unit. Write it like 10 ms."),
    ("1 toString", "time", "'toString' is not a unit. Write it like 10 ms."),
    ("1e1234 s", "time", "'4 s' is not a unit. Write it like 10 ms."),
])  # fmt: skip
def test_why_it_cannot_be_read(page: Any, text: str, dimension: str, reason: str) -> None:
    (told,) = read(page, [text], dimension)
    assert told == {"reason": reason}


def test_zero_where_it_is_a_figure(page: Any) -> None:
    """A launch may take no time, but never less."""
    zero, negative, less = read(page, ["0 ms", "-1 ms", "-0 s"], "time", zero=True)
    assert zero == {"value": 0}
    assert less == {"value": 0}
    assert negative == {"reason": "'-1 ms' is not above zero. Write it like 10 ms."}
    told = page.evaluate("(units) => readQuantity('0 ms', 'time', units)", units_data())
    assert told == {"reason": "'0 ms' is not above zero. Write it like 10 ms."}


@pytest.mark.parametrize(("value", "dimension", "text"), [
    (1e9, "bandwidth", "1 GB/s"), (2.56e5, "memory", "256 kB"), (0.5, "memory", "0.5 B"),
    (0.0123, "time", "12.3 ms"), (2e-9, "time", "2 ns"), (0.0, "time", "0 s"), (0.0, "memory", "0 B"),
    (19.5e12, "rate", "19.5 TFLOPS"), (3e15, "rate", "3 PFLOPS"), (1e-6, "time", "1 µs"),
    (999.0, "memory", "999 B"), (1000.0, "memory", "1 kB"), (1e6, "memory", "1 MB"),
    (1e12, "memory", "1 TB"), (5e18, "memory", "5000 PB"), (1.0, "time", "1 s"), (3e-11, "time", "0.03 ns"),
    # a hair below a prefix is that prefix; six digits are shown
    (1e9 * (1 - 1e-13), "bandwidth", "1 GB/s"), (1e9 * (1 - 1e-11), "bandwidth", "1000 MB/s"),
    (1e9 * (1 - 1e-12), "bandwidth", "1 GB/s"), (1234567.0, "memory", "1.23457 MB"), (2e-12, "energy", "2 pJ"),
])  # fmt: skip
def test_showing(page: Any, value: float, dimension: str, text: str) -> None:
    """The largest decimal prefix that keeps it at 1 or more."""
    told = page.evaluate(
        "([value, dimension, units]) => showQuantity(value, dimension, units)",
        [value, dimension, units_data()],
    )
    assert told == text


# --- columns --------------------------------------------------------------------------------------------


def test_unpacking(page: Any) -> None:
    """All equal, plain, numbered, by differences; a word, nothing at all."""
    columns = [7, "a", None, [3, 1, 2], {"of": [0.5, "b"], "at": [1, 0, 0]}, {"steps": [5, 1, -2]}]
    told = page.evaluate("(columns) => columns.map(unpack)", columns)
    assert told == [7, "a", None, [3, 1, 2], ["b", 0.5, 0.5], [5, 6, 4]]


# --- a run ----------------------------------------------------------------------------------------------

WORK_OUT = """([data, machines]) => {
  const run = opened(data);
  return machines.map((machine) => {
    const here = {...run.machine, ...machine};
    const result = evaluate(run, here);
    const plain = (values) => [...values];
    return {
      time: result.time, bytes: result.bytes, energy: result.energy, once: result.once,
      external: plain(result.external), total: plain(result.total),
      lanes: Object.fromEntries(rowLanes(run).map((lane) => [lane, sum(plain(result[lane]))])),
      exposed: exposedTotals(run, result),
      each: Object.fromEntries(Object.entries(exposedLanes(run, result)).map(([l, t]) => [l, plain(t)])),
      bound: plain(result.total).map((_, row) => largest(run, result, row)),
      alive: plain(alive(run, here.memory)),
    };
  });
}"""


def simulated(folder: Path, machine: Numbers, shares: Numbers | None = None, **choices: Any) -> Run:
    (folder / "h.yaml").write_text(NETWORK)
    return cm.simulate(folder / "h.yaml", by_hand.profile(machine, shares), **choices)


def worked_out(page: Any, run: Run, machines: list[Numbers]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = page.evaluate(WORK_OUT, [run_data(run), machines])
    return told


def exposed(one: Numbers, timing: str) -> tuple[float, float]:
    """What moving and what computing add to a row (docs/reports.md)."""
    moving, computing = one["transfer"] + one["on_chip"], one["matrix"] + one["host"]
    if timing == "serial":
        return moving, computing
    if timing == "partial":
        both = math.hypot(moving, computing)
        return moving**2 / both, computing**2 / both
    rest = one["exposed"] * min(moving, computing)
    return (moving, rest) if moving >= computing else (rest, computing)


OTHERS: list[Numbers] = [
    {}, {"bandwidth": 1e5}, {"bandwidth": 1e8, "matrix": 1e5}, {"host": 1e4}, {"memory": 1e9},
    *({"memory": size - off} for size in SIZES for off in (0.0, 1.0)), {"memory": 1.0},
]  # fmt: skip
MORE: list[Numbers] = [
    {"write_bandwidth": 1e5}, {"on_chip_bandwidth": 1e4}, {"matrix_launch": 1.0, "host_launch": 2.0},
    {"overhead": 3.0}, {"static_power": 0.0}, {"operation_energy": 1e-3},
]  # fmt: skip


@pytest.mark.parametrize("timing", TIMINGS)
@pytest.mark.parametrize("place", ["per_tensor", "all_external"])
def test_other_machines(page: Any, tmp_path: Path, timing: str, place: str) -> None:
    """Times, bytes, energy, exposed times, what binds and what is alive, as its figures are moved."""
    for machine, shares, others in ((PLAIN, {}, OTHERS), (ALL, SHARES, OTHERS + MORE)):
        run = simulated(tmp_path, machine, shares, timing=timing, placement=place)
        outside = place == "all_external"
        told = worked_out(page, run, others)
        for change, mine in zip(others, told, strict=True):
            here = machine | change
            rows = by_hand.rows(here, shares, timing, outside=outside)
            whole = by_hand.whole(here, shares, timing, outside=outside)
            assert mine["time"] == pytest.approx(whole["total"], rel=1e-12)
            assert mine["bytes"] == pytest.approx(whole["external"], abs=1e-6)
            assert mine["external"] == pytest.approx([one["external"] for one in rows.values()])
            assert mine["total"] == pytest.approx(
                [one["total"] for one in rows.values()], rel=1e-12
            )
            lanes = {word: whole.get(word, 0.0) for word in mine["lanes"]}
            assert mine["lanes"] == pytest.approx(lanes, rel=1e-12)
            assert [*lanes] == ["transfer", "on_chip", "matrix", "host", "launch", "link"]
            assert mine["once"] == pytest.approx({"overhead": whole["overhead"]})
            energy = whole["energy"] if machine is ALL else None
            assert mine["energy"] == (energy and pytest.approx(energy, rel=1e-12))
            check_exposed(mine, list(rows.values()), timing)
            assert mine["bound"] == [binding(one) for one in rows.values()]
            assert mine["alive"] == ([0] * 5 if outside else alive(here["memory"]))


def binding(one: Numbers) -> str:
    """The lane that takes most of a row."""
    lanes = ("transfer", "on_chip", "matrix", "host", "launch")
    return max(lanes, key=lambda lane: one[lane])


def check_exposed(mine: dict[str, Any], rows: list[Numbers], timing: str) -> None:
    """Of each side as its lanes divide it; over the lanes they sum to the row."""
    sides = {"transfer": 0, "on_chip": 0, "matrix": 1, "host": 1}
    pairs = {0: ("transfer", "on_chip"), 1: ("matrix", "host")}
    for lane, side in sides.items():
        expected = []
        for one in rows:
            busy = sum(one[word] for word in pairs[side])
            expected.append(one[lane] / busy * exposed(one, timing)[side] if busy else 0.0)
        assert mine["each"][lane] == pytest.approx(expected, rel=1e-9, abs=1e-15)
        assert mine["exposed"][lane] == pytest.approx(sum(expected), rel=1e-9, abs=1e-15)
    assert mine["each"]["launch"] == pytest.approx([one["launch"] for one in rows])
    assert sum(mine["exposed"].values()) == pytest.approx(mine["time"], rel=1e-9)


def alive(memory: float) -> list[int]:
    """Bytes of maps on chip in each row: c waits for q, p for a."""
    fits = {size: size if size <= memory else 0 for size in SIZES}
    first, large, last = (fits[size] for size in SIZES)
    return [first + large, 2 * large, 2 * large + last, large + 2 * last, 3 * last]


def test_a_timing_between_the_sum_and_the_longer(page: Any) -> None:
    """Of exponent 3 with sides of 3 s and 4 s: the cube root of 27 + 64, shared as 27 to 64."""
    told = page.evaluate("() => combined(3, 3, 4, 0.5)")
    assert told == pytest.approx(91 ** (1 / 3), rel=1e-12)
    sides = page.evaluate("(all) => exposedSides(3, 3, 4, all)", told)
    assert sides == pytest.approx([27 / 91 * told, 64 / 91 * told], rel=1e-12)


def test_ties(page: Any) -> None:
    """Of two times alike it is the bus that is exposed, and the first lane that binds a row."""
    assert page.evaluate("() => exposedSides('inf', 3, 3, 3)") == [3, 0]
    sides, alike = {"transfer": "memory", "host": "compute"}, {"transfer": [0.5], "host": [0.5]}
    asked = "([sides, result]) => largest({ sides }, result, 0)"
    assert page.evaluate(asked, [sides, alike]) == "transfer"


# One row that reads the first map and, where there is a second one, writes that of 0 B.
ONE_ROW: dict[str, Any] = {
    "count": 1, "rows": {"id": "r", "short": False, "block": ""},
    "terms": [{"lane": "traffic", "figure": "", "how": "times", "ways": [10], "outside": [4, 0]}],
}  # fmt: skip


def test_maps_of_one_row(page: Any) -> None:
    """10 B cross the bus, 4 B more while the first map is outside; one without bytes is no step."""
    maps = {"begin": 0, "end": 0, "in_ptr": [0, 1], "in_tensor": 0}
    both = ONE_ROW | {"maps": maps | {"bytes": [1, 0], "out_ptr": [0, 1], "out_tensor": 1}}
    assert page.evaluate("(data) => slope(unpacked(data))", both) == [[0.5, 14], [1, 10], [2, 10]]
    alone = ONE_ROW | {"maps": maps | {"bytes": 4, "out_ptr": 0, "out_tensor": []}}
    for memory, held in ((4, 4), (3, 0)):
        told = page.evaluate("([data, m]) => [...alive(unpacked(data), m)]", [alone, memory])
        assert told == [held]


def test_bytes_against_the_memory(page: Any, tmp_path: Path) -> None:
    """The p maps fit first, then the input, then c and r: their readings and writings go.

    p and q are written once and read once each, a is written; the input is read once; c is written
    and read twice, r written and read once.
    """
    everything = by_hand.whole(PLAIN, outside=True)["external"]
    data = run_data(simulated(tmp_path, PLAIN))
    told = page.evaluate("(data) => slope(opened(data))", data)
    without = [everything - 5 * P, everything - 5 * P - INPUT, everything - 5 * P - INPUT - 5 * C]
    assert without[-1] == sum(line.params for line in ROWS.values())
    assert told == [
        [P / 2, everything],
        *map(list, zip((P, INPUT, C), without, strict=True)),
        [2 * C, without[-1]],
    ]


@pytest.mark.parametrize(
    "choices", [{"placement": "resident"}, {"placement": "all_external", "traffic": "tiled"}]
)
def test_maps_placed_beforehand(page: Any, tmp_path: Path, choices: dict[str, Any]) -> None:
    """Each memory for which they were placed, as `simulate` places them; the machine's for others."""
    machine = PLAIN | {"memory": 4e3, "on_chip_bandwidth": 3e6}
    run = simulated(tmp_path, machine, timing="overlap", **choices)
    data = run_data(run)
    memories = data["placed"]["memories"]
    assert 4e3 in memories
    assert len(memories) > 3
    others = [{"memory": float(size)} for size in memories] + [{"memory": 4001.0}]
    told = worked_out(page, run, others)
    for other, mine in zip(others, told, strict=True):
        here = machine if other["memory"] == 4001.0 else machine | other
        there = simulated(tmp_path, here, timing="overlap", **choices)
        assert mine["time"] == pytest.approx(there.total_time, rel=1e-12)
        assert mine["bytes"] == there.totals["external_bytes"]
        assert mine["alive"] == there.live.tolist()
    slope = page.evaluate("(data) => slope(opened(data))", data)
    assert slope == [[size, mine["bytes"]] for size, mine in zip(memories, told, strict=False)]


def test_a_timing_that_looks_ahead(page: Any, tmp_path: Path) -> None:
    """Worked out beforehand: its rows and their exposed times stay as they came."""
    run = simulated(tmp_path, ALL | {"memory": 4e3}, timing="pipelined", placement="resident")
    plain, moved = worked_out(page, run, [{}, {"bandwidth": 1e3}])
    for told in (plain, moved):
        assert told["time"] == pytest.approx(run.total_time, rel=1e-12)
    layers = run.layers
    assert plain["total"] == pytest.approx(layers.total_time_s.tolist(), rel=1e-12)
    assert sum(plain["exposed"].values()) == pytest.approx(run.total_time, rel=1e-12)


@pytest.mark.parametrize(("latency", "least"), [(0.0, 1.5 * 288e-6), (1e-3, 1e-3 + 3 * 288e-6)])
def test_rows_choose_how_to_tell(page: Any, tmp_path: Path, latency: float, least: float) -> None:
    """3 x 24 numbers of 4 B at 1 MB/s among 4 devices: once for all, or in two steps."""
    (tmp_path / "r.yaml").write_text(
        "name: R\nsource: s\ninput: [3, 24]\nlayers:\n"
        "  - r: {kind: relu}\n  - sum: {kind: all_reduce, devices: 4}\n"
    )
    link = "link: {bandwidth: 1 MB/s, latency: 1 ns}\n"
    (tmp_path / "m.yaml").write_text(
        "name: M\nsource: s\nbandwidth: 1 TB/s\non_chip_memory: 1 MB\nmatrix: 1 PFLOPS\nhost: 1 PFLOPS\n"
        + link
    )
    run = cm.simulate(tmp_path / "r.yaml", tmp_path / "m.yaml")
    (told,) = worked_out(page, run, [{"link_latency": latency}])
    assert told["lanes"]["link"] == pytest.approx(least, rel=1e-12)
    assert told["each"]["link"] == pytest.approx([0, least], rel=1e-12)
    assert told["bound"][1] == "link"


def test_rates_that_no_row_needs(page: Any, tmp_path: Path) -> None:
    """A convolution on a machine without a host: its transfer and 2 x 36 x 8 x 36 operations."""
    (tmp_path / "c.yaml").write_text(NETWORK.partition("  - r:")[0])
    (tmp_path / "m.yaml").write_text(
        "name: M\nsource: s\nbandwidth: 1 MB/s\non_chip_memory: 1 B\nmatrix: 20 MOP/s\n"
    )
    run = cm.simulate(tmp_path / "c.yaml", tmp_path / "m.yaml", timing="serial")
    (told,) = worked_out(page, run, [{}])
    expected = (INPUT + C + ROWS["c"].params) / 1e6 + ROWS["c"].matrix / 20e6
    assert told["time"] == pytest.approx(expected, rel=1e-12)
    assert told["lanes"]["host"] == 0


def test_a_network_that_does_nothing(page: Any, tmp_path: Path) -> None:
    """A view takes no time and nothing binds it."""
    (tmp_path / "v.yaml").write_text(
        "name: V\nsource: s\ninput: [4, 6, 6]\nlayers:\n  - f: {kind: flatten}\n"
    )
    run = cm.simulate(
        tmp_path / "v.yaml", by_hand.profile(PLAIN | {"memory": 1e6}), timing="partial"
    )
    (told,) = worked_out(page, run, [{}])
    assert told["time"] == 0
    assert told["bound"] == ["none"]
    assert set(told["exposed"].values()) == {0}
    # 4 x 6 x 6 elements of 4 B live through it
    assert told["alive"] == [576]


def test_names_of_rows(page: Any, tmp_path: Path) -> None:
    """A row of a block is called by both where its own name says too little."""
    blocks = "name: B\nsource: s\ninput: [8]\nblocks:\n  one:\n    layers:\n      - a: {kind: relu}\n      - b: {kind: relu}\n"
    (tmp_path / "b.yaml").write_text(blocks + "layers:\n  - x: {block: one}\n  - y: {kind: relu}\n")
    data = run_data(cm.simulate(tmp_path / "b.yaml", "accel_1tflops"))
    names = page.evaluate("(data) => opened(data).rows.name", data)
    assert [name.rpartition("/")[2] for name in names] == ["a", "b", "y"]
    assert names[0].startswith("x")
