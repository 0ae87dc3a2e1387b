"""Every schedule of a small contraction, walked word by word: what `costmodel.core.tiling` must equal.

It shares no code and no formula with the model. A layer is tiled at three levels with every
integer size along every axis, its three tensors get their nodes in every order, the input slides
along every axis whose loop stands directly above its node, and the words of each tile are counted
one by one. Source of the schedule class: docs/tiling.md.

    python tests/tile_walk.py 200        walks 200 layers drawn at random, and 200 products
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from math import prod

from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.nest import Nest, Sweep, Widths

Interval = tuple[int, int]
AXES = "nkcpqrs"
EXTENDS = {"I": "ncpqrs", "W": "kcrs", "O": "nkpq"}
"""The axes along which each tensor extends."""


@dataclass(frozen=True)
class SmallAxis:
    """One spatial axis."""

    outputs: int
    taps: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    inputs: int = 1
    spread: int = 1

    def word(self, output: int, tap: int) -> int | None:
        """The input word that an output meets with a tap; None where it meets padding."""
        place = output * self.stride + tap * self.dilation - self.before
        if place < 0 or place % self.spread or place // self.spread >= self.inputs:
            return None
        return place // self.spread

    def words(self, outputs: Interval, taps: Interval) -> frozenset[int]:
        """The words that some outputs meet with some taps."""
        return _met(self, outputs, taps)


@lru_cache(maxsize=10_000)
def _met(axis: SmallAxis, outputs: Interval, taps: Interval) -> frozenset[int]:
    met = {axis.word(p, r) for p in range(*outputs) for r in range(*taps)}
    return frozenset(word for word in met if word is not None)


@dataclass(frozen=True)
class Small:
    """A contraction."""

    batch: int
    out_channels: int
    in_channels: int
    rows: SmallAxis
    columns: SmallAxis
    groups: int
    widths: tuple[int, int, int, int]
    """[B] of an input, a weight, an output and a partial sum."""

    @property
    def lengths(self) -> dict[str, int]:
        """Of the seven loops."""
        return {
            "n": self.batch, "k": self.out_channels, "c": self.in_channels,
            "p": self.rows.outputs, "q": self.columns.outputs,
            "r": self.rows.taps, "s": self.columns.taps,
        }  # fmt: skip

    def inputs(self, tile: dict[str, Interval]) -> set[tuple[int, ...]]:
        """Input words of a tile, one by one."""
        return set(
            product(
                range(*tile["n"]),
                range(*tile["c"]),
                self.rows.words(tile["p"], tile["r"]),
                self.columns.words(tile["q"], tile["s"]),
            )
        )

    def words(self, tensor: str, tile: dict[str, Interval]) -> int:
        """Words of a tensor that a tile touches."""
        axes = "nc" if tensor == "I" else EXTENDS[tensor]
        words = prod(end - begin for begin, end in (tile[axis] for axis in axes))
        if tensor == "I":
            words *= len(self.rows.words(tile["p"], tile["r"]))
            words *= len(self.columns.words(tile["q"], tile["s"]))
        return words


def chains(length: int) -> list[tuple[int, int, int]]:
    """Three nested tile sizes."""
    return [
        (a, b, c) for a in range(1, length + 1) for b in range(1, a + 1) for c in range(1, b + 1)
    ]


def cut(whole: Interval, size: int) -> list[Interval]:
    """An interval in tiles, the last one perhaps smaller."""
    return [(at, min(at + size, whole[1])) for at in range(whole[0], whole[1], size)]


def tiles_at(length: int, sizes: tuple[int, ...]) -> list[Interval]:
    """The tiles at a level, in the order in which the nested loops meet them."""
    tiles = [(0, length)]
    for size in sizes:
        tiles = [part for tile in tiles for part in cut(tile, size)]
    return tiles


class ExhaustiveWalk:
    """All schedules of one layer."""

    def __init__(self, layer: Small, *, double: bool) -> None:
        self.layer, self.double = layer, double
        # outputs share words through their taps alone
        taps = {"pr": layer.rows.taps, "qs": layer.columns.taps}
        self.shared = "".join(axes for axes, count in taps.items() if count > 1)
        self.words = lru_cache(maxsize=None)(self._words)
        self.runs = lru_cache(maxsize=None)(self._runs)
        self.count = lru_cache(maxsize=None)(lambda *cuts: len(tiles_at(*cuts)))

    def steps(self) -> list[tuple[int, int]]:
        """(bytes on chip, least bytes moved) at each step."""
        least: dict[int, int] = {}
        for memory, moved in self.schedules():
            least[memory] = min(moved, least.get(memory, moved))
        steps: list[tuple[int, int]] = []
        for memory in sorted(least):
            if not steps or least[memory] < steps[-1][1]:
                steps.append((memory, least[memory]))
        return steps

    def schedules(self) -> Iterator[tuple[int, int]]:
        """(bytes on chip, bytes moved) of each."""
        lengths = self.layer.lengths
        widths = dict(zip("IWO", self.layer.widths, strict=False))
        of_sum = self.layer.widths[3]
        for sizes in product(*(chains(lengths[axis]) for axis in AXES)):
            for nodes in permutations("IWO"):
                for slide in self.slides(sizes, nodes.index("I")):
                    room, moved = 0, 0
                    for level, tensor in enumerate(nodes):
                        most, fetched = self.tensor(tensor, sizes, level, slide)
                        buffers = 2 if self.double and level else 1
                        if tensor == "O":
                            words = lengths["n"] * lengths["k"] * lengths["p"] * lengths["q"]
                            # written each time, read again each time but the first
                            moved += words * widths["O"] + (fetched - words) * 2 * of_sum
                            room += buffers * most * of_sum
                        else:
                            moved += fetched * widths[tensor]
                            room += buffers * most * widths[tensor]
                    yield room, moved * self.layer.groups

    def slides(self, sizes: tuple[tuple[int, ...], ...], level: int) -> list[str]:
        """The axes along which the input may slide: their loop can stand directly above its node."""
        for above in range(level, -1, -1):
            looped = [
                axis
                for axis, one in zip(AXES, sizes, strict=True)
                if one[above] < (one[above - 1] if above else self.layer.lengths[axis])
            ]
            if looped:
                return ["", *(f"{axis}{above}" for axis in looped if axis in self.shared)]
        return [""]

    def tensor(
        self, tensor: str, sizes: tuple[tuple[int, ...], ...], level: int, slide: str
    ) -> tuple[int, int]:
        """Words on chip at most and words fetched in all."""
        # along an axis that a tensor does not have, its tile is fetched again at each step
        lengths, extends = self.layer.lengths, EXTENDS[tensor]
        cuts = {axis: one[: level + 1] for axis, one in zip(AXES, sizes, strict=True)}
        times = prod(self.count(lengths[axis], cuts[axis]) for axis in AXES if axis not in extends)
        own = tuple(cuts[axis] if axis in extends else () for axis in AXES)
        most, fetched = (
            self.runs(own, slide) if tensor == "I" and slide else self.words(tensor, own)
        )
        return most, times * fetched

    def _words(self, tensor: str, cuts: tuple[tuple[int, ...], ...]) -> tuple[int, int]:
        lengths = self.layer.lengths
        lists = [tiles_at(lengths[axis], one) for axis, one in zip(AXES, cuts, strict=True)]
        most = fetched = 0
        for tile in product(*lists):
            words = self.layer.words(tensor, dict(zip(AXES, tile, strict=True)))
            most, fetched = max(most, words), fetched + words
        return most, fetched

    def _runs(self, cuts: tuple[tuple[int, ...], ...], slide: str) -> tuple[int, int]:
        """The same where the input slides: words that later steps of a run need stay."""
        lengths, along, above = self.layer.lengths, slide[0], int(slide[1])
        others = [
            tiles_at(lengths[axis], one) if axis != along else [(0, 0)]
            for axis, one in zip(AXES, cuts, strict=True)
        ]
        sizes = cuts[AXES.index(along)]
        runs = [cut(one, sizes[above]) for one in tiles_at(lengths[along], sizes[:above])]
        most = fetched = 0
        for tile in product(*others):
            named = dict(zip(AXES, tile, strict=True))
            for run in runs:
                steps = [self.layer.inputs(named | {along: part}) for part in run]
                held: set[tuple[int, ...]] = set()
                for number, words in enumerate(steps):
                    fetched += len(words - held)
                    held |= words
                    most = max(most, len(held))
                    held &= set().union(*steps[number + 1 :])
        return most, fetched


WIDTHS = (
    (1, 1, 1, 1), (1, 1, 1, 4), (2, 1, 2, 4), (4, 2, 1, 3), (0, 1, 2, 4), (1, 0, 1, 2), (2, 2, 0, 2),
)  # fmt: skip


def draw(dice: random.Random) -> Small:
    """A layer with few enough schedules to walk them all, and something odd in it."""
    while True:
        rows, columns = _line(dice), _line(dice) if dice.random() < 0.5 else SmallAxis(1)
        batch, filters, channels = (dice.choice((1, 1, 2, 3)) for _ in range(3))
        widths = dice.choice(WIDTHS)
        layer = Small(batch, filters, channels, rows, columns, dice.choice((1, 1, 2)), widths)
        if 8 <= schedules_of(layer) <= 2500:
            return layer


def draw_product(dice: random.Random) -> Small:
    """A matrix product large enough for odd tiles, or one that hides in windows that share nothing."""
    while True:
        batch, rows, columns = 1, SmallAxis(dice.randint(3, 7), inputs=7), SmallAxis(1)
        filters, channels = dice.randint(3, 6), dice.choice((1, 1, 2, 3))
        if dice.random() < 0.4:
            batch, filters = dice.choice((1, 2)), dice.randint(1, 3)
            rows, columns = _patches(dice, 6), _patches(dice, 3)
        # sums are as wide as an output or wider; an operand may be on chip anyway
        of_input, weight, output = (dice.choice((0, 1, 1, 1, 2, 2, 3)) for _ in range(3))
        widths = of_input, weight, output, output * dice.choice((1, 2, 4))
        layer = Small(batch, filters, channels, rows, columns, dice.choice((1, 1, 2)), widths)
        if any(widths) and 200 <= schedules_of(layer) <= 2500:
            return layer


def _patches(dice: random.Random, longest: int) -> SmallAxis:
    """Windows side by side or apart, so that no word is met twice."""
    outputs, taps = dice.randint(1, longest), dice.choice((1, 1, 1, 1, 2, 3))
    stride = taps + dice.choice((0, 0, 0, 1))
    return SmallAxis(outputs, taps, stride, inputs=outputs * stride)


def schedules_of(layer: Small) -> int:
    """How many choices of tile sizes there are."""
    return prod(len(chains(length)) for length in layer.lengths.values())


def _line(dice: random.Random) -> SmallAxis:
    outputs, taps = dice.randint(1, 6), dice.randint(1, 4)
    stride, dilation = dice.choice((1, 1, 2, 3)), dice.choice((1, 1, 2))
    before, spread = dice.randint(0, taps), dice.choice((1, 1, 1, 2))
    reach = (outputs - 1) * stride + (taps - 1) * dilation + 1
    inputs = max(1, (reach - before - dice.randint(0, 2) + spread - 1) // spread)
    return SmallAxis(outputs, taps, stride, dilation, before, inputs, spread)


def as_nest(layer: Small) -> Nest:
    """The same as the program has it."""
    sweeps = tuple(Sweep(**vars(line)) for line in (layer.rows, layer.columns))
    return Nest(layer.out_channels, layer.in_channels, sweeps, layer.batch, layer.groups)


def model(layer: Small, *, double: bool) -> list[tuple[int, int]]:
    """The step function from the program."""
    curve = traffic_curve(as_nest(layer), Widths(*layer.widths), double=double)
    return list(zip(curve.room.tolist(), curve.moved.total.tolist(), strict=True))


def main(count: int, seed: int = 0) -> int:
    """Walk `count` layers and as many products; return how many of them the model has otherwise."""
    dice, wrong = random.Random(seed), 0
    for number in range(2 * count):
        layer = draw(dice) if number % 2 else draw_product(dice)
        double = number % 4 > 1
        walked, modelled = ExhaustiveWalk(layer, double=double).steps(), model(layer, double=double)
        if walked != modelled:
            wrong += 1
            print(layer, double, walked, modelled, sep="\n")
    print(f"{2 * count} layers, {wrong} differ")
    return wrong


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
