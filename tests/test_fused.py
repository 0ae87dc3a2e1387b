"""Rows that run depth first: oracles, walks, executions, laws, and what reports say."""

from __future__ import annotations

import csv
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fused_execution import executed
from fused_nets import NETWORKS, Drawing, column, machine, spans
from fused_walk import Drawn, compare, draw

import costmodel as cm
from costmodel.core.placement import PLACEMENTS
from costmodel.core.placing import place
from costmodel.core.tiling.fusion.groups import kept_weights
from costmodel.core.tiling.fusion.strips import held_row_by_row
from costmodel.models.traffic.fused import Fused, PlacedGroups
from costmodel.models.traffic.tiled import Tiled

DATA = Path(__file__).parent / "data" / "fusion.csv"
"""Written apart from the package: dynamic programs that a brute force over 406 cases confirmed."""
with DATA.open() as file:
    ORACLES = list(csv.DictReader(file))


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda one: f"{one['network']}-{one['memory_B']}")
def test_oracles(oracle: dict[str, str]) -> None:
    """Bytes and groups of VGG-16, MobileNetV1, residual blocks and the layers of Alwani et al."""
    dtype = {"1": "int8", "4": "fp32"}[oracle["element_B"]]
    run = cm.simulate(
        NETWORKS[oracle["network"]](), machine(float(oracle["memory_B"]), dtype=dtype)
    )
    assert int(run.result.external_bytes.sum()) == int(oracle["fused_B"])
    assert spans(run) == oracle["groups"]
    assert run.live.max() <= run.machine.memory


def alwani() -> cm.Run:
    """The first five convolutions of VGG-E and the pools between, fp32, row by row."""
    layers = NETWORKS["VGG-E conv1_1..conv3_1 (Alwani 2016)"]()
    return cm.simulate(layers, machine(2972292, dtype="fp32"))


def test_the_fused_layers_of_alwani() -> None:
    """Alwani et al., MICRO 2016: 77.14 MiB of maps layer by layer, 3.64 MiB fused.

    Layer by layer each convolution reads its input and writes its map, a pool being done on
    reading: the input, twice the map of each convolution but the last, and the last one.
    """
    run = alwani()
    sizes = run.workload.tensor_bytes.tolist()
    conv = [sizes[row + 1] for row, one in enumerate(run.workload.rows) if one.kind == "conv2d"]
    assert round((sizes[0] + 2 * sum(conv[:-1]) + conv[-1]) / 2**20, 2) == 77.14
    moved = run.result.placed.moved
    assert int((moved.read + moved.write).sum()) == 602_112 + 3_211_264
    assert round((602_112 + 3_211_264) / 2**20, 2) == 3.64


def test_the_buffers_of_alwani() -> None:
    """361 872 B: k - s rows of each convolution's padded input, 355 632, and columns, 6 240.

    Columns: k - s of the new rows, which for a tip of 1 x 1 multiply by the strides from the tip
    down: 1 row of conv3_1's input, 2 of conv2_2 and conv2_1, 4 of conv1_2 and conv1_1.
    """
    flow = alwani().workload.flow
    assert flow is not None
    readings = [stage.readings[0] for stage in flow.stages if stage]
    widths = {224: 226, 112: 114, 56: 58}
    rows, columns, new = 0, 0, 1
    for reading in reversed(readings):
        sweep = reading.sweep
        kept, line = sweep.taps - sweep.stride, reading.line // 8
        rows += kept * line // sweep.inputs * (widths[sweep.inputs] if sweep.before else 0)
        new *= sweep.stride
        columns += kept * new * line // sweep.inputs
    assert rows == 355_632
    assert columns == 2 * 4 * (128 + 2 * (128 + 64) + 4 * (64 + 3)) == 6_240
    assert rows + columns == 361_872


@pytest.mark.parametrize("start", range(0, 120, 20))
def test_every_partition_strip_and_kept_set(start: int) -> None:
    """Small networks with strides, pools, branches and sums, against all that the class has."""
    fused = 0
    for seed in range(1000 + start, 1020 + start):
        ours, walked, grouped = compare(seed)
        assert ours == walked, seed
        fused += grouped
    assert fused > 10


def test_groups_can_be_executed() -> None:
    """Lines are read and made once, are there when needed, and hold no more than was said."""
    assert sum(executed(seed) for seed in range(2000, 2100)) > 60


# By hand, one sum of 4 bytes: row by row 3 lines of either map and both weights stay, 6 + 6 + 4 =
# 16 B. One strip of all 4 lines holds 8, one streamed filter 3 and the sum: 15 B, the same traffic.
# Two strips of 2 lines hold 4 of the input and 3 of the map between: 7 + 3 + 4 = 14 B, weights
# twice: 8 + 12 bytes. With less each row runs alone: 11 bytes each at least.
BY_HAND: list[tuple[float, int, int]] = [(14, 1, 20), (15, 1, 14), (16, 1, 14), (math.inf, 1, 14)]
# Of two samples each strip reads streamed weights again: 16 + 2 * 6; those that stay are read once.
SAMPLES: list[tuple[float, int, int]] = [(15, 2, 28), (16, 2, 22)]


@pytest.mark.parametrize(("memory", "samples", "moved"), BY_HAND + SAMPLES)
def test_a_column_by_hand(memory: float, samples: int, moved: int) -> None:
    profile = machine(memory if memory < math.inf else 1e9)
    run = cm.simulate(column(), profile, batch=samples)
    assert int(run.result.external_bytes.sum()) == moved
    assert run.groups == [1, 1]


def test_branches_ask_for_all_that_either_needs() -> None:
    """x, its activation and its convolution of 3 taps, and their sum, over 8 lines of one word.

    A line of the sum holds 3 lines of x, one of each branch, 3 weights and a sum of 4: 12 B, and
    moves 8 + 8 + 3. In 11 B all that cannot be.
    """
    net = Drawing(1, 8, 1)
    one = net.add("relu", net.x)
    other = net.add("conv2d", net.x, filters=1, kernel=[3, 1], padding=[1, 1, 0, 0])
    network = net.network(net.add("add", one, other))
    assert int(cm.simulate(network, machine(12)).result.external_bytes.sum()) == 19
    assert int(cm.simulate(network, machine(11)).result.external_bytes.sum()) > 19


def test_below_that_rows_run_alone() -> None:
    run = cm.simulate(column(), machine(13))
    alone = cm.simulate(column(), machine(13), traffic="tiled")
    assert run.groups == [None, None]
    assert run.result.external_bytes.tolist() == alone.result.external_bytes.tolist()
    assert run.schedules == alone.schedules


@pytest.mark.parametrize(("memory", "moved"), [(25, 22), (26, 14)])
def test_second_buffers(memory: int, moved: int) -> None:
    """All but weights that stay count twice: row by row 2 * (6 + 4) + 6 B."""
    run = cm.simulate(column(), machine(memory, buffering="double"))
    assert int(run.result.external_bytes.sum()) == moved


def test_weights_have_their_own_width() -> None:
    """Two bytes each: at 15 B a filter of 6 passes by where 3 did, so that 8 + 6 + 4 do not fit.

    Row by row 6 + 12 + 4 = 22 B, one strip 8 + 6 + 4 = 18 B; either moves 8 + 12.
    """
    for memory, moved in ((18, 20), (22, 20)):
        run = cm.simulate(column(), machine(memory), dtype="{weights: fp16, maps: int8}")
        assert int(run.result.external_bytes.sum()) == moved
    fewer = cm.simulate(column(), machine(17), dtype="{weights: fp16, maps: int8}")
    assert int(fewer.result.external_bytes.sum()) > 20


def totals(net: Drawn, model: Fused | Tiled, memories: list[int]) -> list[int]:
    work = cm.simulate(net.network, machine(memories[0])).workload
    placed = place(work, np.array(memories), PLACEMENTS.load("all_external"), model)
    return [int(moved) for moved in placed.moved.total.sum(axis=1)]


@pytest.mark.parametrize("seed", range(40))
def test_laws(seed: int) -> None:
    """Never more than rows one by one, never more with more memory, all that must move at last."""
    net = draw(random.Random(3000 + seed))
    memories = [*range(12, 200, 7), 100_000]
    fused, tiled = totals(net, Fused(), memories), totals(net, Tiled(), memories)
    assert all(ours <= theirs for ours, theirs in zip(fused, tiled, strict=True))
    assert fused == sorted(fused, reverse=True)
    if len(net.network.outputs) == 1:
        ends = net.bytes(0) + net.bytes(len(net.ops))
        assert fused[-1] == ends + sum(op.weights for op in net.ops)


def test_what_stands_alone() -> None:
    """A row that reads whole maps, a view and a product are in no group; those beside them are."""
    net = Drawing(4, 8, 8)
    x = net.add("relu", net.conv(net.x, 4))
    x = net.add("global_avg_pool", x)
    x = net.add("linear", x, features=5)
    run = cm.simulate(net.network(net.add("relu", x)), machine(10_000))
    assert run.groups == [1, 1, None, None, None]


def test_a_map_that_is_needed_outside_is_written_whole() -> None:
    """2x2 pools never read the last of 7 lines; the sum of the whole map, behind them, does."""
    net = Drawing(2, 7, 3)
    x = net.conv(net.x, 2)
    pooled = net.add("max_pool", x, kernel=2)
    run = cm.simulate(net.network(pooled, net.add("global_avg_pool", x)), machine(10_000))
    placed = run.result.placed
    assert isinstance(placed, PlacedGroups)
    assert run.groups == [1, 1, None]
    # 42 B in, 36 of weights, 42 of the map, 6 of the pooled one; then 42 in and 2 out
    assert run.result.external_bytes.tolist() == [42 + 36 + 42, 6, 44]
    assert run.layers["out_map_loc"].tolist() == ["external"] * 3


def test_row_by_row_makes_a_map_whole_that_is_needed_outside() -> None:
    """8 lines x, their convolution a of 3 taps, and lines 0 and 4 of that, b; a is an output too.

    b0 takes a0 from x0 and x1, b1 takes a4 from x3, x4 and x5. All five wait for other lines of a:
    a1 takes x2 besides, 6 lines of x. Of a nobody here waits for more than one.
    """
    net = Drawing(1, 8, 1)
    a = net.add("conv2d", net.x, filters=1, kernel=[3, 1], padding=[1, 1, 0, 0])
    b = net.add("max_pool", a, kernel=1, stride=[4, 1])
    flow = cm.simulate(net.network(a, b), machine(100)).workload.flow
    assert flow is not None
    assert held_row_by_row(flow, 0, 1) == {0: 6, 1: 1}
    alone = cm.simulate(net.network(b), machine(100)).workload.flow
    assert alone is not None
    assert held_row_by_row(alone, 0, 1) == {0: 3, 1: 1}


def test_the_weights_that_stay() -> None:
    """In 120: the first could stay beside a filter of 1, 30 of 130; the second beside one of 9."""
    assert kept_weights(((0, 30, 9), (1, 100, 1)), 120) == frozenset({1})


def test_maps_have_their_own_width() -> None:
    """An input of 2 bytes a word: row by row 6 + 3 + 6 + 4 = 19 B, one strip 8 + 4 + 3 + 4 = 19 B."""
    net = Drawing(1, 4, 1)
    x = net.builder.input("wide", (1, 4, 1), bits=16)
    taps = {"filters": 1, "kernel": [3, 1], "padding": [1, 1, 0, 0]}
    network = net.network(net.add("conv2d", net.add("conv2d", x, **taps), **taps))
    assert int(cm.simulate(network, machine(19)).result.external_bytes.sum()) == 8 + 4 + 6
    assert int(cm.simulate(network, machine(18)).result.external_bytes.sum()) > 18


def test_a_map_that_is_read_under_another_shape_is_cut_otherwise() -> None:
    net = Drawing(1, 4, 1)
    made = net.add("relu", net.x)
    run = cm.simulate(net.network(net.add("relu", replace(made, shape=(1, 2, 2)))), machine(100))
    assert run.groups == [None, None]


def test_a_long_chain() -> None:
    """Deeper than Python's calls may nest."""
    net = Drawing(1, 4, 1)
    x = net.x
    for _ in range(300):
        x = net.add("conv2d", x, filters=1, kernel=[3, 1], padding=[1, 1, 0, 0])
    # row by row 3 lines of each map and all weights: 300 * 6 + 4 B
    run = cm.simulate(net.network(x), machine(300 * 6 + 4))
    assert int(run.result.external_bytes.sum()) == 8 + 300 * 3


def test_a_sum_in_the_row_of_its_convolution() -> None:
    """Two residual blocks whose sums are computed as the convolution's lines come out.

    Each such row reads its window of one map and one line of the other. Compulsory are 12 544 B in,
    as many out, and 4 x 2 304 of weights.
    """
    fused = cm.simulate(
        NETWORKS["small residual 16x28x28"](), machine(24576), passes=["fuse_elementwise"]
    )
    assert [row.kind for row in fused.workload.rows] == ["conv2d", "conv2d+add"] * 2
    assert int(fused.result.external_bytes.sum()) == 2 * 12_544 + 4 * 2_304
    assert fused.groups == [1] * 4
