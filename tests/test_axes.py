"""The axes of a scan, the points drawn from them, and formulas of columns."""

from __future__ import annotations

import doctest
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.errors import BadValue
from costmodel.studies.scan.space import axes
from costmodel.studies.scan.space.axes import read_axis
from costmodel.studies.scan.space.formulas import Formula
from costmodel.studies.scan.space.samples import draw


def test_ranges_hit_round_values_exactly() -> None:
    assert read_axis("hw.bandwidth", "log(100 MB/s, 100 GB/s, 4)").grid == [1e8, 1e9, 1e10, 1e11]
    assert 1e6 in read_axis("hw.on_chip_memory", "log(1 kB, 1 GB, 61)").grid
    assert read_axis("arch.alpha", "linear(0.25, 1, 4)").grid == [0.25, 0.5, 0.75, 1.0]
    # YAML's quotes say what is text
    assert read_axis("arch.word", "['@b', '3', 3, relu]").grid == ["@b", "3", 3, "relu"]
    assert read_axis("arch.n", "3").grid == [3]
    assert read_axis("hw.on_chip_memory", "[256 kB, 1 MiB]").grid == [256e3, 2.0**20]
    assert read_axis("batch", "[1, 8]").grid == [1, 8]


@pytest.mark.parametrize(("name", "text", "message"), [
    ("hw.bandwith", "[1 GB/s]", "did you mean 'hw.bandwidth'"), ("hw.bandwidth", "[1 GB]", "is a memory, not a bandwidth"),
    ("hw.bandwidth", "[1]", "has no unit"), ("hw.bandwidth", "log(1 GB/s)", "takes 2 ends and a count"),
    ("hw.bandwidth", "log(1 GB/s, 2 GB/s, 0)", "is no count"), ("hw.bandwidth", "log(2 GB/s, 1 GB/s, 3)", "runs from"),
    ("hw.matrix", "log(1 GFLOPS, 1 TFLOPS, 99999999999)", "is no count"), ("dtype", "log(1, 2, 3)", "takes words"),
    ("batch", "[0]", "no batch size"), ("hw.matrix", "[]", "has no values"), ("batch", "[1.5]", "no batch size"),
])  # fmt: skip
def test_bad_axes(name: str, text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        read_axis(name, text)


@pytest.mark.parametrize("sample", ["random", "sobol", "lhs"])
@given(
    st.integers(1, 5), st.integers(0, 2**31), st.lists(st.integers(0, 64), min_size=2, max_size=5)
)
@settings(max_examples=15, deadline=None)
def test_samples_do_not_depend_on_the_ranges(
    sample: str, axes: int, seed: int, cuts: list[int]
) -> None:
    whole = draw(sample, axes, 64, seed, 0, 64)
    edges = sorted({0, 64, *cuts})
    pieces = [draw(sample, axes, 64, seed, a, b) for a, b in pairwise(edges)]
    assert np.array_equal(whole, np.concatenate(pieces))
    assert whole.min() >= 0
    assert whole.max() < 1


def test_lhs_is_a_latin_hypercube() -> None:
    """One point in each of n equal slices of every axis: the definition."""
    shares = draw("lhs", 3, 50, 1, 0, 50)
    for axis in shares.T:
        assert sorted((axis * 50).astype(int)) == list(range(50))


@pytest.mark.parametrize(("text", "columns", "value"), [
    ("hw.matrix <= 8 TFLOPS", {"hw.matrix": np.array([8e12, 8.1e12])}, [True, False]),
    ("total_time * 1000 + 1 ms", {"total_time": np.array([1.0])}, [1000.001]),
    ("max(hw.host, 2 GFLOPS) / 1 GFLOPS", {"hw.host": np.array([1e9, 3e9])}, [2.0, 3.0]),
    ("where(batch > 1, 1, 0)", {"batch": np.array([1, 2])}, [0, 1]),
])  # fmt: skip
def test_formulas(text: str, columns: dict[str, Any], value: list[Any]) -> None:
    assert np.asarray(Formula(text)(columns)).tolist() == pytest.approx(value)


@pytest.mark.parametrize(("text", "message"), [
    ("hw.matrix <= 8 TB", "'hw.matrix' is compared with a memory"), ("hw.matrx <= 1", "did you mean 'hw.matrix'"),
    ("hw.matrix <", "not an expression"), ("open('x')", "not defined"),
])  # fmt: skip
def test_bad_formulas(text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        checked(Formula(text))


def checked(formula: Formula) -> None:
    formula.check({"hw.matrix"})
    formula({"hw.matrix": 1.0})


def test_the_examples_of_axes_run() -> None:
    tried = doctest.testmod(axes)
    assert tried.attempted > 0
    assert tried.failed == 0
