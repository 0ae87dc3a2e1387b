"""Tiled loop nests: step functions equal to exhaustive walks and to published counts."""

from __future__ import annotations

import random

import pytest
from tile_walk import Walk, draw, model

from costmodel.core.tiling.front import front
from costmodel.core.tiling.nest import Nest, Sweep, Widths

BYTES = Widths(1, 1, 1, 1)


@pytest.mark.parametrize("seed", range(10))
def test_steps_equal_an_exhaustive_walk(seed: int) -> None:
    """`python tests/tile_walk.py 200` walks more of them."""
    layer, double = draw(random.Random(seed)), seed % 2 == 1
    assert model(layer, double=double) == Walk(layer, double=double).front()


def test_a_product() -> None:
    """By hand: with one word of each all 36 multiply-adds fetch both operands: 36 + 36 + 9 = 81."""
    steps = front(Nest(3, 4, (Sweep(3),)), BYTES)
    pairs = list(zip(steps.memory.tolist(), steps.moved.total.tolist(), strict=True))
    assert pairs == [(3, 81), (4, 69), (5, 57), (9, 45), (13, 33)]


def test_a_sliding_window_reads_its_input_once() -> None:
    """16 outputs and 3 taps read 18 inputs once 7 words fit (NVlabs/timeloop, issue 295)."""
    steps = front(Nest(1, 1, (Sweep(16, 3, inputs=18),)), BYTES)
    fits = steps.memory <= 7
    assert steps.moved.input[fits][-1] == 18
    # its 3 weights and 16 outputs move once as well
    assert steps.moved.total[fits][-1] == 18 + 3 + 16


def test_weights_are_read_again_for_each_tile_of_outputs() -> None:
    """K 768, C 1408, P 512 in tiles of 16 outputs: 34 603 008 reads (NVlabs/timeloop, issue 153).

    By hand: 768 x 1408 weights, once for each of the ceil(512 / 16) = 32 tiles.
    """
    nest = Nest(768, 1408, (Sweep(512),))
    assert nest.weight_words * (512 // 16) == 34_603_008
    steps = front(nest, BYTES)
    assert 34_603_008 in steps.moved.weights.tolist()
