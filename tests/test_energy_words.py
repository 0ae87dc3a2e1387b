"""Energy as a word wherever a time is one, against sums by hand on the network of by_hand.py."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path
from typing import Any

import by_hand
import numpy as np
import pytest
from by_hand import FURTHER, INPUT, NETWORK, PLAIN, SHARES, C, Numbers, P

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import BadValue, InputError
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.target import Target
from costmodel.studies.scan.inverse.trade_off import trade_off

ALL = PLAIN | FURTHER
FIELDS = {
    "bandwidth": ("bandwidth",), "matrix": ("matrix",), "host": ("host",),
    "write_bandwidth": ("write_bandwidth",), "on_chip_bandwidth": ("on_chip_bandwidth",),
    "launch": ("matrix_launch", "host_launch"), "overhead": ("overhead",),
    "energy.external_byte": ("external_byte_energy",),
    "energy.on_chip_byte": ("on_chip_byte_energy",),
    "energy.operation": ("operation_energy",), "energy.static": ("static_power",),
}  # fmt: skip
MULTIPLIED = ("launch", "overhead")


@pytest.fixture
def network(tmp_path: Path) -> Path:
    file = tmp_path / "h.yaml"
    file.write_text(NETWORK)
    return file


def energy(machine: Numbers, word: str, value: float, shares: Numbers, timing: str) -> float:
    """The energy by hand with another value of a figure [J]."""
    changed = machine | dict.fromkeys(FIELDS[word], value)
    return by_hand.whole(changed, shares, timing)["energy"]


@pytest.mark.parametrize("timing", ["serial", "overlap"])
@pytest.mark.parametrize("word", FIELDS)
def test_a_figure_that_just_meets_an_energy(network: Path, word: str, timing: str) -> None:
    """Against halving of the sums by hand: of a rate the smallest, of what multiplies the largest."""
    rising = word in MULTIPLIED or word.startswith("energy.")
    low, high = (0.0, 1e6) if rising else (1e-3, 1e30)
    for shares in ({}, SHARES):
        profile = by_hand.profile(ALL, shares)
        base = by_hand.whole(ALL, shares, timing)["energy"]
        least = energy(ALL, word, low if rising else high, shares, timing)
        for factor, sign in product((0.3, 0.97, 1.03, 9.0), ("<=", ">=")):
            limit = base * factor
            answer = cm.solve(network, profile, word, f"energy {sign} {limit!r} J", timing=timing)
            if limit < least:
                assert (answer.value, answer.possible) == (None, sign == ">=")
                said = f"{least:.6g} J" if sign == "<=" else "any value meets it"
                assert said in answer.reason
                continue
            bottom, top = low, high
            for _ in range(200):
                middle = (bottom + top) / 2 if rising else (bottom * top) ** 0.5
                if (energy(ALL, word, middle, shares, timing) <= limit) == rising:
                    bottom = middle
                else:
                    top = middle
            assert answer.value is not None
            assert answer.value == pytest.approx(top, rel=1e-9)
            extreme = "smallest" if (sign == "<=") != rising else "largest"
            assert answer.reason == f"the {extreme} {word} that meets the target"
            assert answer.achieved_energy == pytest.approx(limit, rel=1e-12)
            record = answer.record()
            assert record["achieved_energy_J"] == answer.achieved_energy
            changed = by_hand.whole(ALL | dict.fromkeys(FIELDS[word], answer.value), shares, timing)
            assert answer.achieved_total_time_s == pytest.approx(changed["total"], rel=1e-12)


@pytest.mark.parametrize("timing", ["serial", "overlap"])
@pytest.mark.parametrize("dear", ["external_byte_energy", "on_chip_byte_energy"])
def test_a_memory_that_just_meets_an_energy(network: Path, dear: str, timing: str) -> None:
    """By hand at 1, 288, 576 and 1152 B, also where a byte on chip costs more than one outside.

    What crosses the bus costs on chip too, so that less of it never takes more.
    """
    machine = ALL | {"static_power": 1e-9, dear: 1e-3}
    profile, steps = by_hand.profile(machine), (1.0, *map(float, (P, INPUT, C)))
    runs = [by_hand.whole(machine | {"memory": step}, None, timing) for step in steps]
    energies = [run["energy"] for run in runs]
    assert energies == sorted(energies, reverse=True)
    for limit, sign in product([*(e * f for e in energies for f in (0.99, 1.01))], ("<=", ">=")):
        answer = cm.solve(
            network, profile, "on_chip_memory", f"energy {sign} {limit!r} J", timing=timing
        )
        met = [e <= limit if sign == "<=" else e >= limit for e in energies]
        if not any(met):
            best = (min if sign == "<=" else max)(energies)
            assert (answer.value, answer.possible) == (None, False)
            assert f"it is {best:.6g} J" in answer.reason
            assert answer.achieved_energy == pytest.approx(best, rel=1e-12)
        elif sign == "<=":
            first = met.index(True)
            assert answer.value == steps[first]
            assert answer.achieved_energy == pytest.approx(energies[first], rel=1e-12)
        elif all(met):
            assert (answer.value, answer.reason) == (None, "any value meets it")
        else:
            last = len(met) - 1 - met[::-1].index(True)
            assert answer.value == steps[last + 1] - 1


def test_an_energy_that_no_rate_moves(network: Path) -> None:
    """Without a static power the energy is what is counted, however long it takes."""
    machine = {word: value for word, value in ALL.items() if word != "static_power"}
    profile, counted = by_hand.profile(machine), by_hand.whole(machine)["energy"]
    for sign, possible in (("<=", False), (">=", True)):
        answer = cm.solve(network, profile, "bandwidth", f"energy {sign} {counted / 2!r} J")
        assert (answer.value, answer.possible) == (None, possible)
        assert answer.reason == (
            "the energy does not depend on bandwidth: the machine states no static power"
        )
        assert answer.achieved_energy == pytest.approx(counted, rel=1e-12)
    run = cm.simulate(network, profile)
    curve = trade_off(run, "bandwidth", "matrix", Target.read(f"energy <= {2 * counted!r} J"))
    assert (curve.possible, curve.points) == (True, [])
    assert "no static power" in curve.reason


def test_pairs_of_rates_that_just_meet_an_energy(network: Path) -> None:
    base = by_hand.whole(ALL)["energy"]
    run = cm.simulate(network, by_hand.profile(ALL))
    curve = trade_off(run, "bandwidth", "matrix", Target.read(f"energy <= {base * 1.1!r} J"))
    assert len(curve.points) == 50
    for point in curve.points:
        pair = {word: point[word] for word in ("bandwidth", "matrix")}
        made = by_hand.whole(ALL | pair)
        assert made["energy"] == pytest.approx(base * 1.1, rel=1e-9)
        assert point["energy_J"] == pytest.approx(made["energy"], rel=1e-9)
        assert point["total_time_s"] == pytest.approx(made["total"], rel=1e-9)
    never = trade_off(run, "bandwidth", "matrix", Target.read("energy <= 1 nJ"))
    endless = by_hand.whole(ALL | {"bandwidth": 1e300, "matrix": 1e300})
    assert (never.possible, never.points) == (False, [])
    assert f"and {endless['energy']:.6g} J" in never.reason


def test_a_batch_that_an_energy_allows(network: Path) -> None:
    """Every map outside: b samples move b times the maps and the parameters once, all by hand.

    A byte over the bus costs 2 nJ there and 0.3 nJ on chip, and one that the engine takes as much.
    """
    machine = ALL | {"memory": 1.0}

    def of_batch(batch: int) -> float:
        run = by_hand.whole(machine)
        once = 1280 / 1e6  # [s] the parameters' bytes over the bus, read once a batch
        launches = 3 * machine["matrix_launch"] + 2 * machine["host_launch"]
        fixed = once + launches + machine["overhead"]
        time = (run["total"] - fixed) * batch + fixed
        return (
            (run["external"] - 1280) * batch * 2.3e-9
            + 1280 * 2.3e-9
            + run["engine_bytes"] * batch * 3e-10
            + run["operations"] * batch * 1e-9
            + time * 0.5
        )

    assert of_batch(1) == pytest.approx(by_hand.whole(machine)["energy"], rel=1e-12)
    limit = (of_batch(7) + of_batch(8)) / 2
    answer = cm.solve(network, by_hand.profile(machine), "batch", f"energy <= {limit!r} J")
    assert answer.value == 7
    assert answer.achieved_energy == pytest.approx(of_batch(7), rel=1e-12)
    answer = cm.solve(network, by_hand.profile(machine), "batch", f"energy >= {limit!r} J")
    assert answer.value == 8
    assert answer.reason == "the smallest batch that meets the target"


def test_a_context_that_an_energy_allows() -> None:
    """The longest whose step takes at most what that of 300 tokens takes, and no longer one."""
    machine = by_hand.profile(ALL | {"bandwidth": 1e12, "matrix": 1e13, "host": 1e12}, dtype="fp16")

    def step(context: int) -> Run:
        return cm.simulate("gpt2", machine, settings={"tokens": 1, "context": context})

    limit = step(300).energy
    assert limit is not None
    answer = cm.solve("gpt2", machine, "context", f"energy <= {limit!r} J")
    assert answer.value == 300
    assert answer.achieved_energy == limit
    none = cm.solve("gpt2", machine, "context", "energy <= 1 fJ")
    assert (none.value, none.possible) == (None, False)
    assert f"{step(0).energy:.6g} J" in none.reason


@pytest.mark.parametrize("timing", ["serial", "overlap", "partial"])
def test_elasticities_of_the_energy(network: Path, timing: str) -> None:
    """Central differences of the sums by hand; half and twice each figure too."""
    base = by_hand.whole(ALL, SHARES, timing)["energy"]
    told = cm.sensitivity(network, by_hand.profile(ALL, SHARES), timing=timing)
    table = told.set_index("resource")
    assert {*FIELDS} <= {*table.index}
    for word, fields in FIELDS.items():

        def scaled(factor: float, fields: tuple[str, ...] = fields) -> float:
            changed = {name: ALL[name] * factor for name in fields}
            return by_hand.whole(ALL | changed, SHARES, timing)["energy"]

        slope = (scaled(1 + 1e-5) - scaled(1 - 1e-5)) / 2e-5 / base
        line = table.loc[word]
        assert line.energy_elasticity == pytest.approx(slope, abs=1e-6), word
        assert line.halved_J == pytest.approx(scaled(0.5), rel=1e-9), word
        assert line.doubled_J == pytest.approx(scaled(2.0), rel=1e-9), word
    assert "energy_elasticity" not in cm.sensitivity(network, by_hand.profile(PLAIN))


def test_energy_times_time_in_scans(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against the products by hand: a column, a bound with a unit, what best means, and a front."""
    powers, rates = (0.25, 0.5, 2.0), (5e5, 1e6, 4e6)
    axes = {"hw.static": list(powers), "hw.bandwidth": list(rates)}
    table = cm.scan(network, by_hand.profile(ALL), axes=axes)
    by_point = [
        by_hand.whole(ALL | {"static_power": power, "bandwidth": rate})
        for power, rate in product(powers, rates)
    ]
    products = [run["energy"] * run["total"] for run in by_point]
    assert table.edp.tolist() == pytest.approx(products, rel=1e-12)
    assert table["hw.static"].tolist() == [power for power in powers for _ in rates]
    middle = float(np.median(products)) * (1 + 1e-9)
    few = cm.scan(network, by_hand.profile(ALL), axes=axes,
                  where=[f"edp <= {middle * 1e6!r} uJ s", "hw.static > 300 mW"])  # fmt: skip
    kept = [
        one
        for one, power in zip(products, (p for p in powers for _ in rates), strict=True)
        if one <= middle and power > 0.3
    ]
    assert few.edp.tolist() == pytest.approx(kept, rel=1e-12)
    machine = tmp_path / "m.yaml"
    machine.write_text(_text(ALL))
    words = ["scan", str(network), "--hw", str(machine), "--by", "edp", "--axis",
             "hw.static=[250 mW, 500 mW, 2 W]", "--axis", "hw.bandwidth=[0.5 MB/s, 1 MB/s, 4 MB/s]",
             "--pareto", "energy,hw.bandwidth", "--plot", "--html", str(tmp_path / "s.html"),
             "--out", str(tmp_path / "out")]  # fmt: skip
    assert main(words) == 0
    capsys.readouterr()
    with (tmp_path / "out" / "best.csv").open() as file:
        best = list(csv.DictReader(file))
    assert [float(row["edp_Js"]) for row in best] == pytest.approx(sorted(products), rel=1e-12)
    with (tmp_path / "out" / "pareto.csv").open() as file:
        front = list(csv.DictReader(file))
    # with the least power each faster bus takes less
    assert [row["hw.static"] for row in front] == ["0.25"] * 3
    page = (tmp_path / "s.html").read_text()
    assert "The best point by edp takes" in page
    assert "Energy-delay product" in page


@pytest.mark.parametrize(("text", "told"), [
    ("edp < 5 mJ", "'edp' is compared with an energy"),
    ("edp < 5", "write an energy-delay product like '1 mJ s'"),
    ("energy < 5 mJ s", "'energy' is compared with an energy-delay product"),
    ("hw.static < 5 J", "'hw.static' is compared with an energy"),
])  # fmt: skip
def test_units_of_energies_in_bounds(network: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        cm.scan(network, by_hand.profile(ALL), axes={"batch": [1]}, where=text)


def test_a_figure_under_two_names_is_one_axis(network: Path) -> None:
    axes = {"hw.static": ["1 W"], "hw.energy.static": ["2 W"]}
    with pytest.raises(
        InputError, match=r"'hw\.static' and 'hw\.energy\.static' are the same figure"
    ):
        cm.scan(network, by_hand.profile(ALL), axes=axes)
    assert (
        cm.solve(network, by_hand.profile(ALL), "hw.static", "energy <= 1 J").value
        == cm.solve(network, by_hand.profile(ALL), "energy.static", "energy <= 1 J").value
    )


def test_a_product_is_no_target() -> None:
    with pytest.raises(BadValue, match="'edp' is no target"):
        Target.read("edp <= 1 mJ s")


def _text(machine: Numbers) -> str:
    """A profile of by_hand.py as a file."""
    stated = by_hand.profile(machine).model_dump(exclude_none=True)
    units = by_hand.UNITS
    lines = [f"{word}: {stated[word]!r} {unit}" for word, unit in units.items() if word in stated]
    launch = ", ".join(f"{word}: {value!r} s" for word, value in stated["launch"].items())
    joules = ", ".join(
        f"{word}: {machine[name]!r} {unit}" for name, (word, unit) in by_hand.ENERGIES.items()
    )
    return "\n".join(
        ["name: H", "source: t", *lines, f"launch: {{{launch}}}", f"energy: {{{joules}}}", ""]
    )


def test_a_comparison_has_a_column(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one machine's energy by hand, and an empty cell of one that states none."""
    machine = tmp_path / "m.yaml"
    machine.write_text(_text(ALL))
    out, page = tmp_path / "c.csv", tmp_path / "c.html"
    words = ["compare", str(network), "--hw", str(machine), "--hw", "accel_1tflops"]
    assert main([*words, "--csv", str(out), "--html", str(page)]) == 0
    told = capsys.readouterr().out
    with out.open() as file:
        rows = list(csv.DictReader(file))
    expected = by_hand.whole(ALL)["energy"]
    assert float(rows[0]["energy_J"]) == pytest.approx(expected, rel=1e-12)
    assert rows[1]["energy_J"] == ""
    assert "energy_J" in told
    assert "energy_J" in page.read_text()


def test_the_curve_over_the_memory_has_energies(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where everything fits each map crosses once: by hand, every map being outside."""
    machine = {word: value for word, value in ALL.items() if word != "on_chip_byte_energy"}
    curve = cm.slope(network, by_hand.profile(machine))
    assert curve.energy is not None
    assert curve.energy.shape == curve.network.memory.shape
    outside = by_hand.whole(machine, outside=True)["energy"]
    assert curve.energy[-1] == pytest.approx(outside, rel=1e-12)
    # what moves more takes 2 nJ more a byte, and 0.5 W for as long as it takes on one of two buses
    more = curve.network.external - curve.network.compulsory
    assert (curve.energy - outside >= more * (2e-9 + 0.5 / 1e6) * (1 - 1e-9)).all()
    assert (curve.energy - outside <= more * (2e-9 + 0.5 / 4e5) * (1 + 1e-9)).all()
    assert cm.slope(network, by_hand.profile(PLAIN)).energy is None
    assert cm.slope(network).energy is None
    file, out = tmp_path / "m.yaml", tmp_path / "s.json"
    file.write_text(_text(ALL))
    assert main(["slope", str(network), "--hw", str(file), "--json", str(out),
                 "--html", str(tmp_path / "s.html")]) == 0  # fmt: skip
    assert "energy_J" in capsys.readouterr().out
    told = json.loads(out.read_text())["network"]
    assert len(told["energy_J"]) == len(told["memory_bytes"])


@pytest.mark.parametrize("served", [{"batch": 3}, {"concurrency": 5}, {"tensor_parallel": 2}])
def test_joules_per_token(served: dict[str, Any]) -> None:
    """Prompts and steps of 4 tokens' answers: the three steps' energies one by one."""
    figures: dict[str, Any] = {
        "name": "L", "source": "t", "bandwidth": "1 TB/s", "on_chip_memory": "1 MB",
        "matrix": "100 TFLOPS", "host": "1 TFLOPS", "per_sequence": "10 us",
        "link": {"bandwidth": "100 GB/s", "latency": "2 us"},
        "energy": {"external_byte": "100 pJ", "operation": "1 pJ", "static": "100 W"},
    }  # fmt: skip
    machine = cm.HardwareProfile.model_validate(figures)
    found = cm.generate("gpt2", machine, 16, 4, dtype="fp16", **served)
    sequences = served.get("concurrency", served.get("batch", 1))
    steps = []
    for context in (16, 17, 18):
        run = cm.generate("gpt2", machine, context, 2, dtype="fp16", **served).decode[0]
        assert run.network.facts.variables["context"] == context
        assert run.energy is not None
        # a server schedules for 10 us a sequence, at 100 W
        steps.append(run.energy + 100 * 1e-5 * served.get("concurrency", 0))
    assert found.prefill.energy is not None
    prompt = found.prefill.energy / (1 if "concurrency" in served else sequences)
    devices = served.get("tensor_parallel", 1)
    expected = devices * (prompt + sum(steps) / sequences) / 4
    assert found.joules_per_token == pytest.approx(expected, rel=1e-9)
    assert found.record()["joules_per_token"] == found.joules_per_token
    bare = cm.HardwareProfile.model_validate({k: v for k, v in figures.items() if k != "energy"})
    without = cm.generate("gpt2", bare, 16, 4, dtype="fp16", **served)
    assert without.joules_per_token is None
    assert "joules_per_token" not in without.record()


@pytest.mark.parametrize("words", [
    "solve hairnet --hw accel_1tflops --for bandwidth --target 'energy <= 1 mJ'",
    "solve hairnet --hw accel_1tflops --for batch --target 'energy <= 1 mJ'",
    "solve gpt2 --hw accel_1tflops --for context --target 'energy <= 1 mJ'",
    "solve hairnet --hw accel_1tflops --for bandwidth --for matrix --target 'energy <= 1 mJ'",
    "scan hairnet --hw accel_1tflops --axis batch=[1,2] --by energy",
    "scan hairnet --hw accel_1tflops --axis batch=[1,2] --by -edp",
    "scan hairnet --hw accel_1tflops --axis batch=[1,2] --pareto energy,total_time",
    "scan hairnet --hw accel_1tflops --axis batch=[1,2] --where 'edp <= 1 J s'",
    "scan hairnet --hw accel_1tflops --axis batch=[1,2] --derive half=energy/2",
])  # fmt: skip
def test_a_machine_that_states_no_energy_is_named(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import shlex

    assert main(shlex.split(words)) == 2
    told = capsys.readouterr().err
    assert "'HairNet accelerator' states no energy" in told
    assert "energy: {external_byte: 20 pJ" in told
