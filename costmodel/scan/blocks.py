"""Grids reduced in cache: every point evaluated, none written down.

On a grid the closed form T = W(M)/BW + A/F + B/G + C(M) is a sum of two vectors (or of a product and two
vectors), one over the outer axes and one over the inner ones. A block, one outer combination
against all inner ones, is evaluated into a buffer that stays in the cache, and only its minimum is kept;
the few blocks that can hold a result are evaluated once more to find their points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.scan.reduce import Best, Front, best_of, efficient
from costmodel.scan.space import Model, Space
from costmodel.scan.surface import PIECE, Surface
from costmodel.scan.words import MACHINE, Formula

Array = NDArray[Any]
LEAST = 512  # [points] of a block, below which evaluating point by point costs no more


@dataclass(frozen=True, eq=False)
class Line:
    """The values of one axis that are allowed, and their places on the user's axis."""

    word: str
    values: Array
    places: Array
    stride: int  # of the axis in the user's row-major order


@dataclass(frozen=True, eq=False)
class Grid:
    """The axes in evaluation order: objectives first, then outer, then inner axes."""

    space: Space
    lines: tuple[Line, ...]
    objectives: tuple[str, ...]  # machine axes that are objectives beside the time
    inner: int  # how many trailing lines make a block

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
        return [(first + at, first + min(at + step, per_model))
                for first in range(0, per_model * len(self.space.models), max(per_model, 1))
                for at in range(0, per_model, step)]  # fmt: skip

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
    order = [*objectives, *(w for w in MACHINE if w not in objectives)]  # bandwidth next to memory
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
    """One model's time on the grid: outer terms per block, inner vectors shared by all blocks."""

    def __init__(self, grid: Grid, model: Model) -> None:
        form = model.form
        assert isinstance(form, Surface)
        outer = len(grid.outer)
        values = {
            word: np.array([getattr(model.machine, field)]) for word, (_, field) in MACHINE.items()
        }
        values |= {line.word: line.values for line in grid.lines}
        self.place = {line.word: n for n, line in enumerate(grid.lines[:outer])}
        inner = [line.word for line in grid.lines[outer:]]
        self.parts = {
            "hw.bandwidth": 1.0 / values["hw.bandwidth"],
            "hw.on_chip_memory": np.asarray(form.taken_bytes(values["hw.on_chip_memory"])),
            "hw.matrix": form.matrix_ops / values["hw.matrix"],
            "hw.host": form.host_ops / values["hw.host"],
        }
        self.fixed = np.asarray(form.fixed_time(values["hw.on_chip_memory"]))
        shapes = [len(values[word]) for word in inner]

        def spread(word: str, vector: Array | None = None) -> Array:
            axis = inner.index(word)
            shape = [1] * len(inner)
            shape[axis] = shapes[axis]
            values = self.parts[word] if vector is None else vector
            return np.broadcast_to(values.reshape(shape), shapes).ravel()

        add = np.zeros(grid.block)
        for word in ("hw.matrix", "hw.host"):
            if word in inner:
                add += spread(word)
        if "hw.on_chip_memory" in inner:
            add += spread("hw.on_chip_memory", self.fixed)
        self.inside = {word: word in inner for word in MACHINE}
        self.factor: Array | None = None  # inner factor of the bus term, where it is split
        if self.inside["hw.bandwidth"] and self.inside["hw.on_chip_memory"]:
            add += spread("hw.bandwidth") * spread("hw.on_chip_memory")
        elif self.inside["hw.bandwidth"] or self.inside["hw.on_chip_memory"]:
            self.factor = spread(
                "hw.bandwidth" if self.inside["hw.bandwidth"] else "hw.on_chip_memory"
            ).copy()
        self.add = add

    def outer(self, word: str, places: tuple[int, ...]) -> float:
        at = places[self.place[word]] if word in self.place else 0
        return float(self.parts[word][at])

    def scalars(self, places: tuple[int, ...]) -> tuple[float, float]:
        """(factor, constant) of a block: T = factor * self.factor + self.add + constant."""
        constant = sum(
            self.outer(w, places) for w in ("hw.matrix", "hw.host") if not self.inside[w]
        )
        if not self.inside["hw.on_chip_memory"]:
            at = places[self.place["hw.on_chip_memory"]] if "hw.on_chip_memory" in self.place else 0
            constant += float(self.fixed[at])
        bus = [
            self.outer(w, places)
            for w in ("hw.bandwidth", "hw.on_chip_memory")
            if not self.inside[w]
        ]
        if len(bus) == 2:
            return 0.0, constant + bus[0] * bus[1]
        return (bus[0] if bus else 0.0), constant

    def fill(self, scalars: tuple[float, float], part: slice, out: Array) -> Array:
        """The times of part of a block, written into `out`."""
        factor, constant = scalars
        if self.factor is None:
            return np.add(self.add[part], constant, out=out)
        np.multiply(self.factor[part], factor, out=out)
        np.add(out, self.add[part], out=out)
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


def _minimum(terms: _Terms, scalars: tuple[float, float], count: int, buffer: Array) -> float:
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
    first: int  # block number of the part's first block
    scalars: list[tuple[float, float]]
    offset: int  # user index of the model's first point

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
