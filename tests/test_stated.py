"""What profiles and figures state: told at its place and by its name, with units as people write."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.core import quantities
from costmodel.core.lanes import ENERGY
from costmodel.core.quantities import MachineQuantity, Quantities
from costmodel.core.terms import TERMS, Figure, Term
from costmodel.errors import BadValue, CostModelError, InputError
from costmodel.language import units
from costmodel.report.numbers import si

MACHINE = """name: E
source: t
bandwidth: 1 GB/s
on_chip_memory: 1 MB
matrix: 1 TFLOPS
host: 1 GFLOPS
"""


def profile(folder: Path, more: str) -> str:
    file = folder / "machine.yaml"
    file.write_text(MACHINE + more)
    return str(file)


def test_an_empty_energy_states_nothing(tmp_path: Path) -> None:
    """No figure of a run is 0 J because nobody said anything."""
    run = cm.simulate("hairnet", profile(tmp_path, "energy: {}\n"))
    assert run.result.total_energy is None
    assert "energy_J" not in run.totals
    stated = cm.simulate("hairnet", profile(tmp_path, "energy: {static: 0 W}\n"))
    assert stated.result.total_energy is not None
    assert float(stated.result.total_energy) == 0
    # what is not stated is no figure of the machine, and costs nothing
    part = cm.simulate("hairnet", profile(tmp_path, "energy: {external_byte: 10 pJ}\n"))
    assert part.totals["energy_J"] == pytest.approx(part.totals["external_bytes"] * 1e-11)
    assert part.machine.static_power is None


@pytest.mark.parametrize(("more", "told"), [
    ("link: {latency: 1 us}", "7:7: the profile has no 'link.bandwidth'; add 'bandwidth: ...' to 'link'"),
    ("usable: {value: 1 MB}", "the profile has no 'usable.reason'; add 'reason: ...' to 'usable'"),
    ("assumed: {launch: {value: 1 us}}", "the profile has no 'assumed.launch.reason'"),
    ("link: {bandwith: 1 GB/s}", "unknown key 'link.bandwith' in the profile; did you mean 'bandwidth'?"),
    ("energy: {statik: 1 W}", "unknown key 'energy.statik' in the profile; did you mean 'static'?"),
    ("energy: {static: 1 J}", "'1 J' is an energy, not a power"),
    ("energy: {operation: 1}", "write an energy like '20 pJ'"),
])  # fmt: skip
def test_messages_name_what_is_written(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        cm.load_profile(profile(tmp_path, more + "\n"))
    assert told in str(error.value)


def test_everything_wrong_with_assumptions_in_one_run(tmp_path: Path) -> None:
    """Six mistakes in five entries, each at its place and none twice."""
    more = """assumed:
  clock: {value: 1, reason: r}
  launch: {value: {gpu: 5 us}, reason: r}
  overhead: {value: 5 MB, reason: r}
  host: {value: {}, reason: r}
  efficiency: {value: {nothing: 0.5, default: {compute: 2}}, reason: r}
"""
    with pytest.raises(InputError) as error:
        cm.load_profile(profile(tmp_path, more))
    told = str(error.value).splitlines()
    expected = (
        "8:3: 'assumed.clock' cannot be assumed", "9:19: 'assumed.launch': unknown engine 'gpu'",
        "10:21: 'assumed.overhead': '5 MB' is a memory, not a time",
        "11:17: 'assumed.host': {} holds no rate", "12:23: 'assumed.efficiency': 2 is no share of a peak",
        "12:23: 'assumed.efficiency': unknown",
    )  # fmt: skip
    assert len(told) == len(expected)
    for line, what in zip(
        sorted(told, key=lambda one: int(one.split(":")[1])), expected, strict=True
    ):
        assert what in line, told


@pytest.mark.parametrize(("value", "dimension", "text"), [
    (1e-12, "energy", "1 pJ"), (2e-11, "energy", "20 pJ"), (1.5e-9, "energy", "1.5 nJ"),
    (1e-15, "energy", "1 fJ"), (2.5, "energy", "2.5 J"), (0.0, "energy", "0 J"),
    (0.3, "power", "300 mW"), (5.0, "power", "5 W"), (2e3, "power", "2 kW"),
    (1e9, "bandwidth", "1 GB/s"), (0.5, "bandwidth", "0.5 B/s"), (0.25, "frequency", "0.25 /s"),
    (3e-18, "energy", "0.003 fJ"),
])  # fmt: skip
def test_figures_are_shown_with_prefixes_that_can_be_read(
    value: float, dimension: str, text: str
) -> None:
    assert units.show(value, dimension) == text
    if value:
        assert float(units.parse(text, dimension)) == pytest.approx(value)


def test_less_than_one_a_second_is_no_metre() -> None:
    assert si(0.005, "/s") == "0.005 /s"
    assert si(5000.0, "/s") == "5 k/s"
    assert si(0.005, "s") == "5 ms"


def test_an_energy_axis_is_shown_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["scan", "hairnet", "--hw", "accel_1tflops"]
    assert main([*words, "--axis", "hw.energy.external_byte=[1 pJ, 20 pJ]"]) == 0
    told = capsys.readouterr().out
    assert " 1 pJ " in told
    assert " 20 pJ " in told


@pytest.mark.parametrize(("term", "told"), [
    (Term("overhead", "external_bytes", "checker"), "'overhead' is once a run: its amount is 'runs'"),
    (Term("overhead", lambda asked: asked["read"], "checker"), "'overhead' is once a run"),
    (Term("bus", "read", "checker"), "unknown lane 'bus'"),
    (Term("transfer", "seconds", "checker"), "'seconds' are an amount of 'energy' alone"),
])  # fmt: skip
def test_terms_that_no_study_could_read_are_refused(
    monkeypatch: pytest.MonkeyPatch, term: Term, told: str
) -> None:
    """By the figure's word, when it is taken up; the list stays as it was."""

    class Checker(Figure):
        quantity = MachineQuantity("checker", "bandwidth", "checker", "checked", ("checker",))
        terms: ClassVar = (term,)

    monkeypatch.setattr(quantities, "foreign_figure", lambda word: Checker)
    before = list(TERMS)
    with pytest.raises(CostModelError, match=f"figure 'checker'.*{told}"):
        assert "checker" in Quantities()
    assert before == TERMS


def test_terms_that_studies_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fee(Figure):
        quantity = MachineQuantity("fee", "time", "fee", "", ("fee",), zero=True)
        terms: ClassVar = (
            Term("overhead", "runs", "fee", "multiplied"), Term(ENERGY, "seconds", "fee", "multiplied"),
        )  # fmt: skip

    monkeypatch.setattr(quantities, "foreign_figure", lambda word: Fee)
    before = list(TERMS)
    try:
        assert "fee" in Quantities()
    finally:
        TERMS[:] = before


def test_units_know_their_article() -> None:
    with pytest.raises(BadValue, match="write an energy like '20 pJ'"):
        units.parse("1", "energy")
    with pytest.raises(BadValue, match="'1 s' is a time, not an energy"):
        units.parse("1 s", "energy")
    with pytest.raises(BadValue, match="an energy must be above zero"):
        units.parse("0 J", "energy")


@pytest.mark.parametrize(("line", "told"), [
    ("scan hairnet --hw a100 --axis batch=linear(1,8)", "axis 'batch' has no count; write e.g. linear(1, 8, 8)"),
    ("scan gpt2 --hw a100 --axis arch.tokens=log(1,8)", "write e.g. linear(1, 8, 8)"),
    ("scan hairnet --hw a100 --axis hw.launch=log(1us,5us)", "write e.g. log(10 ms, 100 ms, 50)"),
    ("scan hairnet --hw a100 --axis hw.energy.static=log(1W)", "write e.g. log(5 W, 50 W, 50)"),
    ("scan hairnet --hw a100 --axis hw.matrix=[]", "write e.g. [1 TFLOPS, 10 TFLOPS]"),
    ("solve hairnet --hw a100 --for context --target total_time<=1s", "--for context: "),
    ("solve hairnet --hw a100 --for prompt --target total_time<=1s", "--for prompt: "),
    ("solve hairnet --hw accel_1tflops --for link.latency --target total_time<=1s", "add 'link: {latency: ...}'"),
    ("generate hairnet --hw a100 --prompt 8", "--prompt: "),
])  # fmt: skip
def test_remedies_are_of_what_was_asked(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "--set" not in error


def test_solve_helps_with_every_figure_that_a_target_can_depend_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All that take time or energy, and the memory that decides the traffic; no capacity."""
    with pytest.raises(SystemExit):
        main(["solve", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    words = ("bandwidth", "on_chip_memory", "matrix", "host", "write_bandwidth", "on_chip_bandwidth",
             "launch", "overhead", "link.bandwidth", "link.latency", "energy.external_byte",
             "energy.on_chip_byte", "energy.mac", "energy.operation", "energy.static")  # fmt: skip
    sizes = "engine.NAME (a size of its array)"
    assert f"{', '.join(words)}, {sizes}, batch, or a decoder's context or prompt" in told


def test_the_page_of_scans_knows_every_word() -> None:
    """Each axis and each figure of a run stands in docs/scans.md."""
    page = (Path(__file__).parents[1] / "docs" / "scans.md").read_text()
    words = [*quantities.OUTPUTS, *(f"hw.{word}" for word in quantities.MACHINE)]
    words += quantities.STRUCTURAL
    assert [word for word in words if f"`{word}`" not in page] == []
