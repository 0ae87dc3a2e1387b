"""Schedules on several levels: equal to walks of all of them and to a search made elsewhere."""

from __future__ import annotations

import csv
import doctest
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from levels_attention import attention_walk
from levels_replay import LevelsReplay
from levels_walk import compared, draw, rooms_of
from tile_walk import Small, SmallAxis, as_nest

from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.joint import AnyNest, JointNest, Piece
from costmodel.core.tiling.levels import attained as kernel
from costmodel.core.tiling.levels import level as contract
from costmodel.core.tiling.levels.attained import attained
from costmodel.core.tiling.levels.bound import bound
from costmodel.core.tiling.levels.level import Attained, Level
from costmodel.core.tiling.levels.rooms import least_room
from costmodel.core.tiling.nest import AttentionNest, Nest, Sweep, Widths
from costmodel.errors import BadValue

DATA = Path(__file__).parent / "data" / "levels.csv"
BYTES = Widths(1, 1, 1, 1)
WIDE = Widths(1, 1, 1, 4)


def _rows(kind: str) -> list[dict[str, str]]:
    with DATA.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return [row for row in rows if row["kind"] == kind]


def _levels(
    sizes: tuple[int, ...], widths: Widths = BYTES, costs: str = "206 6"
) -> tuple[Level, ...]:
    return tuple(
        Level(size, widths, float(cost), float(cost))
        for size, cost in zip(sizes, costs.split(), strict=False)
    )


def _levels_of(row: dict[str, str]) -> tuple[Level, ...]:
    widths = Widths(*(int(row[word]) for word in ("input", "weight", "output", "sum")))
    sizes = int(row["room_2"]), int(row["room_1"])
    return _levels(sizes, widths, f"{row['cost_2']} {row['cost_1']}")


def _moved(best: Attained) -> list[int]:
    return [int(moved.total) for moved in best.moved]


@pytest.mark.parametrize(
    "row", _rows("product"), ids=lambda r: f"{r['name']}-{r['room_2']}-{r['room_1']}-{r['cost_2']}"
)
def test_products_searched_elsewhere(row: dict[str, str]) -> None:
    """Cost and bytes over both boundaries."""
    nest = Nest(int(row["K"]), int(row["C"]), (Sweep(int(row["P"])),))
    best = attained(nest, _levels_of(row))
    assert best.cost == int(row["cost"])
    assert _moved(best) == [int(row["moved_2"]), int(row["moved_1"])]
    assert all(np.greater_equal(_moved(best), bound(nest, _levels_of(row))))


@pytest.mark.parametrize("row", _rows("convolution"), ids=lambda r: f"{r['name']}-{r['room_2']}")
def test_convolutions_reached_elsewhere(row: dict[str, str]) -> None:
    size = int(int(row["P"]) ** 0.5)
    sweep = Sweep(size, 3, 1, 1, 1, size)
    nest = Nest(int(row["K"]), int(row["C"]), (sweep, sweep))
    best = attained(nest, _levels_of(row))
    assert best.cost <= int(row["cost"])
    assert all(np.greater_equal(_moved(best), bound(nest, _levels_of(row))))


@pytest.mark.parametrize("seed", range(18))
def test_equal_to_a_walk_of_all_schedules(seed: int) -> None:
    """`python tests/levels_walk.py 100` walks 300 and more."""
    dice = random.Random(seed)
    levels = 3 if seed % 6 == 5 else 2
    kind = ("product", "convolution")[seed % 2]
    case = draw(dice, levels, 1000 if levels == 2 else 500, kind)
    if kind == "product" and seed % 4:
        case = replace(case, levels=tuple(one._replace(double=True) for one in case.levels))
    for walked, model, below in compared(case, rooms_of(dice, case, 3)):
        assert model == pytest.approx(walked, rel=1e-9)
        assert below


@pytest.mark.parametrize("seed", range(40))
def test_schedules_run_in_buffers_of_their_sizes(seed: int) -> None:
    """Multiply-add by multiply-add: every operand is on chip, and as many words move."""
    dice = random.Random(200 + seed)
    case = draw(dice, 2 + seed % 2, 1 << 30, ("product", "convolution")[seed // 2 % 2])
    layer = replace(case.layer, groups=1)
    (sizes,) = rooms_of(dice, case, 1)
    levels = tuple(
        level._replace(size=size, widths=BYTES, down=1.0, up=1.0)
        for level, size in zip(case.levels, sizes, strict=True)
    )
    levels = tuple(level._replace(size=max(level.size, 3)) for level in levels)
    best = attained(as_nest(layer), levels)
    replay = LevelsReplay(layer, levels, best.nodes)
    replay.run()
    assert len(replay.done) == as_nest(layer).macs
    for at, level in enumerate(levels):
        held = sum(most for (_, where), most in replay.most.items() if where == at)
        assert held <= level.size
        for operand, name in (
            ("I", "input"),
            ("W", "weights"),
            ("O", "output"),
            ("O", "sums_read"),
        ):
            # below the innermost level that holds an operand its words go to the engine
            if any(operand in inner.holds for inner in levels[at:]):
                assert replay.moved[at][name] == getattr(best.moved[at], name), (at, name)


ROW = Sweep(8, 3, 1, 1, 1, 8)
NESTS: dict[str, AnyNest] = {
    "product": Nest(12, 7, (Sweep(10),)),
    "convolution": Nest(4, 3, (ROW, ROW)),
    "strided": Nest(3, 4, (Sweep(5, 3, 2, 1, 1, 10),), 2, 3),
    "depthwise": Nest(1, 1, (Sweep(9, 3, 1, 2, 2, 9),), 1, 8),
    "transposed": Nest(4, 2, (Sweep(9, 3, 1, 1, 2, 5, 2),)),
    "attention": AttentionNest(12, 9, 4, 5, 2),
    "joint": JointNest((Piece(Nest(6, 5, (Sweep(7),))), Piece(Nest(3, 2, (ROW,)), input=2, sum=4))),
}
CASES = pytest.mark.parametrize("nest", NESTS.values(), ids=NESTS)


def _least(nest: AnyNest, room: int, widths: Widths, *, double: bool = False) -> int:
    curve = traffic_curve(nest, widths, double=double)
    return int(curve.moved.total[np.searchsorted(curve.room, room, side="right") - 1])


@pytest.mark.parametrize("double", [False, True])
@CASES
def test_one_level_is_the_step_function(nest: AnyNest, double: bool) -> None:
    curve = traffic_curve(nest, WIDE, double=double)
    rooms = curve.room[:: max(1, len(curve.room) // 8)].tolist()
    if isinstance(nest, JointNest):
        rooms = rooms[:1]  # pieces are cheapest one by one, on one level too
    for room in rooms:
        levels = (Level(room, WIDE, 3.0, 3.0, double=double),)
        assert _moved(attained(nest, levels)) == [_least(nest, room, WIDE, double=double)]
        assert bound(nest, levels) == (_least(nest, room, WIDE, double=double),)


@CASES
def test_more_memory_never_costs_more_and_never_less_than_the_bound(nest: AnyNest) -> None:
    least = least_room(nest, Level(0, WIDE, 1, 1))
    for longest in (False, True):
        costs = {}
        for outer in (1, 4, 64):
            for inner in (1, 4, 64):
                levels = _levels((least * outer, least * inner), WIDE)
                best = attained(nest, levels, longest=longest)
                assert all(np.greater_equal(_moved(best), bound(nest, levels)))
                costs[outer, inner] = best.cost
        for one, other in pairwise((1, 4, 64)):
            for same in (1, 4, 64):
                assert costs[other, same] <= costs[one, same] * (1 + 1e-9)
                assert costs[same, other] <= costs[same, one] * (1 + 1e-9)


@CASES
def test_what_fits_crosses_each_boundary_once(nest: AnyNest) -> None:
    """Compulsory: the last step of the function, and the first of both levels."""
    compulsory = int(traffic_curve(nest, WIDE).moved.total[-1])
    for holds in ("IWO", "WO", "I"):
        levels = _levels((1 << 20, 1 << 20), WIDE)
        levels = (levels[0]._replace(holds=holds), levels[1])
        assert _moved(attained(nest, levels)) == [compulsory] * 2
        assert bound(nest, levels) == (compulsory,) * 2


@pytest.mark.parametrize("room", [6, 20, 53, 100, 400])
@pytest.mark.parametrize("name", ["product", "attention"])
def test_equal_memories_are_both_at_the_step_function(name: str, room: int) -> None:
    nest = NESTS[name]
    room = max(room, least_room(nest, Level(0, WIDE, 1, 1)))
    for count in (2, 3):
        best = attained(nest, _levels((room,) * count, WIDE, "206 20 6"))
        assert _moved(best) == [_least(nest, room, WIDE)] * count


@pytest.mark.parametrize("seed", range(10))
def test_a_transposed_product_costs_the_same(seed: int) -> None:
    """O^T = I^T W^T: filters and pixels change places, and so do the widths of their operands."""
    dice = random.Random(seed)
    k, c, p = (dice.randint(1, 40) for _ in range(3))
    of_input, weight = dice.choice((0, 1, 2, 3)), dice.choice((0, 1, 2))
    widths, mirrored = Widths(of_input, weight, 1, 4), Widths(weight, of_input, 1, 4)
    sizes = dice.randint(60, 900), dice.randint(8, 60)
    one = attained(Nest(k, c, (Sweep(p),)), _levels(sizes, widths))
    other = attained(Nest(p, c, (Sweep(k),)), _levels(sizes, mirrored))
    assert one.cost == pytest.approx(other.cost, rel=1e-12)


def test_the_slowest_boundary_alone() -> None:
    """By hand: of 2 x 2 x 2 products at 9 and 4 bytes the outer boundary takes 12 at least.

    With costs of 1 and 1 the inner one, 16 bytes, is the slower one; with 206 and 6 the outer one.
    """
    nest = Nest(2, 2, (Sweep(2),))
    assert attained(nest, _levels((9, 4), BYTES, "1 1"), longest=True).cost == 16
    assert attained(nest, _levels((9, 4)), longest=True).cost == 206 * 12


def test_operands_that_live_inside_move_nothing_and_need_no_room() -> None:
    """By hand: 4 x 4 weights alone cross; their rooms are single words, and inputs stay for free."""
    levels = _levels((1, 1), Widths(0, 1, 0, 0))
    best = attained(Nest(4, 4, (Sweep(4),)), levels)
    assert [(int(m.input), int(m.weights), int(m.output)) for m in best.moved] == [(0, 16, 0)] * 2


def test_a_level_may_hold_nothing() -> None:
    """By hand: what single multiply-adds take of 3 filters, 2 channels and 4 pixels.

    24 words of the input and of the weights; each of 12 outputs is written twice and read once.
    """
    levels = _levels((1000, 1000))
    best = attained(Nest(3, 2, (Sweep(4),)), (levels[0], levels[1]._replace(holds="")))
    inner = best.moved[1]
    assert tuple(int(part) for part in inner) == (24, 24, 12, 24)
    assert _moved(best)[0] == 8 + 6 + 12


@pytest.mark.parametrize(("sizes", "level", "least"), [((5, 100), 1, 6), ((100, 5), 2, 6)])
def test_a_level_without_room_is_named(sizes: tuple[int, int], level: int, least: int) -> None:
    """A word of the input, of the weights and a sum of four bytes."""
    for search in (attained, bound):
        with pytest.raises(BadValue, match=f"level {level} from outside .* take {least}"):
            search(Nest(2, 2, (ROW,)), _levels(sizes, WIDE))


@pytest.mark.parametrize("seed", range(12))
def test_attention_equals_a_walk(seed: int) -> None:
    dice = random.Random(seed)
    nest = AttentionNest(
        dice.randint(1, 5), dice.randint(1, 5), dice.randint(1, 3), dice.randint(1, 3)
    )
    widths = Widths(*dice.choice(((1, 1, 1, 1), (2, 1, 2, 4), (1, 2, 1, 4))))
    least = least_room(nest, Level(0, widths, 1, 1))
    inner = least + dice.choice((0, 3, 9, 30))
    levels = _levels((inner + dice.choice((0, 5, 20, 60)), inner), widths, "20 6")
    assert attained(nest, levels).cost == attention_walk(nest, levels)


def test_boxes_of_ragged_runs_can_suit_padding() -> None:
    """Four outputs of one tap, the first of which is padding, at ten bytes on both levels.

    By hand: boxes of 2, 1 and 1 outputs each hold one word of the input, a weight and two sums, 10
    bytes; two equal boxes of 2 would hold two words in the second one. The runs of 3 outputs that
    such boxes come from fetch the weight twice: 25 (3 + 2) + 100 (3 + 3) + 35 x 4 = 865.
    """
    layer = SmallAxis(4, 1, 1, 1, 1, 3)
    levels = Level(10, WIDE, 25.0, 0.0), Level(10, WIDE, 100.0, 35.0)
    nest = as_nest(Small(1, 1, 1, layer, SmallAxis(1), 1, (1, 1, 1, 1)))
    assert attained(nest, levels).cost == 865


def test_windows_of_thousands_stay_above_the_bound() -> None:
    """4500 outputs and taps are tried at few sizes on one level; boxes of them at others."""
    nest, levels = Nest(80, 64, (Sweep(1500, 3, 1, 1, 1, 1500),)), _levels((32768, 1024), WIDE)
    for longest in (False, True):
        best = attained(nest, levels, longest=longest)
        assert all(np.greater_equal(_moved(best), bound(nest, levels)))


def test_examples() -> None:
    for module in (kernel, contract):
        assert doctest.testmod(module).failed == 0
