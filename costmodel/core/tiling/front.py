"""The least external bytes of a contraction as a function of the bytes it may use on chip.

Source: the formulation is a loop nest with one node for each tensor (Parashar et al. 2019,
Timeloop; Nayak et al. 2023, TileFlow, for fused nests); with three tensors and three levels all
tilings can be tried, since rooms and traffic are products over the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple

import numpy as np

from costmodel.core.tiling.nest import Nest, Sweep, Widths
from costmodel.core.tiling.orders import BESIDE, ORDERS, Axis, Factors, Order
from costmodel.core.tiling.pareto import smallest
from costmodel.core.tiling.windows import Ints, sizes


class Moved(NamedTuple):
    """Bytes over the bus, each a number or an array [B]."""

    input: Ints
    weights: Ints
    sums_read: Ints
    """Outputs that come back before they are complete."""
    output: Ints
    """Outputs written, complete or not."""

    @property
    def total(self) -> Ints:
        """All of them."""
        return self.input + self.weights + self.sums_read + self.output


@dataclass(frozen=True, eq=False)
class Front:
    """A step function: from each memory on, the least traffic and the schedule that has it."""

    memory: Ints
    """(S,) ascending [B]."""
    moved: Moved
    """(S,) each; their total falls from step to step [B]."""
    schedules: tuple[tuple[int, ...], ...]
    """(S,) order, tiles and ways, for `costmodel.core.tiling.schedule`."""

    @cached_property
    def again(self) -> Ints:
        """(4, S) what moves again, of a front in bits: whole bytes in the order of `Moved`."""
        moved = np.stack(self.moved)
        return np.asarray(-(-(moved - moved[:, -1:]) // 8))


class _Spatial(NamedTuple):
    """Tilings of all spatial axes together."""

    factors: Factors
    places: Ints
    """(m, D) which tiling of each axis."""


SIFT = 30
"""Beyond so many tilings for each tile along n, k and c, comparing them takes longer than pricing
them all."""


def _together(axes: list[Axis], sweeps: Sequence[Sweep], tiles: int) -> _Spatial:
    """The axes' tilings together; at most one axis slides.

    Of few tilings those that no other one beats are kept; many are left to the prices.
    """
    blocks = []
    # two equal axes: what slides along the second has its mirror image along the first
    alike = len(axes) == 2 and sweeps[0] == sweeps[1]
    for sliding in range(1 if alike else len(axes)):
        lists = [
            np.arange(len(axis.slides)) if number == sliding else np.flatnonzero(~axis.slides)
            for number, axis in enumerate(axes)
        ]
        mesh = np.meshgrid(*lists, indexing="ij")
        blocks.append(np.stack([one.ravel() for one in mesh], axis=1))
    places = np.concatenate(blocks)
    columns = [
        np.prod([axis.factors[word][places[:, at]] for at, axis in enumerate(axes)], axis=0)
        for word in range(len(Factors._fields))
    ]
    best = np.arange(len(places))
    if len(axes) > 1 and len(places) <= SIFT * tiles:
        best = smallest(np.stack(columns, axis=1))
    return _Spatial(Factors(*(column[best] for column in columns)), places[best])


class _Costs:
    """Rooms and traffic of one order's tilings, for tiles (t,) along n, k and c: (m, t)."""

    def __init__(self, nest: Nest, widths: Widths, order: Order, *, double: bool) -> None:
        self.nest, self.widths, self.order = nest, widths, order
        self.buffers = {node: 2 if double and at else 1 for at, node in enumerate(order.nodes)}
        self.lengths = {"n": nest.batch, "k": nest.out_channels, "c": nest.in_channels}
        choices = [
            sizes(length) if axis in order.free else np.array([length])
            for axis, length in self.lengths.items()
        ]
        mesh = np.meshgrid(*choices, indexing="ij")
        self.tiles = {axis: one.ravel() for axis, one in zip(self.lengths, mesh, strict=True)}
        axes = [order.axis(sweep) for sweep in nest.sweeps]
        self.spatial = _together(axes, nest.sweeps, mesh[0].size)

    def room(self, factors: Factors, tiles: dict[str, Ints]) -> Ints:
        """On chip at once [B]."""
        words = {"I": factors.held, "W": factors.taps, "O": factors.sums}
        width = {"I": self.widths.input, "W": self.widths.weight, "O": self.widths.sum}
        total = np.zeros(1, dtype=np.int64)
        for node, axes in self.order.rooms.items():
            along = prod((tiles[axis] for axis in axes), start=np.ones(1, dtype=np.int64))
            total = total + words[node] * (along * (self.buffers[node] * width[node]))
        return total

    def moved(self, factors: Factors, tiles: dict[str, Ints]) -> Moved:
        """Over the bus [B]."""
        nest, widths = self.nest, self.widths
        parts = {axis: -(-length // tiles[axis]) for axis, length in self.lengths.items()}
        walked = nest.groups * nest.batch * nest.in_channels
        again = (widths.sum * nest.output_words) * (factors.visits * parts["c"] - 1)
        return Moved(
            factors.fetched * (widths.input * walked * parts["k"]),
            factors.passes * (widths.weight * nest.weight_words * parts["n"]),
            again,
            again + widths.output * nest.output_words,
        )

    def schedule(self, place: int, tile: int) -> tuple[int, ...]:
        """As `Front.schedules` has it, without the number of the order."""
        return (
            *(int(one[tile]) for one in self.tiles.values()),
            *self.spatial.places[place].tolist(),
        )


CHUNK = 1 << 15
"""[tilings] compared at once."""


def front(nest: Nest, widths: Widths, *, double: bool = False) -> Front:
    """The step function of a contraction.

    `double`: every tile but that of the tensor that stays has a second buffer, which is filled
    while the first is in use.
    """
    orders = ORDERS + BESIDE if double else ORDERS
    memory, total = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    origin = np.empty((0, 3), dtype=np.int64)
    costs = [_Costs(nest, widths, order, double=double) for order in orders]
    for number, cost in enumerate(costs):
        tiles = {axis: one[None, :] for axis, one in cost.tiles.items()}
        rows, columns = len(cost.spatial.places), tiles["n"].shape[1]
        step = max(1, CHUNK // columns)
        for begin in range(0, rows, step):
            factors = Factors(*(f[begin : begin + step, None] for f in cost.spatial.factors))
            shape = (len(factors.held), columns)
            room = np.broadcast_to(cost.room(factors, tiles), shape).ravel()
            moved = np.broadcast_to(cost.moved(factors, tiles).total, shape).ravel()
            better = _below(room, moved, memory, total)
            places = begin + better // columns
            found = np.stack([np.full(len(better), number), places, better % columns], axis=1)
            memory, total, origin = lowest(
                np.concatenate([memory, room[better]]),
                np.concatenate([total, moved[better]]),
                np.concatenate([origin, found]),
            )
    return _described(memory, origin, costs)


def _below(room: Ints, moved: Ints, memory: Ints, total: Ints) -> Ints:
    """The tilings (m,) that move less than a front so far does at their room: their places."""
    if not len(memory):
        return np.arange(len(room))
    # what the front moves at the foot of each stretch of memory sieves most of them out
    stretch, feet = _stretch(room), _stretch(memory)
    foot = np.full(int(max(stretch.max(), feet[-1])) + 2, np.iinfo(np.int64).max)
    foot[feet + 1] = total
    np.minimum.accumulate(foot, out=foot)
    near = np.flatnonzero(moved < foot[stretch])
    at = np.searchsorted(memory, room[near], side="right") - 1
    return near[(at < 0) | (moved[near] < total[np.maximum(at, 0)])]


def _stretch(memory: Ints) -> Ints:
    """The number of the 1/32 octave that a memory lies in."""
    return np.asarray((memory.astype(float).view(np.int64) >> 47) - (1023 << 5) + 32).clip(0)


def lowest(memory: Ints, total: Ints, origin: Ints) -> tuple[Ints, Ints, Ints]:
    """The front of some points: by room, those that move less than all before."""
    order = np.lexsort((total, memory))
    falling = total[order]
    falls = np.ones(len(order), dtype=bool)
    falls[1:] = falling[1:] < np.minimum.accumulate(falling)[:-1]
    kept = order[falls]
    return memory[kept], total[kept], origin[kept]


def _described(memory: Ints, origin: Ints, costs: list[_Costs]) -> Front:
    columns, schedules = [], []
    for number, place, tile in origin.tolist():
        cost = costs[number]
        factors = Factors(*(column[place] for column in cost.spatial.factors))
        columns.append(cost.moved(factors, {axis: one[tile] for axis, one in cost.tiles.items()}))
        schedules.append((number, *cost.schedule(place, tile)))
    moved = Moved(*(np.array(column, dtype=np.int64) for column in zip(*columns, strict=True)))
    return Front(memory, moved, tuple(schedules))
