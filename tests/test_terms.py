"""One list of terms: a figure added to it moves every study alike, and they all add up the same list."""

from __future__ import annotations

import math
import pickle
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import MACHINES, built, counted, recipes

import costmodel as cm
from costmodel.core import lanes, quantities, terms
from costmodel.core.formula import evaluate
from costmodel.core.machine import Machine
from costmodel.core.placement import PLACEMENTS, Placement, Plan
from costmodel.core.quantities import MachineQuantity
from costmodel.core.terms import Term
from costmodel.core.timing import TIMINGS
from costmodel.core.workload import Workload
from costmodel.errors import Place
from costmodel.hardware.entries import Energy
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.read import load_profile
from costmodel.models.passes.tensor_parallel import TensorParallel
from costmodel.report import text
from costmodel.report.page.run_data import run_data
from costmodel.studies.calibration.design import design
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.calibration.terms import occupied
from costmodel.studies.run import Run
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.general import General
from costmodel.studies.scan.inverse.sensitivity import effects
from costmodel.studies.scan.inverse.solve import solve
from costmodel.studies.scan.inverse.target import Bound, Target
from costmodel.studies.scan.space.variant import Variant

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGE = Path(cm.__file__).parent / "report" / "page"
RATE = 2e9
"""[B/s] at which the host checks whatever crosses the bus."""


@pytest.fixture
def checker(monkeypatch: pytest.MonkeyPatch) -> Iterator[HardwareProfile]:
    """A new figure, one quantity and one term; a machine that states it."""
    quantity = MachineQuantity("checker", "bandwidth", "checker", "checked", ("checker",))
    monkeypatch.setitem(quantities.MACHINE, "checker", quantity)
    monkeypatch.setattr(terms, "TERMS", terms.TERMS)
    terms.TERMS.append(Term("host", "external_bytes", "checker"))
    plain = load_profile("accel_1tflops")
    yield HardwareProfile.model_validate(
        {
            "name": "checked", "source": "made for this test", "bandwidth": "1 GB/s",
            "on_chip_memory": "1 MB", "matrix": "1 TFLOPS", "host": "1 GFLOPS",
            "placement": plain.placement, "timing": plain.timing, "checker": "2 GB/s",
        }
    )  # fmt: skip
    terms.TERMS.pop()


# The Appendix's sums of HairNet: 0.177158... s, of which 120 513 376 B at 1 GB/s.
MOVED = 120_513_376
PLAIN = MOVED / 1e9 + 0.056644519424


def test_simulate_adds_it(checker: HardwareProfile) -> None:
    run = cm.simulate("hairnet", checker)
    assert run.total_time == pytest.approx(PLAIN + MOVED / RATE, rel=1e-12)
    assert run.lane_times["host"] > cm.simulate("hairnet", "accel_1tflops").lane_times["host"]
    assert "2 GB/s checked" in text.report(run)


@pytest.mark.parametrize("timing", ["serial", "overlap", "partial", "pipelined"])
def test_scan_and_its_own_axis_are_simulate(checker: HardwareProfile, timing: str) -> None:
    rates = [5e8, 1e9, 2e9, 4e9]
    table = cm.scan(
        "hairnet",
        checker,
        timing=timing,
        axes={"hw.checker": [f"{rate:.0f} B/s" for rate in rates]},
    )
    for rate, total in zip(rates, table["total_time"], strict=True):
        alone = cm.simulate(
            "hairnet", checker.model_copy(update={"further": {"checker": rate}}), timing=timing
        )
        assert total == pytest.approx(alone.total_time, rel=1e-12)
    assert table["total_time"].is_monotonic_decreasing
    assert table["total_time"].iloc[0] > table["total_time"].iloc[-1]


def test_counts_as_arrays_have_it(checker: HardwareProfile) -> None:
    """Two hundred batches at once, against three of them alone."""
    outside: dict[str, Any] = {"placement": "all_external"}
    table = cm.scan("hairnet", checker, axes={"batch": "linear(1, 200, 200)"}, **outside)
    for batch in (1, 70, 200):
        alone = cm.simulate("hairnet", checker, batch=batch, **outside).total_time
        (total,) = table.loc[table["batch"] == batch, "total_time"]
        assert total == pytest.approx(alone, rel=1e-12)


def test_what_is_drawn_all_the_time_costs_by_the_time_in_counts_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A leak of 3 W beside no other energy: 3 J for each second of a run, two hundred batches at once."""
    quantity = MachineQuantity("leak", "power", "leak", "", ("leak",), zero=True)
    monkeypatch.setitem(quantities.MACHINE, "leak", quantity)
    leak = Term(lanes.ENERGY, lanes.SECONDS, "leak", "multiplied")
    monkeypatch.setattr(terms, "TERMS", [*terms.TERMS, leak])
    leaking = load_profile("accel_1tflops").model_copy(update={"further": {"leak": 3.0}})
    table = cm.scan(
        "hairnet", leaking, axes={"batch": "linear(1, 200, 200)"}, placement="all_external"
    )
    assert table["energy"].tolist() == pytest.approx((3 * table["total_time"]).tolist(), rel=1e-12)


def test_powers_that_are_drawn_count_in_every_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Static power and another package's leakage, by hand: (1 W + 2 W) x the time of the run.

    The overhead of 1 s counts too, in a run alone, in a batch of points and over its own axis.
    """
    quantity = MachineQuantity("leakage", "power", "leakage", "", ("leakage",))
    monkeypatch.setitem(quantities.MACHINE, "leakage", quantity)
    leaking = Term(lanes.ENERGY, lanes.SECONDS, "leakage", "multiplied")
    monkeypatch.setattr(terms, "TERMS", [*terms.TERMS, leaking])
    machine = load_profile("accel_1tflops").model_copy(
        update={"energy": Energy(static="1 W"), "further": {"leakage": 2.0}, "overhead": 1.0}
    )
    outside: dict[str, Any] = {"placement": "all_external"}
    run = cm.simulate("hairnet", machine, **outside)
    assert run.energy == pytest.approx(3 * run.total_time, rel=1e-12)
    for batches in ([1, 2], "linear(1, 200, 200)"):
        axes = {"batch": batches, "hw.energy.static": ["1 W", "4 W"]}
        table = cm.scan("hairnet", machine, axes=axes, **outside)
        power = table["hw.energy.static"] + 2
        assert table["energy"].to_numpy() == pytest.approx(power * table["total_time"], rel=1e-12)


def test_a_machine_brings_its_figures_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figure's attribute is not called like its word, and the process has not met it yet."""
    declared = MachineQuantity("check.rate", "bandwidth", "checks", "", ("checked_bandwidth",))

    class Checks(terms.Figure):
        quantity = declared
        terms = (Term("host", "external_bytes", "checked_bandwidth"),)

    plain = load_profile("accel_1tflops").machine("fp32")
    monkeypatch.setattr(terms, "TERMS", list(terms.TERMS))
    monkeypatch.setattr(quantities, "TERMS", terms.TERMS)
    monkeypatch.setitem(quantities.MACHINE, declared.word, declared)
    pickled = pickle.dumps(plain.replace(checked_bandwidth=RATE))
    monkeypatch.delitem(quantities.MACHINE, declared.word)
    monkeypatch.setattr(
        quantities, "foreign_figure", lambda word: Checks if word == declared.word else None
    )
    assert pickle.loads(pickled).checked_bandwidth == RATE
    assert quantities.MACHINE[declared.word] == declared
    assert Checks.terms[0] in terms.TERMS


def test_solve_inverts_it(checker: HardwareProfile) -> None:
    """PLAIN + MOVED / r = 0.25 s."""
    answer = cm.solve("hairnet", checker, "checker", "total_time <= 250 ms")
    assert answer.value == pytest.approx(MOVED / (0.25 - PLAIN), rel=1e-9)
    answer = cm.solve("hairnet", checker, "hw.checker", "total_time <= 100 ms")
    assert not answer.possible


def test_sensitivity_knows_its_share(checker: HardwareProfile) -> None:
    effects = cm.sensitivity("hairnet", checker).set_index("resource")
    share = MOVED / RATE / (PLAIN + MOVED / RATE)
    assert effects.loc["checker", "share"] == pytest.approx(share, rel=1e-12)
    assert effects.loc["checker", "elasticity"] == pytest.approx(-share, rel=1e-9)
    assert effects.loc["checker", "doubled_s"] == pytest.approx(PLAIN + MOVED / RATE / 2, rel=1e-12)


def test_generate_adds_it(checker: HardwareProfile) -> None:
    plain = load_profile("h100_measured")
    with_it = plain.model_copy(update={"further": {"checker": RATE}})
    before, after = (
        cm.generate("qwen3-0.6b", one, 64, 2, timing="serial") for one in (plain, with_it)
    )
    assert after.ttft - before.ttft == pytest.approx(
        before.prefill.totals["external_bytes"] / RATE, rel=1e-9
    )
    assert after.tpot is not None
    assert before.tpot is not None
    moved = before.decode[0].totals["external_bytes"]
    assert after.tpot - before.tpot == pytest.approx(moved / RATE, rel=1e-9)


def test_a_calibration_predicts_with_it(checker: HardwareProfile) -> None:
    """With every coefficient as the base states it the system gives the time of the run."""
    profile = checker.model_copy(update={"placement": "all_external", "timing": "serial"})
    run = cm.simulate("hairnet", profile, convention="flops")
    row = Measurement("hairnet", 1, "fp32", 0.2, "a", Place("table.csv", 2, 1))
    system = design([row], [occupied(row, run)], TIMINGS.load("serial"), lambda name: 0.0)
    whole = {"launch": 0.0, "on_chip": 0.0, "overhead": 0.0}
    coefficients = np.array([whole.get(resource, 1.0) for resource, _ in system.names])
    assert system.predict(coefficients)[0] == pytest.approx(run.total_time, rel=1e-12)


# --- random lists of terms ----------------------------------------------------------------------------

LANES = ("transfer", "on_chip", "matrix", "host", "launch", "link")
AMOUNTS = ("external_bytes", "on_chip_bytes", "read", "write", "macs", "matrix_work", "operations",
           "host_launches", "fixed_time")  # fmt: skip


@st.composite
def random_terms(draw: st.DrawFn) -> list[Term]:
    """The real list in part, and terms of new figures."""
    kept = [term for term in terms.TERMS if draw(st.booleans())]
    added = [
        Term(
            draw(st.sampled_from(LANES)),
            draw(st.sampled_from(AMOUNTS)),
            f"figure{number}",
            draw(st.sampled_from(["divided", "multiplied"])),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    return [*kept, *added]


@settings(max_examples=60)
@given(
    recipes(),
    MACHINES,
    random_terms(),
    st.lists(st.floats(0.5, 4.0), min_size=4, max_size=4),
    st.sampled_from(["serial", "overlap", "partial"]),
    st.sampled_from(["per_tensor", "all_external"]),
    st.integers(0, 20),
)
def test_every_study_adds_up_the_same_random_list(
    recipe: Any, machine: Machine, chosen: list[Term], figures: list[float], timing: str, place: str,
    pick: int,
) -> None:  # fmt: skip
    """By hand from the list, in plain Python; then the formula, the closed forms, and the general path."""
    work = counted(built(recipe))
    memory = float(work.tensor_bytes[pick % len(work.tensor_bytes)])
    numbered = {f"figure{number}": value for number, value in enumerate(figures)}
    here = machine.replace(memory=memory, **numbered)
    placement, clock = PLACEMENTS.load(place), TIMINGS.load(timing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terms, "TERMS", chosen)
        result = evaluate(work, here, placement, clock)
        expected = by_hand(chosen, result.amounts, here, timing, len(work.macs))
        forms = [
            closed_form(work, placement, clock),
            General(work, placement, clock),
        ]
        totals = [float(result.total_time)]
        totals += [_total(form, here) for form in forms if form is not None]
    assert totals == pytest.approx([expected] * len(totals), rel=1e-9, abs=1e-12)


def _total(form: Any, machine: Machine) -> float:
    if isinstance(form, General):
        return float(form.columns(machine, 1)["total_time"][0])
    return float(form.total_time(machine)[0])


def by_hand(
    chosen: list[Term], amounts: dict[str, Any], machine: Machine, timing: str, rows: int
) -> float:
    """Row by row, term by term, with the norm of the timing written out once more."""
    sides = {"transfer": 0, "on_chip": 0, "matrix": 1, "host": 1, "launch": 2, "link": 2}
    exponent = {"serial": 1.0, "overlap": math.inf, "partial": 2.0}[timing]
    total = 0.0
    for row in range(rows):
        times = [0.0, 0.0, 0.0]
        for term in chosen:
            if term.lane not in sides:
                continue
            figure = machine[term.figure] if term.figure else 1.0
            if figure is None and term.instead:
                figure = machine[term.instead]
            if figure is None:
                continue
            assert isinstance(term.amount, str)
            amount = float(np.broadcast_to(amounts[term.amount], (1, 1, rows))[0, 0, row])
            times[sides[term.lane]] += (
                amount * figure if term.how == "multiplied" else amount / figure
            )
        moving, computing, besides = times
        total += float(np.linalg.norm([moving, computing], ord=exponent)) + besides
    if any(term.lane == "overhead" for term in chosen):
        total += machine.overhead
    return total


@settings(max_examples=40)
@given(
    recipes(),
    MACHINES,
    # at 1 the last digit of a sum decides
    st.floats(0.3, 0.99) | st.floats(1.01, 3.0),
    st.sampled_from(["bandwidth", "matrix", "host"]),
)
def test_solve_under_overlap_is_a_bisection(
    recipe: Any, machine: Machine, factor: float, word: str
) -> None:
    """The smallest rate that meets a time under `overlap`, against halving over the formula."""
    run = run_of(recipe, machine)
    limit = run.total_time * factor
    answer = solve(run, word, Target("total_time", Bound("<=", limit), "test"))

    def total(value: float) -> float:
        return float(run.on(run.machine.replace(**{word: value})).total_time)

    low, high = 1e-9, 1e18
    if total(high) > limit * (1 + 1e-12):
        assert not answer.possible
        return
    if answer.value is None:
        # whatever the rate, it is met
        assert answer.possible
        assert total(low) == pytest.approx(total(high), rel=1e-9)
        return
    for _ in range(300):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if total(middle) <= limit else (middle, high)
    assert total(answer.value) <= limit * (1 + 1e-12)
    assert answer.value == pytest.approx(high, rel=1e-6) or total(
        answer.value * (1 - 1e-6)
    ) > limit * (1 - 1e-9)


def run_of(recipe: Any, machine: Machine) -> Run:
    """A random network on a random machine under `overlap`."""
    profile = profile_of(machine)
    return cm.simulate(built(recipe), profile, timing="overlap", convention="flops")


def profile_of(machine: Machine) -> HardwareProfile:
    """A profile that states a machine's four figures."""
    figures = {
        "bandwidth": machine.bandwidth,
        "on_chip_memory": machine.memory,
        "matrix": machine.matrix,
        "host": machine.host,
    }
    return load_profile("accel_1tflops").model_copy(update=figures)


# --- figures that had fields of their own --------------------------------------------------------------


def test_figures_that_were_fields_of_their_own_are_figures() -> None:
    """The link's two, energies and static power: axes, and what they add by hand."""
    profile = load_profile("accel_1tflops").model_copy(
        update={"energy": Energy.model_validate({"external_byte": "20 pJ", "static": "2 W"})}
    )
    run = cm.simulate("hairnet", profile)
    expected = MOVED * 20e-12 + 2 * run.total_time
    assert run.totals["energy_J"] == pytest.approx(expected, rel=1e-12)
    table = cm.scan("hairnet", profile, axes={"hw.energy.static": ["1 W", "2 W"]})
    assert table["energy"].iloc[1] == pytest.approx(expected, rel=1e-12)
    assert table["energy"].iloc[0] == pytest.approx(expected - run.total_time, rel=1e-12)


def test_a_link_is_an_axis_and_its_algorithm_is_chosen_at_each_point() -> None:
    """Two devices add up: once for all, l + s / b; in two steps, 2 l + s / b (two devices send half each twice)."""
    run = cm.simulate(
        "qwen3-0.6b", "h100", settings={"tokens": 16, "context": 0}, placement="all_external",
        dtype="bf16", passes=[TensorParallel(4)],
    )  # fmt: skip
    assert run.result.link is not None
    form = Variant.of(run).form
    latencies = np.array([0.0, 1e-6, 1e-3])
    times = form.columns(run.machine.replace(link_latency=latencies), 3)["link_time"]
    rows = int((run.workload.costs.link_bytes[0] > 0).sum())
    size = 16 * 1024 * 2
    bandwidth = run.machine.link_bandwidth
    for latency, time in zip(latencies, times, strict=True):
        least = min(
            latency + 3 * size / bandwidth,
            2 * latency + 2 * 3 / 4 * size / bandwidth,
            4 * latency + 2 * 3 / 4 * size / bandwidth,
        )
        assert time == pytest.approx(rows * least, rel=1e-9)


# --- levels -------------------------------------------------------------------------------------------


class TwoLevels(Placement):
    """A map lives in the innermost level that is as large as it is, if there is one."""

    source: ClassVar[str] = "made for this test"

    def plan(self, workload: Workload, memory: Any) -> Plan:
        outer, inner = (memory[:, level, np.newaxis] for level in (0, 1))
        sizes = workload.tensor_bytes
        return Plan.of_maps(workload, np.where(sizes <= inner, 2, np.where(sizes <= outer, 1, 0)))


def test_a_plan_gives_each_map_its_level_and_each_level_has_a_term() -> None:
    """Three maps of 576 B: relu 576 -> 576, conv of 4 filters -> 576; by hand at three machines.

    The two rows read 576 B each and write 576 B each; the parameters, 4 x 4 x 3 x 3 in fp32, are 576 B
    and cross the bus at 1 B/s.
    """
    work = counted(built([("relu", [0]), ("conv2d", [1])]))
    maps, params = 4 * 576, int(work.param_bytes.sum())
    assert params == 4 * (4 * 4 * 9)
    outer, inner = np.array([100.0, 1000.0, 1000.0]), np.array([10.0, 10.0, 600.0])
    machine = Machine(1.0, outer, math.inf, math.inf, on_chip_bandwidth=2.0, memory_2=inner,
                      on_chip_bandwidth_2=8.0)  # fmt: skip
    result = evaluate(work, machine, TwoLevels(), TIMINGS.load("serial"))
    assert result.plan.levels.tolist() == [[0] * 3, [1] * 3, [2] * 3]
    expected = [params + maps, params + maps / 2, params + maps / 8]
    assert result.total_time.tolist() == expected
    # on one machine at a time it is the same
    for point, total in enumerate(expected):
        alone = machine.replace(memory=outer[point], memory_2=inner[point])
        assert float(evaluate(work, alone, TwoLevels(), TIMINGS.load("serial")).total_time) == total


# --- and the page -------------------------------------------------------------------------------------


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
def test_the_page_adds_up_random_lists_too() -> None:
    """Thirty random networks, machines and lists: the page's total is the formula's, a scan's and a solve's."""
    cases: list[dict[str, Any]] = []
    totals: list[float] = []

    @settings(max_examples=30, database=None)
    @given(
        recipes(),
        MACHINES,
        random_terms(),
        st.lists(st.floats(0.5, 4.0), min_size=4, max_size=4),
        st.sampled_from(["serial", "overlap", "partial"]),
        st.sampled_from(["per_tensor", "all_external", "resident"]),
    )
    def collect(
        recipe: Any, machine: Machine, chosen: list[Term], figures: list[float], timing: str, place: str
    ) -> None:  # fmt: skip
        profile = profile_of(machine)
        run = cm.simulate(
            built(recipe), profile, timing=timing, placement=place, convention="flops"
        )
        numbered = {f"figure{number}": value for number, value in enumerate(figures)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(terms, "TERMS", chosen)
            there = run.machine.replace(**numbered)
            here = replace(run, machine=there, result=run.on(there))
            scanned = Variant.of(here).form.columns(there, 1) if place == "resident" else None
            cases.append(run_data(here))
            totals.append(here.total_time)
            if scanned is not None:
                assert scanned["total_time"][0] == pytest.approx(here.total_time, rel=1e-12)
            for effect in effects(here):
                quantity = quantities.MACHINE[effect.resource]
                doubled = float(here.on(there.scaled(quantity, 2.0)).total_time)
                assert effect.doubled_s == pytest.approx(doubled, rel=1e-12)

    collect()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        page.add_script_tag(content=(PAGE / "model.js").read_text())
        worked_out = page.evaluate(
            "(every) => every.map((one) => evaluate(unpacked(one), one.machine).time)", cases
        )
        browser.close()
    assert worked_out == pytest.approx(totals, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("figure", ["write_bandwidth", "on_chip_bandwidth"])
def test_two_paces_under_overlap_are_bisected(figure: str) -> None:
    """A row that reads and writes at rates of their own waits for their sum: the formula is asked."""
    machine = load_profile("accel_1tflops").model_copy(update={figure: 2e9})
    answer = cm.solve("hairnet", machine, "matrix", "total_time <= 1 s", timing="overlap")
    assert answer.value is not None
    run = cm.simulate("hairnet", machine, timing="overlap")
    there, below = (
        float(run.on(run.machine.replace(matrix=answer.value * factor)).total_time)
        for factor in (1, 1 - 1e-12)
    )
    assert there <= 1 < below
    # what every row takes besides is added whatever the paces
    assert cm.solve("hairnet", machine, "overhead", "total_time <= 1 s", timing="overlap").possible
