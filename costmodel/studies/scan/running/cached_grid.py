"""Grids reduced in cache: every point evaluated, none written down.

On a grid the closed form is a sum of products of two vectors, one over the memory and one over a
rate. A block, one combination of the outer axes against all inner ones, is evaluated into a buffer
that stays in the cache, and only its minimum is kept; the few blocks that can hold a result are
evaluated once more to find their points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.quantities import AXES
from costmodel.studies.scan.forms.form import PIECE
from costmodel.studies.scan.forms.surface import Surface
from costmodel.studies.scan.running.pareto import Best, Front, best_of, efficient
from costmodel.studies.scan.space.formulas import Formula
from costmodel.studies.scan.space.points import Space
from costmodel.studies.scan.space.variant import Variant

LEAST = 512
"""[points] of a block, below which evaluating point by point costs no more."""
MEMORY = "hw.on_chip_memory"
Vector = tuple[str, Array]
"""An axis and a number for each of its values; no axis ("") and a single number."""
ONE: Vector = ("", np.ones(1))


@dataclass(frozen=True, eq=False)
class GridAxis:
    """The values of one axis that are allowed, and their places on the user's axis."""

    word: str
    values: Array
    places: Array
    stride: int
    """Of the axis in the user's row-major order."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The axes in evaluation order: objectives first, then outer, then inner axes."""

    space: Space
    axes: tuple[GridAxis, ...]
    objectives: tuple[str, ...]
    """Machine axes that are objectives beside the time."""
    inner: int
    """How many trailing axes make a block."""

    @property
    def block(self) -> int:
        """How many points a block has."""
        return prod(len(axis.values) for axis in self.axes[len(self.outer) :])

    @property
    def outer(self) -> tuple[int, ...]:
        """Values of each outer axis."""
        return tuple(len(axis.values) for axis in self.axes[: len(self.axes) - self.inner])

    def ranges(self, size: int) -> list[tuple[int, int]]:
        """Whole blocks of every variant, in evaluation order, at most `size` points a part."""
        blocks = prod(self.outer)
        step = max(1, size // max(self.block, 1))
        return [
            (number * blocks + at, number * blocks + min(at + step, blocks))
            for number in range(len(self.space.variants))
            for at in range(0, blocks, step)
        ]

    @cached_property
    def inner_index(self) -> Array:
        """Each inner combination's share of the user's index."""
        return _sum_grid([axis.places * axis.stride for axis in self.axes[len(self.outer) :]])

    def outer_places(self, block: int) -> tuple[int, ...]:
        """The place of a block on each outer axis."""
        return tuple(int(p) for p in np.unravel_index(block, self.outer)) if self.outer else ()


def arrange(space: Space, objectives: Sequence[str], where: Sequence[Formula]) -> Grid | None:
    """The evaluation order for a grid, or None where it does not apply.

    It does not where blocks would be too small or a constraint concerns more than one axis.
    """
    axes = []
    rules = list(where)
    shape = space.shape
    for number, axis in enumerate(space.axes):
        values = np.asarray(axis.grid, dtype=float)
        mask = np.ones(len(values), dtype=bool)
        for rule in [r for r in rules if r.words <= {axis.name}]:
            mask &= np.asarray(rule({axis.name: values}), dtype=bool)
            rules.remove(rule)
        places = np.flatnonzero(mask)
        axes.append(GridAxis(axis.name, values[places], places, prod(shape[number + 1 :])))
    if rules or not set(objectives) <= {axis.word for axis in axes}:
        return None
    # bandwidth next to memory
    order = [*objectives, *(w for w in AXES if w not in objectives)]
    axes.sort(key=lambda axis: order.index(axis.word))
    sizes = [len(axis.values) for axis in axes if axis.word not in objectives]
    inner = 0
    while inner < len(sizes) and prod(sizes[len(sizes) - inner :]) < PIECE // 4:
        inner += 1
    grid = Grid(space, tuple(axes), tuple(objectives), inner)
    return grid if grid.block >= LEAST else None


def _sum_grid(vectors: Sequence[Array]) -> Array:
    """All sums of one entry of each vector, row-major, flat."""
    total: Array = np.zeros(1, dtype=vectors[0].dtype if vectors else float)
    for vector in vectors:
        total = (total[:, np.newaxis] + vector).ravel()
    return total


class _Products:
    """One variant's time on the grid, as sums of products of one memory and one rate vector each.

    What depends on inner axes alone is one vector that all blocks share; a product with one factor
    outside is a vector that each block multiplies by its own scalar.
    """

    def __init__(self, grid: Grid, variant: Variant) -> None:
        form = variant.form
        assert isinstance(form, Surface)
        outer = len(grid.outer)
        values = {axis.word: axis.values for axis in grid.axes}
        self.place = {axis.word: n for n, axis in enumerate(grid.axes[:outer])}
        self.inner = [axis.word for axis in grid.axes[outer:]]
        self.shape = [len(values[word]) for word in self.inner]
        self.add = np.zeros(grid.block)
        self.factors: list[tuple[Array, Vector]] = []
        """An inner vector, and the vector of an outer axis that its scalar is taken of."""
        self.outside: list[tuple[Vector, Vector]] = []
        """Products of two outer vectors."""
        memory = values.get(MEMORY, np.array([variant.machine.memory], dtype=float))
        for product in form.grid(variant.machine, values, memory):
            # a single value is the same at every place of the axis
            pair = ((MEMORY, product.amounts), (product.axis, product.paces))
            self._sort(*((word if len(each) > 1 else "", each) for word, each in pair))

    def _sort(self, *pair: Vector) -> None:
        """Put a product of two vectors where it belongs."""
        inside = [(word, vector) for word, vector in pair if word in self.inner]
        moving = [(word, vector) for word, vector in pair if word in self.place]
        scale = float(np.prod([vector[0] for word, vector in pair if not word]))
        if not inside:
            (word, vector), second, *_ = (*moving, ONE, ONE)
            self.outside.append(((word, vector * scale), second))
            return
        spread = scale * np.prod([self._spread(*vector) for vector in inside], axis=0)
        if moving:
            self.factors.append((spread, moving[0]))
        else:
            self.add += spread

    def _spread(self, word: str, vector: Array) -> Array:
        """A vector over one inner axis, over the whole block."""
        shape = [-1 if inner == word else 1 for inner in self.inner]
        return np.broadcast_to(vector.reshape(shape), self.shape).ravel()

    def scalars(self, places: tuple[int, ...]) -> tuple[list[float], float]:
        """(scales, constant) of a block: T = sum of scales * factors + self.add + constant."""

        def at(word: str, vector: Array) -> float:
            return float(vector[places[self.place[word]]] if word else vector[0])

        constant = sum(at(*first) * at(*second) for first, second in self.outside)
        return [at(*outer) for _, outer in self.factors], constant

    def fill(self, scalars: tuple[list[float], float], part: slice, out: Array) -> Array:
        """The times of part of a block, written into `out`."""
        scales, constant = scalars
        if not self.factors:
            return np.add(self.add[part], constant, out=out)
        np.multiply(self.factors[0][0][part], scales[0], out=out)
        np.add(out, self.add[part], out=out)
        for (vector, _), scale in zip(self.factors[1:], scales[1:], strict=True):
            out += vector[part] * scale
        return np.add(out, constant, out=out)


def reduce(grid: Grid, start: int, stop: int, k: int, pareto: bool) -> tuple[Best, Front, int]:
    """Best k and front of blocks start..stop, which are of one variant, and their points."""
    blocks = prod(grid.outer)
    number = start // blocks
    products = _Products(grid, grid.space.variants[number])
    first = start - number * blocks
    scalars = [products.scalars(grid.outer_places(first + n)) for n in range(stop - start)]
    count = grid.block
    buffer = np.empty(min(PIECE, max(count, 1)))
    minima = np.array([_minimum(products, pair, count, buffer) for pair in scalars])
    look = _Look(grid, products, first, scalars, number * grid.space.per_variant)
    front = _front(grid, look, minima) if pareto else []
    return look.best(minima, k), front, (stop - start) * count


def _minimum(
    products: _Products, scalars: tuple[list[float], float], count: int, buffer: Array
) -> float:
    """The smallest time of a block."""
    least = np.inf
    for at in range(0, count, PIECE):
        part = slice(at, min(at + PIECE, count))
        least = min(least, products.fill(scalars, part, buffer[: part.stop - at]).min())
    return float(least)


@dataclass(frozen=True, eq=False)
class _Look:
    """A second look into the blocks that can hold a result."""

    grid: Grid
    products: _Products
    first: int
    """Block number of the part's first block."""
    scalars: list[tuple[list[float], float]]
    offset: int
    """User index of the variant's first point."""

    def times(self, block: int) -> Array:
        """The times of the part's block number `block`."""
        return self.products.fill(self.scalars[block], slice(None), np.empty(self.grid.block))

    def indices(self, block: int, inside: Array) -> Array:
        """The user's indices of points of a block."""
        outer = zip(self.grid.axes, self.grid.outer_places(self.first + block), strict=False)
        base = sum(int(axis.places[place]) * axis.stride for axis, place in outer)
        return self.offset + base + self.grid.inner_index[inside]

    def best(self, minima: Array, k: int) -> Best:
        """The k best points: only blocks whose minimum is among the k smallest can hold one."""
        if k <= 0 or not len(minima):
            return []
        limit = np.partition(minima, k - 1)[k - 1] if len(minima) > k else np.inf
        values, indices = [], []
        for block in np.flatnonzero(minima <= limit):
            times = self.times(int(block))
            last = min(k, len(times)) - 1
            near = np.flatnonzero(times <= min(limit, np.partition(times, last)[last]))
            values.append(times[near])
            indices.append(self.indices(int(block), near))
        return best_of(np.concatenate(values), np.concatenate(indices), k)


def _front(grid: Grid, look: _Look, minima: Array) -> Front:
    """The front over time and objective axes: one candidate per combination of the latter."""
    numbers = np.arange(look.first, look.first + len(minima))
    places, cells = [], numbers * 0
    if grid.objectives:
        sizes = grid.outer[: len(grid.objectives)]
        places = list(np.unravel_index(numbers, grid.outer))[: len(sizes)]
        cells = np.ravel_multi_index(tuple(places), sizes)
    starts = np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))
    smallest = np.minimum.reduceat(minima, starts)
    columns = [axis.values[p[starts]] for axis, p in zip(grid.axes, places, strict=False)]
    vectors = np.stack([smallest, *columns], axis=1)
    ends = np.append(starts[1:], len(minima))
    front = []
    for cell in np.flatnonzero(efficient(vectors)):
        least = smallest[cell]
        tied = starts[cell] + np.flatnonzero(minima[starts[cell] : ends[cell]] == least)
        inside = {int(block): np.flatnonzero(look.times(int(block)) == least) for block in tied}
        lowest = min(int(look.indices(block, at).min()) for block, at in inside.items())
        count = sum(map(len, inside.values()))
        front.append((tuple(map(float, vectors[cell])), lowest, count))
    return front
