"""Words of scans: outputs that only some machines give, axes with dots, values as people write them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError

MACHINE = """name: E
source: t
bandwidth: 1 GB/s
on_chip_memory: 1 MB
matrix: 1 TFLOPS
host: 1 GFLOPS
"""
STATED = "energy: {external_byte: 10 pJ}\n"


@pytest.fixture
def stating(tmp_path: Path) -> str:
    file = tmp_path / "en.yaml"
    file.write_text(MACHINE + STATED)
    return str(file)


def test_energy_of_two_machines_of_which_one_states_it(
    stating: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other's cells are empty; the one's are 10 pJ for each of the bytes over the bus."""
    table = cm.scan("hairnet", ["accel_1tflops", stating], axes={"batch": [1, 2]})
    assert table.energy.isna().tolist() == [True, False, True, False]
    stated = table[table.hw == stating]
    assert stated.energy.tolist() == pytest.approx((stated.external_bytes * 1e-11).tolist())
    words = ["scan", "hairnet", "--hw", "accel_1tflops", stating, "--axis", "batch=[1, 2]",
             "--derive", "edp=energy * total_time"]  # fmt: skip
    out = tmp_path / "out"
    page = tmp_path / "page.html"
    assert main([*words, "--points", "--plot", "--out", str(out), "--html", str(page)]) == 0
    capsys.readouterr()
    with next(out.glob("*best*.csv")).open() as file:
        rows = list(csv.DictReader(file))
    assert {row["hw"] == "accel_1tflops": bool(row["energy_J"]) for row in rows} == {
        True: False, False: True,
    }  # fmt: skip
    assert "NaN" not in page.read_text()


def test_energy_of_machines_can_be_bounded_where_some_state_it(
    stating: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No machine without energy is within a bound on it, or among the best by it."""
    both = ["accel_1tflops", stating]
    table = cm.scan("hairnet", both, where=["energy <= 1 J"])
    assert table.hw.tolist() == [stating]
    words = ["scan", "hairnet", "--hw", *both, "--by", "energy", "--pareto", "energy,total_time"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "Pareto front, 1 points" in told
    assert told.count(stating) == 2
    assert "accel_1tflops" not in told


@pytest.mark.parametrize("option", [
    ("--by", "energy"), ("--by", "-energy"), ("--pareto", "energy,total_time"),
    ("--where", "energy <= 1 J"), ("--derive", "edp=energy * total_time"),
])  # fmt: skip
def test_energy_that_no_machine_states_is_refused_by_name(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis", "batch=[1, 2]", *option]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "'energy'" in told
    assert "Traceback" not in told


def test_energy_of_an_axis_is_known() -> None:
    """Where an axis states it the profile need not: 10 pJ a byte."""
    table = cm.scan(
        "hairnet",
        "accel_1tflops",
        axes={"hw.energy.external_byte": ["10 pJ"]},
        where="energy <= 1 J",
    )
    assert table.energy[0] == pytest.approx(table.external_bytes[0] * 1e-11)
    with pytest.raises(InputError, match="'energy'"):
        cm.scan("hairnet", "accel_1tflops", axes={"batch": [1, 2]}, where="energy <= 1 J")


@pytest.mark.parametrize(("word", "low", "high", "unit"), [
    ("hw.link.bandwidth", "1 GB/s", "4 GB/s", "GB/s"), ("hw.link.latency", "1 us", "4 us", "us"),
    ("hw.energy.static", "1 W", "4 W", "W"), ("hw.energy.external_byte", "1 pJ", "4 pJ", "pJ"),
    ("hw.bandwidth", "1 GB/s", "4 GB/s", "GB/s"), ("hw.capacity", "1 GB", "4 GB", "GB"),
])  # fmt: skip
def test_axes_with_any_number_of_dots_stand_in_expressions(
    word: str, low: str, high: str, unit: str
) -> None:
    """Of 1 and 4, one is at most 2; four times the one is the other."""
    axes = {word: [low, high], "hw.overhead": ["1 ms"]}
    small = cm.scan("hairnet", "accel_1tflops", axes=axes, where=f"{word} <= 2 {unit}",
                    derive={"more": f"4 * {word} / (1 {unit})"})  # fmt: skip
    assert small.more.tolist() == pytest.approx([4.0])
    chained = f"{word} > 2 {unit} and {word} < 5 {unit}"
    large = cm.scan("hairnet", "accel_1tflops", axes=axes, where=chained)
    assert large[word].tolist() == [4 * small[word][0]]
    for wrong, told in (
        (f"{word} <= 2", f"'{word}' is compared with a bare 2"),
        (f"{word} <= 2 TFLOPS", f"'{word}' is compared with a rate"),
        (f"{word}x <= 2", f"unknown variable '{word}x'.*did you mean '{word}'"),
    ):
        with pytest.raises(InputError, match=told):
            cm.scan("hairnet", "accel_1tflops", axes=axes, where=wrong)


def test_figures_that_all_machines_state_stand_in_expressions(stating: str) -> None:
    """Not only axes: an energy of 10 pJ a byte, which tables do not show."""
    derive = {"moving": "external_bytes * hw.energy.external_byte"}
    table = cm.scan("hairnet", stating, axes={"batch": [1, 2]}, derive=derive)
    assert table.moving.tolist() == pytest.approx(table.energy.tolist())
    with pytest.raises(InputError, match=r"unknown variable 'hw\.energy\.external_byte'"):
        cm.scan("hairnet", [stating, "accel_1tflops"], derive=derive)
