"""Tiled loop nests: step functions equal to exhaustive walks and to published counts."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from schedule_walk import Walker
from tile_walk import ExhaustiveWalk, Small, SmallAxis, as_nest, draw, model

from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.nest import Nest, Sweep, Widths
from costmodel.core.tiling.schedule import schedule
from costmodel.core.tiling.windows import FINEST, sizes

BYTES = Widths(1, 1, 1, 1)
AXES = dict.fromkeys("nkcpqrs", 1)
"""An axis that a nest does not have is one tile of one."""


@pytest.mark.parametrize("seed", range(10))
def test_steps_equal_an_exhaustive_walk(seed: int) -> None:
    """`python tests/tile_walk.py 200` walks more of them."""
    layer, double = draw(random.Random(seed)), seed % 2 == 1
    assert model(layer, double=double) == ExhaustiveWalk(layer, double=double).steps()


# outputs, taps, stride, dilation, padding before, inputs
DILATED = [
    Small(2, 1, 1, SmallAxis(5, 2, 1, 2, 2, 5), SmallAxis(1), 2, (2, 1, 2, 4)),
    Small(1, 1, 1, SmallAxis(4, 2, 1, 2, 2, 3), SmallAxis(1), 1, (1, 0, 1, 2)),
]


@pytest.mark.parametrize("layer", DILATED)
def test_shorter_runs_of_dilated_windows_hold_less(layer: Small) -> None:
    """Between two taps of a word others are met: a run that ends earlier lets fewer words wait.

    The weights stay and are fetched once for each run of outputs.
    """
    assert model(layer, double=False) == ExhaustiveWalk(layer, double=False).steps()


@pytest.mark.parametrize("seed", range(10))
def test_schedules_run_in_a_buffer_of_their_size(seed: int) -> None:
    """Each step, multiply-add by multiply-add: every operand is on chip, and as many words move."""
    layer = DILATED[seed] if seed < 2 else draw(random.Random(100 + seed))
    layer = replace(layer, widths=(1, 1, 1, 1), groups=1)
    nest = as_nest(layer)
    steps = traffic_curve(nest, BYTES)
    for step, (memory, moved) in enumerate(zip(steps.room, steps.moved.total, strict=True)):
        nodes = schedule(nest, steps, step)
        levels = [(level.tensor, AXES | level.tile) for level in nodes.levels]
        walker = Walker(layer, levels, nodes.slides)
        walker.run()
        assert len(walker.done) == nest.macs
        assert walker.moved == moved
        assert sum(walker.most.values()) <= memory


def test_a_product() -> None:
    """By hand: with one word of each all 36 multiply-adds fetch both operands: 36 + 36 + 9 = 81."""
    steps = traffic_curve(Nest(3, 4, (Sweep(3),)), BYTES)
    pairs = list(zip(steps.room.tolist(), steps.moved.total.tolist(), strict=True))
    assert pairs == [(3, 81), (4, 69), (5, 57), (9, 45), (13, 33)]


def test_a_sliding_window_reads_its_input_once() -> None:
    """16 outputs and 3 taps read 18 inputs once 7 words fit (NVlabs/timeloop, issue 295)."""
    steps = traffic_curve(Nest(1, 1, (Sweep(16, 3, inputs=18),)), BYTES)
    fits = steps.room <= 7
    assert steps.moved.input[fits][-1] == 18
    # its 3 weights and 16 outputs move once as well
    assert steps.moved.total[fits][-1] == 18 + 3 + 16


def test_weights_are_read_again_for_each_tile_of_outputs() -> None:
    """K 768, C 1408, P 512 in tiles of 16 outputs: 34 603 008 reads (NVlabs/timeloop, issue 153).

    By hand: 768 x 1408 weights, once for each of the ceil(512 / 16) = 32 tiles.
    """
    nest = Nest(768, 1408, (Sweep(512),))
    assert nest.weight_words * (512 // 16) == 34_603_008
    steps = traffic_curve(nest, BYTES)
    assert 34_603_008 in steps.moved.weights.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_products_stay_above_the_lower_bound(seed: int) -> None:
    """No schedule moves less than max(compulsory, 2 m n k / sqrt(S) - 2 S) words in S of them.

    Source: Smith et al. 2019, "A Tight I/O Lower Bound for Matrix Multiplication" (arXiv
    1702.02017).
    """
    dice = random.Random(seed)
    m, n, k = (dice.randint(1, 700) for _ in range(3))
    steps = traffic_curve(Nest(n, k, (Sweep(m),)), BYTES)
    for room, moved in zip(steps.room.tolist(), steps.moved.total.tolist(), strict=True):
        assert moved >= max(m * n + m * k + n * k, 2 * m * n * k / room**0.5 - 2 * room)


def test_long_axes_take_seconds() -> None:
    """A speech front end: 30 000 outputs of 10 taps; once everything fits, each word moves once."""
    sweep = Sweep(30_000, 10, 5, inputs=150_005)
    nest = Nest(16, 1, (sweep,))
    steps = traffic_curve(nest, BYTES)
    once = nest.input_words + nest.weight_words + nest.output_words
    assert steps.moved.total[-1] == once
    assert steps.room[0] == 3


@pytest.mark.parametrize("length", [2**20, 10**7, 2**28])
def test_long_axes_are_cut_finely_enough(length: int) -> None:
    """Of equal parts up to a hundred, and of tiles as small, none is left out; above, steps of a hundredth."""
    tried = sizes(length).tolist()
    assert len(tried) <= 2 * FINEST
    assert {-(-length // parts) for parts in range(1, 101)} | set(range(1, 101)) <= set(tried)
    middle = [size for size in tried if 101 <= size <= length // 101]
    assert max(after / size for size, after in pairwise(middle)) < 1.02


def test_a_long_axis_of_single_words_is_no_table() -> None:
    """A product over 2^28 places: each word is touched once, and no word is listed."""
    sweep = Sweep(2**28)
    nest = Nest(4, 8, (sweep,))
    # the whole of it on chip moves everything once: 8 + 4 words a place and 32 weights
    assert traffic_curve(nest, Widths(1, 1, 1, 1)).moved.total[-1] == 12 * 2**28 + 32
    assert "met" not in vars(sweep)
