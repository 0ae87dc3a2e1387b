"""The cheapest choice of one way for each of three axes that leaves room in every level.

What a choice costs is a sum over the axes (the largest of several sums, where the slowest of
several boundaries counts); its room in a level is a sum of products of two axes' sizes. Branch and
bound in arrays: a way goes when it costs too much beside the cheapest ways of the other axes that
can stand beside it; then pairs of ways of two axes likewise; the pairs that remain, cheapest first,
are tried with every way of the third axis at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

AT_ONCE = 1 << 18
"""[choices] tried in one array operation."""


class Ways(NamedTuple):
    """The ways of one axis."""

    sizes: Floats
    """(m, D) what they multiply rooms with, a column for each depth."""
    costs: Floats
    """(m, B) what they add to each sum."""
    places: NDArray[np.int64]
    """(m,) their numbers."""

    def take(self, where: Flags) -> Ways:
        """Some of them."""
        return Ways(self.sizes[where], self.costs[where], self.places[where])


class Room(NamedTuple):
    """A tile in a level: width x size of one axis x size of another."""

    level: int
    width: float
    axes: tuple[int, int]
    depths: tuple[int, int]


class Choice(NamedTuple):
    """A way of each axis."""

    cost: float
    places: tuple[int, ...]


def cheapest(
    axes: Sequence[Ways], rooms: Sequence[Room], limits: Sequence[float], best: float
) -> Choice | None:
    """The cheapest choice that fits in all limits and costs less than `best`; None without any."""
    return _Search(list(axes), rooms, limits, best).run()


PAIRS = ((0, 1), (0, 2), (1, 2))


@dataclass
class _Search:
    axes: list[Ways]
    rooms: Sequence[Room]
    limits: Sequence[float]
    best: float

    def run(self) -> Choice | None:
        """Sieve until little goes any more, then try what is left."""
        before = 0
        while (left := sum(len(axis.places) for axis in self.axes)) != before:
            if not self._sieve_alone():
                return None
            fits = {pair: self._fits(*pair) for pair in PAIRS}
            if not self._sieve_beside(fits):
                return None
            before = left if sum(len(a.places) for a in self.axes) > 0.9 * left else 0
        return self._try()

    def _sieve_alone(self) -> bool:
        least = [axis.costs.min(axis=0) for axis in self.axes]
        for at, axis in enumerate(self.axes):
            others = sum(cost for number, cost in enumerate(least) if number != at)
            kept = (axis.costs + others).max(axis=1) < self.best
            kept &= self._fits_alone(at)
            if not kept.any():
                return False
            self.axes[at] = axis.take(kept)
        return True

    def _fits_alone(self, at: int) -> Flags:
        least = [axis.sizes.min(axis=0) for axis in self.axes]
        room = np.zeros((len(self.limits), len(self.axes[at].places)))
        for level, width, axes, depths in self.rooms:
            sizes = [
                self.axes[axis].sizes[:, depth] if axis == at else least[axis][depth]
                for axis, depth in zip(axes, depths, strict=True)
            ]
            room[level] += width * sizes[0] * sizes[1]
        return np.asarray((room <= np.array(self.limits)[:, np.newaxis]).all(axis=0))

    def _fits(self, one: int, other: int) -> Flags:
        """(m, n) whether two ways fit beside the smallest ones of the third axis."""
        first, second = self.axes[one], self.axes[other]
        least = [axis.sizes.min(axis=0) for axis in self.axes]
        fits = np.ones((len(first.places), len(second.places)), dtype=bool)
        for level, limit in enumerate(self.limits):
            room = np.zeros((1, 1))
            for at, width, axes, depths in self.rooms:
                if at != level:
                    continue
                term = np.array([[width]])
                for axis, depth in zip(axes, depths, strict=True):
                    if axis == one:
                        term = term * first.sizes[:, depth, np.newaxis]
                    elif axis == other:
                        term = term * second.sizes[:, depth]
                    else:
                        term = term * least[axis][depth]
                room = room + term
            fits &= room <= limit
        return fits

    def _sieve_beside(self, fits: dict[tuple[int, int], Flags]) -> bool:
        keeps = []
        for at, axis in enumerate(self.axes):
            cost = axis.costs
            for pair, fit in fits.items():
                if at in pair:
                    other = self.axes[pair[1 - pair.index(at)]].costs
                    cost = cost + _least(other, fit if pair[0] == at else fit.T)
            keeps.append(cost.max(axis=1) < self.best)
        if not all(keep.any() for keep in keeps):
            return False
        self.axes = [axis.take(keep) for axis, keep in zip(self.axes, keeps, strict=True)]
        return True

    def _try(self) -> Choice | None:
        last = int(np.argmax([len(axis.places) for axis in self.axes]))
        one, other = (at for at in range(3) if at != last)
        first, second, third = self.axes[one], self.axes[other], self.axes[last]
        least = np.maximum(
            _least(third.costs, self._pair(one, last))[:, np.newaxis],
            _least(third.costs, self._pair(other, last))[np.newaxis],
        )
        cost = first.costs[:, np.newaxis] + second.costs[np.newaxis]
        bound = (cost + least).max(axis=2)
        bound[~self._fits(one, other)] = np.inf
        rows, columns = np.nonzero(bound < self.best)
        order = np.argsort(bound[rows, columns], kind="stable")
        rows, columns = rows[order], columns[order]
        bounds, costs = bound[rows, columns], cost[rows, columns]
        found: Choice | None = None
        step = max(1, AT_ONCE // len(third.places))
        for begin in range(0, len(rows), step):
            part = slice(begin, begin + step)
            if bounds[begin] >= self.best:
                break
            total = (costs[part][:, np.newaxis] + third.costs).max(axis=2)
            total[~self._third_fits(last, {one: rows[part], other: columns[part]})] = np.inf
            at = int(total.argmin())
            if total.flat[at] < self.best:
                row, way = divmod(at, len(third.places))
                self.best = float(total.flat[at])
                places = {one: rows[begin + row], other: columns[begin + row], last: way}
                found = Choice(
                    self.best,
                    tuple(int(axis.places[places[n]]) for n, axis in enumerate(self.axes)),
                )
        return found

    def _pair(self, one: int, other: int) -> Flags:
        return self._fits(one, other) if one < other else self._fits(other, one).T

    def _third_fits(self, last: int, chosen: dict[int, NDArray[np.int64]]) -> Flags:
        """(pairs, m) whether chosen pairs of ways fit beside each way of the axis `last`."""
        third = self.axes[last]
        basis = np.concatenate([np.ones((1, len(third.places))), third.sizes.T])
        count = len(next(iter(chosen.values())))
        fits = np.ones((count, len(third.places)), dtype=bool)
        for level, limit in enumerate(self.limits):
            factors = np.zeros((count, len(basis)))
            for at, width, axes, depths in self.rooms:
                if at == level:
                    column, term = 0, np.full(count, width)
                    for axis, depth in zip(axes, depths, strict=True):
                        if axis == last:
                            column = depth + 1
                        else:
                            term = term * self.axes[axis].sizes[chosen[axis], depth]
                    factors[:, column] += term
            fits &= factors @ basis <= limit
        return fits


def _least(costs: Floats, fits: Flags) -> Floats:
    """(m, B) the least of costs (n, B) among those that fit (m, n) beside each; inf without any."""
    least = np.full((len(fits), costs.shape[1]), np.inf)
    for column in range(costs.shape[1]):
        order = np.argsort(costs[:, column], kind="stable")
        among = fits[:, order]
        first = among.argmax(axis=1)
        some = among[np.arange(len(among)), first]
        least[some, column] = costs[order[first[some]], column]
    return least
