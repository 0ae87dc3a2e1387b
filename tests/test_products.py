"""Least traffic of matrix products: equal to walks, to a closed form, and to its own mirror image."""

from __future__ import annotations

import csv
import doctest
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_walk import Walker
from tile_walk import ExhaustiveWalk, as_nest, draw_product, model

from costmodel.core.tiling import curves
from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.nest import Nest, Sweep, Widths
from costmodel.core.tiling.schedule import schedule
from costmodel.core.tiling.traffic_curve import TrafficCurve

DATA = Path(__file__).parent / "data" / "products.csv"


def _rows(what: str) -> list[dict[str, str]]:
    with DATA.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return [row for row in rows if row["what"] == what]


def _curve(row: dict[str, str]) -> TrafficCurve:
    nest = Nest(int(row["K"]), int(row["C"]), (Sweep(int(row["P"])),))
    return traffic_curve(nest, Widths(*(int(row[w]) for w in ("input", "weight", "output", "sum"))))


def _pairs(curve: TrafficCurve) -> list[tuple[int, int]]:
    return list(zip(curve.room.tolist(), curve.moved.total.tolist(), strict=True))


@pytest.mark.parametrize("row", _rows("steps"), ids=lambda r: f"P{r['P']} K{r['K']} C{r['C']}")
def test_every_step_of_small_products(row: dict[str, str]) -> None:
    """The first has K 3, C 1, P 4: of 4 bytes, 2 inputs that stay serve each weight twice.

    By hand: 4 inputs, 3 weights for each of 2 tiles, 12 outputs: 22 bytes.
    """
    expected = [tuple(map(int, pair.split(":"))) for pair in row["pairs"].split()]
    assert _pairs(_curve(row)) == expected


@pytest.mark.parametrize("row", _rows("at"), ids=lambda r: r["name"])
def test_layers_of_networks(row: dict[str, str]) -> None:
    curve = _curve(row)
    for memory, moved in (map(int, pair.split(":")) for pair in row["pairs"].split()):
        step = int(np.searchsorted(curve.room, memory, side="right")) - 1
        assert curve.moved.total[step] == moved


@pytest.mark.parametrize("seed", range(60))
def test_steps_equal_an_exhaustive_walk(seed: int) -> None:
    """Random sizes and widths, sums wider than maps, strides, operands on chip, second buffers."""
    layer, double = draw_product(random.Random(seed)), seed % 2 == 1
    assert model(layer, double=double) == ExhaustiveWalk(layer, double=double).steps()


SIZE = st.integers(1, 300)
WIDTH = st.integers(0, 32)


@given(SIZE, SIZE, SIZE, WIDTH, WIDTH, WIDTH, st.integers(1, 4), st.booleans())
def test_a_product_and_its_transpose_move_the_same(
    k: int, c: int, p: int, of_input: int, weight: int, output: int, wider: int, double: bool
) -> None:
    """O^T = I^T W^T: W(M; K, C, P, w_I, w_W) = W(M; P, C, K, w_W, w_I) at every step."""
    one, other = (
        traffic_curve(nest, Widths(*of_operands, output, wider * output), double=double)
        for nest, of_operands in (
            (Nest(k, c, (Sweep(p),)), (of_input, weight)),
            (Nest(p, c, (Sweep(k),)), (weight, of_input)),
        )
    )
    assert _pairs(one) == _pairs(other)


def test_the_example_runs() -> None:
    ran = doctest.testmod(curves)
    assert (ran.attempted, ran.failed) == (3, 0)


@pytest.mark.parametrize("seed", range(6))
def test_schedules_run_in_a_buffer_of_their_size(seed: int) -> None:
    """Each step of a product, multiply-add by multiply-add, in no more room than it states."""
    layer = replace(draw_product(random.Random(200 + seed)), widths=(1, 1, 1, 1), groups=1)
    nest = as_nest(layer)
    curve = traffic_curve(nest, Widths(1, 1, 1, 1))
    for step, (memory, moved) in enumerate(_pairs(curve)):
        nodes = schedule(nest, curve, step)
        levels = [(n.tensor, dict.fromkeys("nkcpqrs", 1) | n.tile) for n in nodes.levels]
        walker = Walker(layer, levels, nodes.slides)
        walker.run()
        assert len(walker.done) == nest.macs
        assert walker.moved == moved
        assert sum(walker.most.values()) <= memory
