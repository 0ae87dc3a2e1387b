"""The fit, the folds and the intervals, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from measured import BASE
from scipy.stats import t as student

from costmodel.core.timing import TIMINGS
from costmodel.studies.calibration import folds
from costmodel.studies.calibration.additive import Additive
from costmodel.studies.calibration.crossval import Options, choose, left_out, nested
from costmodel.studies.calibration.design import Design
from costmodel.studies.calibration.fit import fit
from costmodel.studies.calibration.interval import spread


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def one_column(measured: list[float], seconds: list[float]) -> Design:
    """Measurements whose time is one coefficient times a number, as a share of the bandwidth."""
    n = np.arange(len(measured))
    return Design(
        (("bandwidth", "stream"),),
        np.array(measured),
        np.ones(len(n)),
        TIMINGS.load("serial"),
        n,
        np.ones(len(n)),
        n,
        np.zeros(len(n), dtype=int),
        np.zeros(len(n), dtype=int),
        np.array(seconds),
        np.ones(1),
    )


def test_the_fit_by_hand() -> None:
    """Twenty times at half the peak: u = ln 2 less what the prior takes; one outlier moves it by little; no share above 1."""
    exact = fit(one_column([2.0] * 20, [1.0] * 20), np.arange(20)).coefficients[0]
    # stationary: 20 (u - ln 2) / .05^2 + (u - g) / .2^2 = 0 and (g - u) / .2^2 + g = 0, so u = ln 2 * 8000 / (8000 + 1 / 1.04)
    assert math.log(exact) == pytest.approx(math.log(2) * 8000 / (8000 + 1 / 1.04), rel=1e-6)
    outlier = fit(one_column([2.0] * 19 + [20.0], [1.0] * 20), np.arange(20)).coefficients[0]
    # least squares would say 10 ** (1 / 20) = 1.12
    assert exact < outlier < 1.02 * exact
    assert fit(one_column([0.5] * 20, [1.0] * 20), np.arange(20)).coefficients[0] == 1


def test_slopes_are_derivatives(folder: Path) -> None:
    """The analytic slopes of a design under partial overlap, against differences of its predictions."""
    rng = np.random.default_rng(3)
    rows, terms = 40, 150
    made = Design(
        (
            ("compute", "dense"),
            ("bandwidth", "dense"),
            ("parameters", ""),
            ("on_chip", ""),
            ("launch", ""),
        ),
        np.ones(7),
        np.ones(7),
        TIMINGS.load("partial"),
        rng.integers(0, 7, rows),
        rng.integers(1, 4, rows).astype(float),
        rng.integers(0, rows, terms),
        rng.integers(0, 5, terms),
        rng.integers(0, 4, terms),
        rng.random(terms),
        np.ones(5),
    )
    at = rng.uniform(1, 3, 5)
    times, slopes = made.slopes(at)
    assert times == pytest.approx(made.predict(at))
    for column in range(5):
        step = np.exp(1e-5 * (np.arange(5) == column))
        numeric = (made.predict(at * step) - made.predict(at / step)) / 2e-5
        assert slopes[:, column] == pytest.approx(numeric, rel=1e-3, abs=1e-6)


def test_the_crude_model_by_hand() -> None:
    """Two kinds with 2 and 3 s an operation: recovered from three networks, never negative."""
    sums = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 5.0]])
    model = Additive(sums, np.array([2.0, 3.0, 5.0, 1.0]))
    assert model.predict(np.arange(3), np.array([3])) == pytest.approx([19.0])


# --- honest errors --------------------------------------------------------------------------------------


def test_intervals_by_hand() -> None:
    """Of 29 errors 1..29 % the rank is ceil(.9 * 30) = 27; of 4, Student's t with 4 degrees of freedom."""
    assert spread(np.arange(1, 30) / 100) == pytest.approx((math.exp(-0.27), math.exp(0.27)))
    half = student.ppf(0.95, 4) * math.sqrt(0.01 * 1.25)
    assert spread(np.array([0.1, -0.1, 0.1, -0.1])) == pytest.approx(
        (math.exp(-half), math.exp(half))
    )
    assert spread(np.zeros(0)) == pytest.approx((0.1, 10))


def test_intervals_cover_what_they_say() -> None:
    """Errors of one distribution: of further ones 90 % lie inside, in the mean over many draws."""
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        low, high = spread(rng.standard_t(3, 50) * 0.1)
        inside.append(
            np.mean((math.log(low) <= (e := rng.standard_t(3, 200) * 0.1)) & (e <= math.log(high)))
        )
    # between 0.9 and 0.9 + 1 / 51
    assert 0.89 < float(np.mean(inside)) < 0.92


def test_folds() -> None:
    assert [list(map(int, fold)) for fold in folds.grouped(["b", "a", "b", "c"])] == [
        [1],
        [0, 2],
        [3],
    ]
    many = folds.grouped([str(n % 25) for n in range(100)])
    assert len(many) == 10
    assert sorted(int(n) for fold in many for n in fold) == list(range(100))
    assert all(
        len({n % 25 for n in fold} & {n % 25 for n in other}) == 0
        for fold in many
        for other in many
        if fold is not other
    )
    assert folds.groups(["a", "b"], ["x", "y"], [1, 1]) == ["a", "b"]
    dealt = folds.groups([""] * 6, ["x", "x", "y", "z", "u", "v"], [1] * 6)
    assert dealt[0] == dealt[1]
    assert len(set(dealt)) == 5


def test_nothing_of_a_family_is_seen() -> None:
    """A model that predicts the mean of what it was given: each family gets the others' mean, its own left out."""
    measured, groups = np.array([1.0, 2.0, 4.0, 8.0]), ["a", "a", "b", "c"]
    seen = left_out(
        lambda train, test: np.full(len(test), measured[train].mean()), groups, np.arange(4)
    )
    assert seen == pytest.approx([6, 6, 11 / 3, 7 / 3])


def _pick(designs: dict[str, Design], choice: tuple[str]) -> Design:
    return designs[choice[0]]


def test_the_first_choice_stays_unless_another_is_better() -> None:
    """A wrong model first and a right one second: the right one is taken; two right ones: the first."""
    right, wrong = one_column([2.0] * 8, [1.0] * 8), one_column([2.0] * 8, [1.0, 9.0] * 4)
    groups, measured = list("aabbccdd"), np.full(8, 2.0)
    for designs, expected in (
        ({"x": wrong, "y": right}, "y"),
        ({"x": right, "y": replace(right)}, "x"),
    ):
        options = Options({"which": list(designs)}, partial(_pick, designs))
        assert choose(options, measured, groups, np.arange(8))[0] == (expected,)
        found = nested(options, measured, groups, lambda _: groups)
        assert found.choices == ((expected,),) * 4
        assert found.predicted == pytest.approx(measured, rel=0.01)
