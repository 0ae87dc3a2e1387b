"""Rows that run depth first, walked: every partition, strip height and set of kept weights.

Written from the definition of the class (docs/tiling.md), line by line and without any of the
package's arithmetic; only what a row moves alone is the package's own (`--traffic tiled`).
`python tests/fused_walk.py 300` walks 300 networks drawn at random.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import NamedTuple

from fused_nets import Drawing, machine

import costmodel as cm
from costmodel.core.network import Network, Tap

SUM = 4
"""[B] of a sum, elements being of one byte."""


class Op(NamedTuple):
    """One row; maps are numbered, 0 being the input, and row r writes map r + 1."""

    reads: tuple[int, ...]
    kernel: int
    stride: int
    before: int
    weights: int
    """[B]"""
    filter: int
    """[B] of one output channel."""


@dataclass
class Drawn:
    """A small network: its rows, the sizes of its maps, and the same for the package."""

    ops: list[Op]
    sizes: list[tuple[int, int, int]]
    network: Network

    def bytes(self, tensor: int) -> int:
        channels, height, width = self.sizes[tensor]
        return channels * height * width

    def needed(self, op: Op, tensor: int, line: int) -> range:
        """The lines of a map that one line of an output meets."""
        begin = line * op.stride - op.before
        return range(max(begin, 0), max(min(begin + op.kernel, self.sizes[tensor][1]), 0))

    def outside(self, tensor: int, end: int) -> bool:
        """True where somebody behind row `end` reads a map, or nobody does at all."""
        readers = [row for row, op in enumerate(self.ops) if tensor in op.reads]
        return not readers or readers[-1] > end


def draw(chance: random.Random) -> Drawn:
    """A network of up to six rows: convolutions, depthwise ones, pools, activations, sums."""
    first = (chance.randint(1, 4), chance.randint(3, 9), chance.randint(1, 4))
    net = Drawing(*first)
    maps, sizes, ops = [net.x], [first], []
    for _ in range(chance.randint(2, 6)):
        at = len(maps) - 1 if chance.random() < 0.8 else chance.randrange(len(maps))
        height = sizes[at][1]
        alike = [n for n in range(len(maps)) if n != at and sizes[n] == sizes[at]]
        kind = chance.choice(["conv2d", "conv2d", "depthwise_conv2d", "max_pool", "relu", "add"])
        if kind == "add" and alike:
            other = chance.choice(alike)
            made = net.add("add", maps[other], maps[at])
            ops.append(Op((other, at), 1, 1, 0, 0, 0))
        elif kind in ("relu", "add"):
            made = net.add("relu", maps[at])
            ops.append(Op((at,), 1, 1, 0, 0, 0))
        else:
            kernel, stride = chance.randint(1, min(3, height)), chance.randint(1, 2)
            before = chance.randint(0, (kernel - 1) // 2) if kernel > 1 else 0
            made, weights, part = _window(
                net, kind, maps[at], chance.randint(1, 5), kernel, stride, before
            )
            ops.append(Op((at,), kernel, stride, before, weights, part))
        maps.append(made)
        sizes.append((made.shape[0], made.shape[1], made.shape[2]))
    read = {tensor for op in ops for tensor in op.reads}
    loose = [tap for number, tap in enumerate(maps) if number and number not in read]
    return Drawn(ops, sizes, net.network(*loose))


def _window(
    net: Drawing, kind: str, x: Tap, filters: int, kernel: int, stride: int, before: int
) -> tuple[Tap, int, int]:
    """Add a row with a window along the lines alone; the map, its weights and one filter [B]."""
    stated = {"kernel": [kernel, 1], "stride": [stride, 1], "padding": [before, before, 0, 0]}
    channels = x.shape[0]
    if kind == "conv2d":
        made = net.add(kind, x, filters=filters, **stated)
        return made, filters * channels * kernel, channels * kernel
    made = net.add(kind, x, **stated)
    return (made, channels * kernel, kernel) if kind == "depthwise_conv2d" else (made, 0, 0)


def strips_held(net: Drawn, begin: int, end: int, height: int) -> dict[int, int]:
    """The most lines of each map that any strip needs, between the first and the last of them."""
    most: dict[int, int] = {}
    lines, done = net.sizes[end + 1][1], dict.fromkeys(range(len(net.sizes)), 0)
    for start in range(0, lines, height):
        stop = min(start + height, lines)
        wanted = {end + 1: set(range(start, stop))}
        for row in range(end, begin - 1, -1):
            mine = wanted.setdefault(row + 1, set())
            if row < end and net.outside(row + 1, end):
                # whoever reads it outside gets every line as it is made
                last = net.sizes[row + 1][1] if stop == lines else max(mine, default=-1) + 1
                mine |= set(range(done[row + 1], last))
            if mine:
                mine |= set(range(min(mine), max(mine) + 1))
                done[row + 1] = max(mine) + 1
            for tensor in net.ops[row].reads:
                for line in mine:
                    needs = net.needed(net.ops[row], tensor, line)
                    wanted.setdefault(tensor, set()).update(needs)
        for row in range(begin, end + 1):
            for tensor in net.ops[row].reads:
                mine = wanted[tensor]
                count = max(mine) - min(mine) + 1 if mine else 0
                most[tensor] = max(most.get(tensor, 0), count)
    return most


def row_by_row_held(net: Drawn, begin: int, end: int) -> dict[int, int]:
    """The most lines of each map between the event that makes each and the last that uses it."""
    events: list[tuple[int, int]] = []
    born: dict[tuple[int, int], int] = {}
    used: dict[tuple[int, int], int] = {}

    def get(tensor: int, line: int) -> None:
        if (tensor, line) in born:
            return
        if begin < tensor <= end + 1:
            for source in net.ops[tensor - 1].reads:
                for needs in net.needed(net.ops[tensor - 1], source, line):
                    get(source, needs)
            events.append((tensor, line))
            for source in net.ops[tensor - 1].reads:
                for needs in net.needed(net.ops[tensor - 1], source, line):
                    used[source, needs] = len(events)
        else:
            events.append((tensor, line))
        born[tensor, line] = len(events)

    for line in range(net.sizes[end + 1][1]):
        get(end + 1, line)
    for tensor in range(begin + 1, end + 1):
        for line in range(net.sizes[tensor][1] if net.outside(tensor, end) else 0):
            get(tensor, line)
    most = {}
    for tensor in {tensor for row in range(begin, end + 1) for tensor in net.ops[row].reads}:
        lives = [(born[key], used[key]) for key in used if key[0] == tensor]
        counts = (
            sum(first <= at <= last for first, last in lives) for at in range(1, len(events) + 1)
        )
        most[tensor] = max(counts, default=0)
    return most


def subsets(rows: list[int]) -> Iterator[tuple[int, ...]]:
    for count in range(len(rows) + 1):
        yield from combinations(rows, count)


def group_bytes(net: Drawn, begin: int, end: int, memory: int) -> int | None:
    """The least that a run moves as one group; None where it is none or does not fit."""
    ops = net.ops[begin : end + 1]
    read = {tensor for op in ops for tensor in op.reads}
    made = range(begin + 1, end + 2)
    if any(tensor not in read for tensor in made[:-1]):
        return None
    ends = [tensor for tensor in made if tensor == end + 1 or net.outside(tensor, end)]
    maps = sum(map(net.bytes, [*(read - {*made}), *ends]))
    holding = [row for row in range(begin, end + 1) if net.ops[row].weights]

    def room(held: dict[int, int]) -> int:
        line = {tensor: net.sizes[tensor][0] * net.sizes[tensor][2] for tensor in held}
        return sum(count * line[tensor] for tensor, count in held.items()) + SUM

    def weights(rows: Iterable[int]) -> int:
        return sum(net.ops[row].weights for row in rows)

    found = []
    if room(row_by_row_held(net, begin, end)) + weights(holding) <= memory:
        found.append(maps + weights(holding))
    lines = net.sizes[end + 1][1]
    for height in range(1, lines + 1):
        left = memory - room(strips_held(net, begin, end, height))
        for kept in subsets(holding):
            again = [row for row in holding if row not in kept]
            largest = max((net.ops[row].filter for row in again), default=0)
            if weights(kept) + largest <= left:
                found.append(maps + weights(kept) + -(-lines // height) * weights(again))
    return min(found, default=None)


def least_bytes(net: Drawn, memory: int, alone: list[int]) -> int:
    """The least over every partition of the rows into runs and rows alone."""
    groups = {
        (begin, end): group_bytes(net, begin, end, memory)
        for end in range(len(net.ops))
        for begin in range(end)
    }
    best = sum(alone)
    for cuts in subsets(list(range(1, len(net.ops)))):
        edges = [0, *cuts, len(net.ops)]
        moved = [
            alone[begin] if end - begin == 1 else groups[begin, end - 1]
            for begin, end in pairwise(edges)
        ]
        if None not in moved:
            best = min(best, sum(one for one in moved if one is not None))
    return best


def compare(seed: int) -> tuple[int, int, bool]:
    """What the package and the walk say of one network in one memory; whether rows were fused."""
    chance = random.Random(seed)
    net = draw(chance)
    largest = max(map(net.bytes, range(len(net.sizes))))
    memory = chance.randint(12, 12 + 3 * largest)
    tiled = cm.simulate(net.network, machine(memory), traffic="tiled")
    alone = tiled.result.external_bytes.tolist()
    run = cm.simulate(net.network, machine(memory))
    moved = int(run.result.external_bytes.sum())
    return moved, least_bytes(net, memory, alone), any(run.groups)


if __name__ == "__main__":
    answers = [compare(seed) for seed in range(int(sys.argv[1]))]
    wrong = [seed for seed, (ours, walked, _) in enumerate(answers) if ours != walked]
    print(f"{len(answers)} networks, {sum(fused for *_, fused in answers)} fused, wrong: {wrong}")
