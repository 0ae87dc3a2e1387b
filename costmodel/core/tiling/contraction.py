"""The least traffic of a contraction as a function of the room that it may use inside a level.

Source: the formulation is a loop nest with one node for each tensor (Parashar et al. 2019,
Timeloop; Nayak et al. 2023, TileFlow, for fused nests); with three tensors and three levels all
tilings can be tried, since rooms and traffic are products over the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from costmodel.core.tiling.nest import Nest, Sweep, Widths
from costmodel.core.tiling.orders import BESIDE, ORDERS, AxisTilings, Factors, NodeOrder
from costmodel.core.tiling.pareto import smallest
from costmodel.core.tiling.traffic_curve import MovedBytes, TrafficCurve, falling_steps
from costmodel.core.tiling.windows import Ints, sizes


class PlainCuts(NamedTuple):
    """Cuts of all plain axes of one group together, each (t,)."""

    size: Ints
    """Words of a tile: the product of its sizes."""
    parts: Ints
    """How many tiles there are."""
    sizes: Ints
    """(t, axes) The size along each axis."""


@lru_cache(maxsize=1024)
def plain_cuts(lengths: tuple[int, ...], *, free: bool) -> PlainCuts:
    """Cut axes in every way that no other one beats both in size and in number of tiles.

    Axes that are not `free` stay whole.
    """
    size, parts, along = (np.ones(shape, dtype=np.int64) for shape in (1, 1, (1, 0)))
    for length in lengths:
        tried = sizes(length) if free else np.array([length])
        every, tile = np.repeat(np.arange(len(size)), len(tried)), np.tile(tried, len(size))
        size, parts, along = falling_steps(
            size[every] * tile,
            parts[every] * -(-length // tile),
            np.column_stack([along[every], tile]),
        )
    return PlainCuts(size, parts, along)


class _WindowCuts(NamedTuple):
    """Tilings of all axes with overlapping windows together."""

    factors: Factors
    places: Ints
    """(m, axes) The number of each axis' tiling."""


SIFT = 30
"""Beyond so many tilings for each tile along plain axes, comparing them takes longer than pricing
them all."""


def _window_cuts(axes: list[AxisTilings], sweeps: Sequence[Sweep], tiles: int) -> _WindowCuts:
    """Combine the axes' tilings; at most one axis slides.

    Of few tilings those that no other one beats are kept; many are left to the prices.
    """
    if not axes:
        nothing = [np.ones(1, dtype=np.int64)] * len(Factors._fields)
        return _WindowCuts(Factors(*nothing), np.empty((1, 0), dtype=np.int64))
    blocks = []
    # two equal axes: what slides along the second has its mirror image along the first
    alike = len(axes) == 2 and sweeps[0] == sweeps[1]
    for sliding in range(1 if alike else len(axes)):
        lists = [
            np.arange(len(axis.slides)) if number == sliding else np.flatnonzero(~axis.slides)
            for number, axis in enumerate(axes)
        ]
        mesh = np.meshgrid(*lists, indexing="ij")
        blocks.append(np.stack([places.ravel() for places in mesh], axis=1))
    places = np.concatenate(blocks)
    columns = [
        np.prod([axis.factors[word][places[:, at]] for at, axis in enumerate(axes)], axis=0)
        for word in range(len(Factors._fields))
    ]
    best = np.arange(len(places))
    if len(axes) > 1 and len(places) <= SIFT * tiles:
        best = smallest(np.stack(columns, axis=1))
    return _WindowCuts(Factors(*(column[best] for column in columns)), places[best])


class _OrderCosts:
    """Rooms and traffic of the tilings of one order.

    A tiling is two places: one among the windows' cuts, and one among the cuts of plain axes, those
    of n, k and c in every combination.
    """

    def __init__(self, nest: Nest, widths: Widths, order: NodeOrder, *, double: bool) -> None:
        self.nest, self.widths = nest, widths
        self.cuts = [
            plain_cuts(tuple(lengths.values()), free=group in order.free)
            for group, lengths in nest.plain_axes.items()
        ]
        self.shape = tuple(len(cut.size) for cut in self.cuts)
        size = dict(zip("nkc", np.ix_(*(cut.size for cut in self.cuts)), strict=True))
        self.n, self.k, self.c = map(self._flat, np.ix_(*(cut.parts for cut in self.cuts)))
        width = {"I": widths.input, "W": widths.weight, "O": widths.sum}
        for node in order.nodes[1:] if double else "":
            width[node] *= 2
        # of each tensor's tile, for every word along its windows
        self.rooms = {
            node: self._flat(prod((size[group] for group in groups), start=width[node]))
            for node, groups in order.rooms.items()
        }
        axes = [order.axis(sweep) for sweep in nest.overlapping]
        self.windows = _window_cuts(axes, nest.overlapping, len(self.n))

    def _flat(self, grid: Any) -> Ints:
        return np.broadcast_to(grid, self.shape).ravel()

    def room(self, window: Ints, plain: Ints | slice) -> Ints:
        """Words of all tiles that are inside at once, times their widths."""
        factors, rooms = self.windows.factors, self.rooms
        of_input = factors.held[window] * rooms["I"][plain]
        of_weights = factors.taps[window] * rooms["W"][plain]
        of_sums = factors.sums[window] * rooms["O"][plain]
        return np.asarray(of_input + of_weights + of_sums)

    def moved(self, window: Ints, plain: Ints | slice) -> MovedBytes:
        """What crosses the boundary."""
        nest, widths, factors = self.nest, self.widths, self.windows.factors
        words = nest.groups * prod(prod(nest.plain_axes[group].values()) for group in "nc")
        sums = widths.sum * nest.output_words
        refetched = factors.visits[window] * (sums * self.c[plain]) - sums
        return MovedBytes(
            factors.fetched[window] * (widths.input * words * self.k[plain]),
            factors.passes[window] * (widths.weight * nest.weight_words * self.n[plain]),
            refetched,
            refetched + widths.output * nest.output_words,
        )

    def schedules(self, window: Ints, plain: Ints) -> Ints:
        """The sizes of plain axes and the windows' cuts, a row each."""
        places = np.unravel_index(plain, self.shape)
        sizes = (cut.sizes[at] for at, cut in zip(places, self.cuts, strict=True))
        return np.concatenate([*sizes, self.windows.places[window]], axis=1)


CHUNK = 1 << 15
"""[tilings] compared at once."""


def contraction_curve(nest: Nest, widths: Widths, *, double: bool = False) -> TrafficCurve:
    """Price every tiling of every order and keep, for each room, the one that moves least.

    `double`: every tile but that of the tensor that stays has a second buffer, which is filled
    while the first is in use.
    """
    orders = ORDERS + BESIDE if double and nest.overlapping else ORDERS
    costs = [_OrderCosts(nest, widths, order, double=double) for order in orders]
    room, total = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    # number of the order, then the two places of the tiling
    origin = np.empty((0, 3), dtype=np.int64)
    for number, cost in enumerate(costs):
        count = len(cost.n)
        step = max(1, CHUNK // count)
        for begin in range(0, len(cost.windows.places), step):
            window = np.arange(begin, min(begin + step, len(cost.windows.places)))[:, np.newaxis]
            tried = cost.room(window, slice(None)).ravel()
            moved = cost.moved(window, slice(None)).total.ravel()
            better = _below(tried, moved, room, total)
            source = (np.full(len(better), number), begin + better // count, better % count)
            room, total, origin = falling_steps(
                np.concatenate([room, tried[better]]),
                np.concatenate([total, moved[better]]),
                np.concatenate([origin, np.stack(source, axis=1)]),
            )
    return _described(room, origin, costs)


def _below(tried: Ints, moved: Ints, room: Ints, total: Ints) -> Ints:
    """The places of the tilings (m,) that move less in the room `tried` than the curve so far."""
    if not len(room):
        return np.arange(len(tried))
    # what the curve moves at the foot of each stretch of room sieves most of them out
    stretch, feet = _stretch(tried), _stretch(room)
    foot = np.full(int(max(stretch.max(), feet[-1])) + 2, np.iinfo(np.int64).max)
    foot[feet + 1] = total
    np.minimum.accumulate(foot, out=foot)
    near = np.flatnonzero(moved < foot[stretch])
    at = np.searchsorted(room, tried[near], side="right") - 1
    return near[(at < 0) | (moved[near] < total[np.maximum(at, 0)])]


def _stretch(room: Ints) -> Ints:
    """The number of the 1/32 octave that a room lies in."""
    return np.asarray((room.astype(float).view(np.int64) >> 47) - (1023 << 5) + 32).clip(0)


def _described(room: Ints, origin: Ints, costs: list[_OrderCosts]) -> TrafficCurve:
    """The curve with its bytes by operand and the numbers of its schedules."""
    moved = np.empty((len(MovedBytes._fields), len(room)), dtype=np.int64)
    schedules: list[tuple[int, ...]] = [()] * len(room)
    for number, cost in enumerate(costs):
        steps = np.flatnonzero(origin[:, 0] == number)
        places = origin[steps, 1:].T
        moved[:, steps] = np.stack(np.broadcast_arrays(*cost.moved(*places)))
        for step, numbers in zip(steps.tolist(), cost.schedules(*places).tolist(), strict=True):
            schedules[step] = (number, *numbers)
    return TrafficCurve(room, MovedBytes(*moved), tuple(schedules))
