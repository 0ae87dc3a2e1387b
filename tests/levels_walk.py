"""Every schedule of a small contraction on several levels: what `costmodel.core.tiling.levels` gives.

It shares no code and no formula with the model: every axis is cut above every node at every integer
size, tile by tile, and words are counted in sets. Products: every order of the nodes. Convolutions:
all nodes of a level stand above those of the next one inside; the input slides along the loop that
stands directly above its node, within a box of the level outside. A level that does not hold a
tensor has no node for it: what its next node inside fetches crosses both boundaries.

    python tests/levels_walk.py 100     walks 300 products and convolutions on two levels, 30 on three (minutes)
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations_with_replacement, permutations, product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray
from tile_walk import WIDTHS, Interval, Small, SmallAxis, as_nest, cut, tiles_at

from costmodel.core.tiling.levels.attained import attained
from costmodel.core.tiling.levels.bound import bound
from costmodel.core.tiling.levels.level import Level
from costmodel.core.tiling.levels.rooms import least_room
from costmodel.core.tiling.nest import Widths

AXES = "nkcpqrs"
HAS = {"I": "ncpqrs", "W": "kcrs", "O": "nkpq"}
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """A contraction on levels; of the widths in `layer` nothing is used."""

    layer: Small
    levels: tuple[Level, ...]
    longest: bool = False

    @property
    def slides(self) -> bool:
        """Whether windows overlap or meet padding."""
        return bool(as_nest(self.layer).overlapping)


def orders(case: Case) -> Iterator[list[tuple[str, int]]]:
    """Every order of nodes (tensor, level), the outermost first."""
    held = [[(tensor, at) for tensor in level.holds] for at, level in enumerate(case.levels)]
    if case.slides:
        for each in product(*(permutations(nodes) for nodes in held)):
            yield [node for nodes in each for node in nodes]
        return

    def rest(left: dict[str, list[int]]) -> Iterator[list[tuple[str, int]]]:
        if not any(left.values()):
            yield []
        for tensor, levels in left.items():
            if levels:
                for below in rest(left | {tensor: levels[1:]}):
                    yield [(tensor, levels[0]), *below]

    yield from rest({t: [at for node in held for n, at in node if n == t] for t in "IWO"})


def nested(length: int, nodes: int) -> list[tuple[int, ...]]:
    """Every way to cut an axis above each of so many nodes."""
    return list(combinations_with_replacement(range(length, 0, -1), nodes))


def count_of(layer: Small, nodes: int) -> int:
    """How many cuts of all axes there are."""
    return prod(comb(length + nodes - 1, nodes) for length in layer.lengths.values())


class LevelsWalk:
    """All schedules of a case."""

    def __init__(self, case: Case) -> None:
        self.case, layer = case, case.layer
        self.nodes = sum(len(level.holds) for level in case.levels)
        self.cuts = {axis: nested(n, self.nodes) for axis, n in layer.lengths.items()}
        self.lines = {"pr": layer.rows, "qs": layer.columns}
        self.tile = cache(self._tile)
        self.looped = cache(self._looped)

    def least(self, rooms: list[tuple[int, ...]]) -> list[float]:
        """The least cost with each of some sizes of the levels; inf where nothing fits."""
        best = [np.inf] * len(rooms)
        for order in orders(self.case):
            for room, cost in self.schedules(order):
                for at, sizes in enumerate(rooms):
                    fits = np.all([r <= s for r, s in zip(room, sizes, strict=True)], axis=0)
                    best[at] = min(best[at], cost[fits].min(initial=np.inf))
        return best

    def schedules(self, order: list[tuple[str, int]]) -> Iterator[tuple[list[Numbers], Numbers]]:
        """Rooms of each level and costs of all cuts, once for each way to slide."""
        inputs = [at for at, (tensor, _) in enumerate(order) if tensor == "I"]
        for slides in product(*(self.slides(order, at) for at in inputs)):
            chosen = dict(zip(inputs, slides, strict=True))
            allowed = np.all(
                np.broadcast_arrays(*(mask for _, mask in slides), self.grid(True)), axis=0
            ).ravel()
            if not allowed.any():
                continue
            rooms = [self.grid(0) for _ in self.case.levels]
            fetched: dict[tuple[str, int], Numbers] = {}
            for at, (tensor, level) in enumerate(order):
                slide = chosen[at][0] if tensor == "I" else None
                most, times = self.tile(tensor, at + 1, slide)
                here = self.case.levels[level]
                first = all(other != level for _, other in order[:at])
                width = {"I": here.widths.input, "W": here.widths.weight, "O": here.widths.sum}
                buffers = 2 if here.double and not first else 1
                rooms[level] = rooms[level] + most * width[tensor] * buffers
                fetched[tensor, level] = times
            cost = self.cost(fetched)
            shape = np.broadcast_shapes(cost.shape, *(room.shape for room in rooms))
            cost = np.broadcast_to(cost, shape).ravel()[allowed]
            yield [np.broadcast_to(room, shape).ravel()[allowed] for room in rooms], cost

    def grid(self, value: int) -> Numbers:
        """The same for all cuts, with an axis of the array for n, k, c, rows and columns."""
        pairs = [prod(len(self.cuts[axis]) for axis in axes) for axes in self.lines]
        return np.full((*(len(self.cuts[axis]) for axis in "nkc"), *pairs), value)

    def cost(self, fetched: dict[tuple[str, int], Numbers]) -> Numbers:
        """Of what crosses all boundaries."""
        layer, levels, costs = self.case.layer, self.case.levels, []
        outputs = prod(layer.lengths[axis] for axis in HAS["O"])
        for boundary, level in enumerate(levels):
            words = {}
            for tensor in "IWO":
                inside = [at for at in range(boundary, len(levels)) if (tensor, at) in fetched]
                words[tensor] = fetched[tensor, inside[0]] if inside else self.engine(tensor)
            again = words["O"] - outputs
            down = words["I"] * level.widths.input + words["W"] * level.widths.weight
            down = (down + again * level.widths.sum) * layer.groups
            up = (outputs * level.widths.output + again * level.widths.sum) * layer.groups
            costs.append(down * level.down + up * level.up)
        columns = np.stack(np.broadcast_arrays(*costs))
        return np.asarray(columns.max(axis=0) if self.case.longest else columns.sum(axis=0))

    def engine(self, tensor: str) -> int:
        """Words that single multiply-adds take of a tensor; padding is none."""
        layer = self.case.layer
        if tensor != "I":
            return prod(layer.lengths.values())
        met = [
            sum(line.word(p, r) is not None for p in range(line.outputs) for r in range(line.taps))
            for line in self.lines.values()
        ]
        return layer.batch * layer.out_channels * layer.in_channels * prod(met)

    def _tile(
        self, tensor: str, depth: int, slide: tuple[str, int] | None
    ) -> tuple[Numbers, Numbers]:
        """Words of a tensor's tile below `depth` cuts at most, and words fetched in all."""
        most, times = np.ones((1,) * 5, dtype=np.int64), np.ones((1,) * 5, dtype=np.int64)
        factors = []
        for at, axis in enumerate("nkc"):
            rows = [_tiles(self.case.layer.lengths[axis], c[:depth]) for c in self.cuts[axis]]
            factors.append((at, rows if axis in HAS[tensor] else [(1, n) for _, _, n in rows]))
        for at, (axes, line) in enumerate(self.lines.items()):
            pairs = product(self.cuts[axes[0]], self.cuts[axes[1]])
            factors.append(
                (3 + at, [self.window(tensor, line, axes, *p, depth, slide) for p in pairs])
            )
        for at, table in factors:
            shape = [1] * 5
            shape[at] = len(table)
            most = most * np.array([row[0] for row in table]).reshape(shape)
            times = times * np.array([row[1] for row in table]).reshape(shape)
        return most, times

    def window(
        self, tensor: str, line: SmallAxis, axes: str, outputs: tuple[int, ...],
        taps: tuple[int, ...], depth: int, slide: tuple[str, int] | None,
    ) -> tuple[int, int]:  # fmt: skip
        """The same along one axis of windows."""
        if tensor != "I":
            (most, all_of_them, _), (_, _, turns) = (
                _tiles(line.outputs, outputs[:depth]), _tiles(line.taps, taps[:depth]),
            )  # fmt: skip
            if tensor == "W":
                (_, _, turns), (most, all_of_them, _) = (
                    _tiles(line.outputs, outputs[:depth]), _tiles(line.taps, taps[:depth]),
                )  # fmt: skip
            return most, all_of_them * turns
        along = slide[0] if slide and slide[0] in axes else ""
        run = slide[1] if slide else 0
        return _inputs(line, outputs[:depth], taps[:depth], along and "pr"[axes.index(along)], run)

    def slides(
        self, order: list[tuple[str, int]], at: int
    ) -> list[tuple[tuple[str, int] | None, Numbers]]:
        """Ways to slide at a node: axis and number of the loop, and for which cuts it can."""
        ways: list[tuple[tuple[str, int] | None, Numbers]] = [(None, self.grid(True))]
        if not self.case.slides:
            return ways
        box = min(n for n, (_, level) in enumerate(order) if level == order[at][1])
        nothing = self.grid(True)
        for above in range(at, box - 1, -1):
            loops = {axis: self.looped(axis, above) for axis in AXES}
            for axes, line in self.lines.items():
                for axis in axes if line.taps > 1 else "":
                    ways.append(((axis, above), nothing & loops[axis]))
            nothing = nothing & ~np.any(np.broadcast_arrays(*loops.values()), axis=0)
        return ways

    def _looped(self, axis: str, above: int) -> NDArray[np.bool_]:
        """For which cuts there is a loop over an axis directly above the node number `above`."""
        length = self.case.layer.lengths[axis]
        turns = np.array(
            [c[above] < (c[above - 1] if above else length) for c in self.cuts[axis]], dtype=bool
        )
        shape = [1] * 5
        if axis in "nkc":
            shape["nkc".index(axis)] = len(turns)
            return turns.reshape(shape)
        at, axes = next((n, axes) for n, axes in enumerate(self.lines) if axis in axes)
        other = len(self.cuts[axes[1 - axes.index(axis)]])
        # rows of pairs: outputs, then taps
        table = np.repeat(turns, other) if axis == axes[0] else np.tile(turns, other)
        shape[3 + at] = len(table)
        return table.reshape(shape)


@cache
def _tiles(length: int, sizes: tuple[int, ...]) -> tuple[int, int, int]:
    """The longest tile, the lengths of all of them, their number."""
    lengths = [end - begin for begin, end in tiles_at(length, sizes)]
    return max(lengths), sum(lengths), len(lengths)


@cache
def _inputs(
    line: SmallAxis, outputs: tuple[int, ...], taps: tuple[int, ...], along: str, run: int
) -> tuple[int, int]:
    """Input words held at most and fetched in all along one axis of windows."""
    cuts = {"p": outputs, "r": taps}
    lengths = {"p": line.outputs, "r": line.taps}
    lists: dict[str, list[list[Interval]]] = {}
    for axis, sizes in cuts.items():
        if axis == along:
            lists[axis] = [cut(one, sizes[run]) for one in tiles_at(lengths[axis], sizes[:run])]
        else:
            lists[axis] = [[one] for one in tiles_at(lengths[axis], sizes)]
    most = fetched = 0
    for first, second in product(lists["p"], lists["r"]):
        held: frozenset[int] = frozenset()
        steps = [line.words(p, r) for p, r in product(first, second)]
        for number, words in enumerate(steps):
            fetched += len(words - held)
            most = max(most, len(held | words))
            later: frozenset[int] = frozenset().union(*steps[number + 1 :])
            held = (held | words) & later
    return most, fetched


def draw(dice: random.Random, levels: int = 2, most: int = 1_000, kind: str = "") -> Case:
    """A product or a convolution with at most so many cuts, on levels that hold all or not."""
    kind = kind or dice.choice(("product", "convolution"))
    while True:
        layer = _product(dice) if kind == "product" else _convolution(dice)
        machine = _levels(dice, levels, bypass=dice.random() < 0.3)
        case = Case(layer, machine, longest=dice.random() < 0.25)
        nodes = sum(len(level.holds) for level in machine)
        if 20 <= count_of(layer, nodes) <= most and case.slides == (kind != "product"):
            return case


def _product(dice: random.Random) -> Small:
    batch, rows = 1, SmallAxis(dice.randint(1, 5), inputs=5)
    if dice.random() < 0.3:
        # patches side by side or apart: axes of samples and taps beside those of the product
        taps = dice.choice((1, 2))
        batch, outputs, stride = dice.choice((1, 2)), dice.randint(1, 3), taps + dice.choice((0, 1))
        rows = SmallAxis(outputs, taps, stride, inputs=outputs * stride)
    filters, channels, groups = dice.randint(1, 5), dice.randint(1, 4), dice.choice((1, 1, 2))
    return Small(batch, filters, channels, rows, SmallAxis(1), groups, (1, 1, 1, 1))


def _convolution(dice: random.Random) -> Small:
    def line() -> SmallAxis:
        outputs, taps = dice.randint(1, 4), dice.randint(1, 3)
        stride, dilation = dice.choice((1, 1, 2)), dice.choice((1, 1, 2))
        before, spread = dice.randint(0, taps), dice.choice((1, 1, 1, 2))
        reach = (outputs - 1) * stride + (taps - 1) * dilation + 1
        inputs = max(1, (reach - before - dice.randint(0, 2) + spread - 1) // spread)
        return SmallAxis(outputs, taps, stride, dilation, before, inputs, spread)

    columns = line() if dice.random() < 0.5 else SmallAxis(1)
    batch, filters, channels = (dice.choice((1, 1, 2, 3)) for _ in range(3))
    return Small(batch, filters, channels, line(), columns, dice.choice((1, 1, 2)), (1, 1, 1, 1))


def _levels(dice: random.Random, count: int, *, bypass: bool) -> tuple[Level, ...]:
    widths, machine = Widths(*dice.choice(WIDTHS)), []
    for number in range(count):
        holds = "IWO"
        if bypass and dice.random() < 0.6:
            holds = "".join(t for t in "IWO" if dice.random() < 0.6)
        down, up = dice.choice(((206, 206), (6, 6), (20, 7), (7, 20), (1, 0)))
        machine.append(
            Level(0, widths, down * 5.0 ** (count - number), up * 5.0 ** (count - number), holds)
        )
    return tuple(machine)


def rooms_of(dice: random.Random, case: Case, count: int) -> list[tuple[int, ...]]:
    """Sizes from the smallest that hold anything, of each level."""
    least = [least_room(as_nest(case.layer), level) for level in case.levels]
    rooms = []
    for _ in range(count):
        sizes, inside = [], 0
        for room in reversed(least):
            inside = max(inside, room) + dice.choice((0, 1, 2, 4, 8, 16, 30))
            sizes.append(inside)
        rooms.append(tuple(reversed(sizes)))
    return rooms


def compared(case: Case, rooms: list[tuple[int, ...]]) -> list[tuple[float, float, bool]]:
    """For each choice of sizes: the walk's cost, the model's, and whether its bounds hold."""
    results, nest = [], as_nest(case.layer)
    for sizes, walked in zip(rooms, LevelsWalk(case).least(rooms), strict=True):
        levels = tuple(level._replace(size=s) for level, s in zip(case.levels, sizes, strict=True))
        best = attained(nest, levels, longest=case.longest)
        least = bound(nest, levels)
        below = all(int(m.total) >= b for m, b in zip(best.moved, least, strict=True))
        results.append((walked, best.cost, below))
    return results


def main(count: int, seed: int = 0) -> int:
    """Walk 3 x `count` cases on two levels and some on three; return how many differ."""
    dice, wrong, tried = random.Random(seed), 0, 0
    for number in range(3 * count + max(1, 3 * count // 10)):
        levels = 2 if number < 3 * count else 3
        kind = ("product", "convolution", "convolution")[number % 3]
        case = draw(dice, levels, 1_000 if levels == 2 else 500, kind)
        if kind == "product" and number % 2:
            case = replace(case, levels=tuple(one._replace(double=True) for one in case.levels))
        rooms = rooms_of(dice, case, 4)
        for sizes, (walked, model, below) in zip(rooms, compared(case, rooms), strict=True):
            tried += 1
            if abs(walked - model) > 1e-9 * abs(walked) or not below:
                wrong += 1
                print(case, sizes, walked, model, below, sep="\n", flush=True)
    print(f"{tried} machines, {wrong} differ")
    return wrong


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
