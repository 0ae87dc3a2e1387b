"""Two products whose hidden map stays on chip: published-style oracles, an executed walk, reports."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.core.tiling.fusion.products import ProductRun

DATA = Path(__file__).parent / "data"
MACHINE = """name: M
source: this test
bandwidth: 1 GB/s
on_chip_memory: {memory} B
matrix: {{int8: 1 TOPS}}
host: {{int8: 1 GOPS}}
dtype: int8
accumulator: int32
placement: all_external
traffic: {traffic}
"""
SIZES = {"BERT-base FFN": (128, 768, 3072, 768), "MLP 64 tokens": (64, 96, 384, 96)}


def run_of(tokens: int, features: int, hidden: int, outputs: int, ways: int = 1) -> ProductRun:
    """Two products in bytes with sums of four, whose hidden map `ways` products make."""
    words = hidden * (ways * features + outputs)
    return ProductRun(
        0, ways, tuple(range(ways)), tokens, features, hidden, outputs, 8, 8, 8, 32, 8 * words
    )


def least(run: ProductRun, memory: int) -> int:
    """The bytes that the better of both ways moves."""
    return min(group.moved for group in run.groups(8 * memory, double=False))


def oracles() -> list[tuple[str, int, int]]:
    """Name, memory and bytes of the rows about products in tests/data/fused_products.csv."""
    with (DATA / "fused_products.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [
        (name, int(row["memory_B"]), int(row["fused_B"]))
        for row in rows
        for name in SIZES
        if row["network"].startswith(name)
    ]


@pytest.mark.parametrize(("name", "memory", "moved"), oracles())
def test_closed_forms(name: str, memory: int, moved: int) -> None:
    assert least(run_of(*SIZES[name]), memory) == moved


@pytest.mark.parametrize(("memory", "moved"), [(1 << 20, 20447232), (4 << 20, 6291456)])
def test_gpt_2(memory: int, moved: int) -> None:
    """1024 tokens, 768 to 3072 and back."""
    assert least(run_of(1024, 768, 3072, 768), memory) == moved


def walked(run: ProductRun, stays: str, size: int) -> tuple[int, int]:
    """Execute the loops word by word: the bytes that cross the bus, and the most that are held.

    Rows stay: a block of rows of X and the sums of its outputs; the hidden units pass by one by one, each
    with its filters. Hidden units stay: their filters; the tokens pass by one by one.
    """
    ways, moved, most = len(run.first), 0, 0
    tokens, hidden = range(run.tokens), range(run.hidden)
    if stays == "rows":
        for begin in range(0, run.tokens, size):
            block = tokens[begin : begin + size]
            moved += len(block) * run.features
            held = len(block) * (run.features + 4 * run.outputs)
            for _ in hidden:
                moved += ways * run.features + run.outputs
                # each filter of the unit is here alone, beside the open sums of the unit
                most = max(most, held + 4 * ways * len(block) + max(run.features, run.outputs))
            moved += len(block) * run.outputs
        return moved, most
    for begin in range(0, run.hidden, size):
        units = hidden[begin : begin + size]
        moved += len(units) * (ways * run.features + run.outputs)
        held = len(units) * (ways * run.features + run.outputs)
        for _ in tokens:
            moved += run.features
            most = max(most, held + run.features + 4 * ways * len(units) + 4 * run.outputs)
            last = units[-1] == run.hidden - 1
            moved += 4 * run.outputs * (begin > 0) + (run.outputs if last else 4 * run.outputs)
    return moved, most


def test_nothing_moves_less_than_the_best_of_all_sizes_walked() -> None:
    """200 random pairs and memories; every number of rows and of hidden units is executed."""
    draw = random.Random(27)
    for _ in range(200):
        tokens, features, hidden, outputs = (draw.randint(1, 9) for _ in range(4))
        run = run_of(tokens, features, hidden, outputs, draw.choice((1, 1, 2)))
        memory = draw.randint(20, 200)
        tried = [walked(run, "rows", size) for size in range(1, run.tokens + 1)]
        tried += [walked(run, "hidden units", size) for size in range(1, run.hidden + 1)]
        fits = [moved for moved, room in tried if room <= memory]
        found = [group.moved for group in run.groups(8 * memory, double=False)]
        assert min(found, default=None) == min(fits, default=None)


FFN = """name: FFN
source: this test
input: [768, 128]
layers:
  - a: {kind: linear, features: 3072, axis: 0, bias: false}
  - g: {kind: gelu}
  - b: {kind: linear, features: 768, axis: 0, bias: false}
"""
GATED = """name: Gated
source: this test
input: [96, 64]
layers:
  - up: {kind: linear, features: 384, axis: 0, bias: false}
  - gate: {kind: linear, features: 384, axis: 0, bias: false, from: input}
  - act: {kind: silu}
  - both: {kind: mul, from: [up, act]}
  - down: {kind: linear, features: 96, axis: 0, bias: false}
"""


def simulated(tmp_path: Path, text: str, memory: int, traffic: str = "fused") -> cm.Run:
    """A network of this file on a machine with so many bytes."""
    (tmp_path / "net.yaml").write_text(text)
    (tmp_path / "m.yaml").write_text(MACHINE.format(memory=memory, traffic=traffic))
    return cm.simulate(tmp_path / "net.yaml", tmp_path / "m.yaml")


def test_a_feed_forward_block_runs_as_one_where_that_moves_less(tmp_path: Path) -> None:
    """At 1 MiB everything once; at 256 KiB the products apart and the activation move less."""
    run = simulated(tmp_path, FFN, 1 << 20)
    assert run.result.external_bytes.tolist() == [128 * 768 + 768 * 3072, 0, 3072 * 768 + 128 * 768]
    assert run.groups == [1, 1, 1]
    assert run.schedules == ["two products, 128 rows stay"] * 3
    assert run.peak_internal_bytes == 128 * (768 + 4 * 768 + 4) + 768
    apart = simulated(tmp_path, FFN, 256 << 10)
    assert apart.groups == [None] * 3
    # the activation reads and writes 3072 x 128 B
    assert apart.result.external_bytes.sum() == 6094848 + 2 * 3072 * 128


def test_a_gated_pair_is_one_group(tmp_path: Path) -> None:
    run = simulated(tmp_path, GATED, 64 << 10)
    assert run.groups == [1] * 5
    assert run.result.external_bytes.sum() == 64 * 96 + 3 * 96 * 384 + 64 * 96
    assert (
        run.result.external_bytes.sum()
        < simulated(tmp_path, GATED, 64 << 10, "tiled").result.external_bytes.sum()
    )


READ_LATER = (
    "  - late: {kind: relu, from: both}\n  - end: {kind: concat, axis: 0, from: [down, late]}\n"
)
FROM_OUTSIDE = """  - pre: {kind: linear, features: 384, axis: 0, bias: false}
  - mid: {kind: softmax}
  - up: {kind: linear, features: 384, axis: 0, bias: false, from: input}
  - both: {kind: mul, from: [up, mid]}
  - down: {kind: linear, features: 96, axis: 0, bias: false}
"""


@pytest.mark.parametrize(
    "text", [GATED + READ_LATER, GATED[: GATED.index("  - up")] + FROM_OUTSIDE]
)
def test_what_leaves_or_comes_in_between_makes_no_group(tmp_path: Path, text: str) -> None:
    """The hidden map is read behind the run; or a map from outside goes into it."""
    run = simulated(tmp_path, text, 64 << 10)
    assert not any("two products" in words for words in run.schedules)
