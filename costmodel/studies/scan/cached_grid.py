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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.quantities import AXES
from costmodel.studies.scan.formulas import Formula
from costmodel.studies.scan.reduce import Best, Front, best_of, efficient
from costmodel.studies.scan.space import Model, Space
from costmodel.studies.scan.surface import PIECE, Surface

Array = NDArray[Any]
LEAST = 512
"""[points] of a block, below which evaluating point by point costs no more."""
MEMORY = "hw.on_chip_memory"


@dataclass(frozen=True, eq=False)
class Line:
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
    lines: tuple[Line, ...]
    objectives: tuple[str, ...]
    """Machine axes that are objectives beside the time."""
    inner: int
    """How many trailing lines make a block."""

    @property
    def block(self) -> int:
        """Points of a block."""
        return prod(len(line.values) for line in self.lines[len(self.lines) - self.inner :])

    @property
    def outer(self) -> tuple[int, ...]:
        """Values of each outer line."""
        return tuple(len(line.values) for line in self.lines[: len(self.lines) - self.inner])

    def ranges(self, size: int) -> list[tuple[int, int]]:
        """Whole blocks of every model, in evaluation order, at most `size` points a part."""
        per_model = prod(self.outer)
        step = max(1, size // max(self.block, 1))
        return [
            (first + at, first + min(at + step, per_model))
            for first in range(0, per_model * len(self.space.models), max(per_model, 1))
            for at in range(0, per_model, step)
        ]

    @cached_property
    def inner_index(self) -> Array:
        """Each inner combination's share of the user's index."""
        return _sum_grid([line.places * line.stride for line in self.lines[len(self.outer) :]])

    def outer_places(self, block: int) -> tuple[int, ...]:
        """The place of a block on each outer line."""
        return tuple(int(p) for p in np.unravel_index(block, self.outer)) if self.outer else ()


def arrange(space: Space, objectives: Sequence[str], where: Sequence[Formula]) -> Grid | None:
    """The evaluation order for a grid, or None where it does not apply.

    It does not where blocks would be too small or a constraint concerns more than one axis.
    """
    lines = []
    rules = list(where)
    shape = space.shape
    for number, axis in enumerate(space.axes):
        values = np.asarray(axis.grid(), dtype=float)
        mask = np.ones(len(values), dtype=bool)
        for rule in [r for r in rules if r.words <= {axis.name}]:
            mask &= np.asarray(rule({axis.name: values}), dtype=bool)
            rules.remove(rule)
        places = np.flatnonzero(mask)
        lines.append(Line(axis.name, values[places], places, prod(shape[number + 1 :])))
    if rules or any(word not in [line.word for line in lines] for word in objectives):
        return None
    # bandwidth next to memory
    order = [*objectives, *(w for w in AXES if w not in objectives)]
    lines.sort(key=lambda line: order.index(line.word))
    free = [line for line in lines if line.word not in objectives]
    inner = 0
    while (
        inner < len(free) and prod(len(li.values) for li in free[len(free) - inner :]) < PIECE // 4
    ):
        inner += 1
    found = Grid(space, tuple(lines), tuple(objectives), inner)
    return found if found.block >= LEAST else None


def _sum_grid(vectors: Sequence[Array]) -> Array:
    """All sums of one entry of each vector, row-major, flat."""
    total: Array = np.zeros(1, dtype=vectors[0].dtype if vectors else float)
    for vector in vectors:
        total = (total[:, np.newaxis] + vector).ravel()
    return total


class _Terms:
    """One model's time on the grid, as sums of products of one memory and one rate vector each.

    What depends on inner axes alone is one vector that all blocks share; a product with one factor
    outside is a vector that each block multiplies by its own scalar.
    """

    def __init__(self, grid: Grid, model: Model) -> None:
        form = model.form
        assert isinstance(form, Surface)
        outer = len(grid.outer)
        lines = {line.word: line.values for line in grid.lines}
        self.place = {line.word: n for n, line in enumerate(grid.lines[:outer])}
        self.inner = [line.word for line in grid.lines[outer:]]
        self.shape = [len(lines[word]) for word in self.inner]
        self.add = np.zeros(grid.block)
        self.factors: list[tuple[Array, str, Array]] = []
        """An inner vector, and the outer axis whose vector its scalar is taken of."""
        self.outside: list[tuple[tuple[str, Array], tuple[str, Array]]] = []
        """Products of two outer vectors."""
        memory = lines.get(MEMORY, np.array([model.machine.memory], dtype=float))
        for term in form.grid(model.machine, lines, memory):
            # a single value is the same at every place of the axis
            pair = ((MEMORY, term.amounts), (term.axis, term.paces))
            self._sort(*((word if len(one) > 1 else "", one) for word, one in pair))

    def _sort(self, *pair: tuple[str, Array]) -> None:
        """Put a product of two vectors where it belongs."""
        inside = [(word, vector) for word, vector in pair if word in self.inner and len(vector) > 1]
        rest = [one for one in pair if one not in inside]
        fixed = [vector[0] for word, vector in rest if word not in self.place]
        moving = [(word, vector) for word, vector in rest if word in self.place]
        scale = float(np.prod(fixed))
        if not inside:
            pairs = [*moving, ("", np.ones(1)), ("", np.ones(1))][:2]
            (first, vector), second = pairs
            self.outside.append(((first, vector * scale), second))
            return
        spread = scale * np.prod([self._spread(*one) for one in inside], axis=0)
        if moving:
            self.factors.append((spread, *moving[0]))
        else:
            self.add += spread

    def _spread(self, word: str, vector: Array) -> Array:
        """A vector over one inner axis, over the whole block."""
        shape = [1] * len(self.inner)
        axis = self.inner.index(word)
        shape[axis] = self.shape[axis]
        return np.broadcast_to(vector.reshape(shape), self.shape).ravel()

    def scalars(self, places: tuple[int, ...]) -> tuple[list[float], float]:
        """(scales, constant) of a block: T = sum of scales * factors + self.add + constant."""

        def at(word: str, vector: Array) -> float:
            return float(vector[places[self.place[word]]] if word in self.place else vector[0])

        constant = sum(at(*first) * at(*second) for first, second in self.outside)
        return [at(word, vector) for _, word, vector in self.factors], constant

    def fill(self, scalars: tuple[list[float], float], part: slice, out: Array) -> Array:
        """The times of part of a block, written into `out`."""
        scales, constant = scalars
        if not self.factors:
            return np.add(self.add[part], constant, out=out)
        np.multiply(self.factors[0][0][part], scales[0], out=out)
        np.add(out, self.add[part], out=out)
        for (vector, _, _), scale in zip(self.factors[1:], scales[1:], strict=True):
            out += vector[part] * scale
        return np.add(out, constant, out=out)


def reduce(grid: Grid, start: int, stop: int, k: int, pareto: bool) -> tuple[Best, Front, int]:
    """Best k and front of blocks start..stop, which are of one model, and their points."""
    per_model = prod(grid.outer)
    number = start // per_model
    terms = _Terms(grid, grid.space.models[number])
    first = number * per_model
    offset = number * grid.space.per_model
    buffer = np.empty(min(PIECE, max(grid.block, 1)))
    scalars = [terms.scalars(grid.outer_places(b)) for b in range(start - first, stop - first)]
    minima = np.array([_minimum(terms, s, grid.block, buffer) for s in scalars])
    look = _Look(grid, terms, start - first, scalars, offset)
    front = _front(grid, look, minima) if pareto else []
    return look.best(minima, k), front, (stop - start) * grid.block


def _minimum(terms: _Terms, scalars: tuple[list[float], float], count: int, buffer: Array) -> float:
    """The smallest time of a block."""
    found = np.inf
    for at in range(0, count, PIECE):
        part = slice(at, min(at + PIECE, count))
        found = min(found, terms.fill(scalars, part, buffer[: part.stop - at]).min())
    return float(found)


@dataclass(frozen=True, eq=False)
class _Look:
    """A second look into the blocks that can hold a result."""

    grid: Grid
    terms: _Terms
    first: int
    """Block number of the part's first block."""
    scalars: list[tuple[list[float], float]]
    offset: int
    """User index of the model's first point."""

    def times(self, block: int) -> Array:
        """The times of the part's block number `block`."""
        return self.terms.fill(self.scalars[block], slice(None), np.empty(self.grid.block))

    def indices(self, block: int, inside: Array) -> Array:
        """The user's indices of points of a block."""
        places = self.grid.outer_places(self.first + block)
        base = sum(
            int(line.places[p]) * line.stride
            for line, p in zip(self.grid.lines, places, strict=False)
        )
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
        places = list(np.unravel_index(numbers, grid.outer))[: len(grid.objectives)]
        cells = np.ravel_multi_index(tuple(places), grid.outer[: len(grid.objectives)])
    starts = np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))
    smallest = np.minimum.reduceat(minima, starts)
    columns = [line.values[p[starts]] for line, p in zip(grid.lines, places, strict=False)]
    vectors = np.stack([smallest, *columns], axis=1)
    ends = np.append(starts[1:], len(minima))
    found = []
    for cell in np.flatnonzero(efficient(vectors)):
        lowest, count = None, 0
        for block in starts[cell] + np.flatnonzero(
            minima[starts[cell] : ends[cell]] == smallest[cell]
        ):
            inside = np.flatnonzero(look.times(int(block)) == smallest[cell])
            index = int(look.indices(int(block), inside).min())
            lowest = index if lowest is None else min(lowest, index)
            count += len(inside)
        found.append((tuple(map(float, vectors[cell])), int(lowest or 0), count))
    return found
