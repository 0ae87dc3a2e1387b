"""A design space: which point stands at which index, and what it gives.

Structural axes (architecture, its variables, batch, policies, profile) make one `Variant` for each
of their combinations; machine axes are arrays. Points are numbered variant by variant, and inside a
variant in row-major order of the machine axes (grid) or in drawing order (samples). Everything here
is picklable and free of files, so a worker anywhere can evaluate points from (space, start, stop).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from costmodel.core.arrays import Ints
from costmodel.core.lanes import ENERGY
from costmodel.core.quantities import AXES, MACHINE, OUTPUTS
from costmodel.core.terms import entries, paced_by
from costmodel.studies.scan.forms.form import TIMES, Columns, Words
from costmodel.studies.scan.space.axes import Axis
from costmodel.studies.scan.space.panel import JUDGED
from costmodel.studies.scan.space.samples import draw
from costmodel.studies.scan.space.variant import Variant


@dataclass(frozen=True, eq=False)
class Space:
    """All points of a scan, numbered from 0."""

    axes: tuple[Axis, ...]
    """Machine axes, in the user's order."""
    variants: tuple[Variant, ...]
    sample: str = "grid"
    count: int = 0
    """Points per scan when sampled."""
    seed: int = 0

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Values on each machine axis of a grid."""
        return tuple(len(axis.grid) for axis in self.axes)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The axes, structural ones first."""
        return (*self.variants[0].labels, *(axis.name for axis in self.axes))

    @cached_property
    def calibrated(self) -> bool:
        """True where every variant knows the interval around its times."""
        return all(variant.interval is not None for variant in self.variants)

    @property
    def marks(self) -> list[str]:
        """What reports say beside the figures; not of engines whose rates are axes."""
        told = (
            what
            for variant in self.variants
            for word, what in variant.marks.items()
            if word.split()[0] not in MACHINE or f"hw.{word.split()[0]}" not in self.words
        )
        return [*dict.fromkeys(told), *self._energy_marks]

    @property
    def _energy_marks(self) -> list[str]:
        """What is said of energies that not every machine, or not every memory, has."""
        none = [v.machine_name for v in self.variants if not entries(v.machine.figures, ENERGY)]
        told = [f"{name}: states no energy" for name in none if self.energies]
        if "hw.on_chip_memory" in self.words and ENERGY not in self._varied_lanes:
            told += [
                f"{one.machine_name}: the energy of a byte on chip follows the memory by the table "
                f"of {one.on_chip_node}; points that it does not reach have no energy"
                for one in self.variants
                if one.on_chip_node
            ]
        return list(dict.fromkeys(told))

    @cached_property
    def per_variant(self) -> int:
        """Points of one variant; samples are dealt out to the variants as evenly as can be."""
        return prod(self.shape) if self.sample == "grid" else -(-self.count // len(self.variants))

    @cached_property
    def points(self) -> int:
        """Points of the whole space."""
        return self.per_variant * len(self.variants) if self.sample == "grid" else self.count

    @cached_property
    def quantities(self) -> list[str]:
        """The machine quantities that tables show: those that vary, and the known main ones."""
        return [
            word
            for word in dict.fromkeys([*AXES, *(word for word in self.words if word in AXES)])
            if word in self.words
            or (AXES[word].shown and all(word in variant.known for variant in self.variants))
        ]

    @cached_property
    def outputs(self) -> list[str]:
        """Return the outputs that a table shows.

        Those of calibrated machines and those of optional lanes are among them where in use.
        """
        lanes = self._varied_lanes.union(*(variant.lanes for variant in self.variants))
        shown = [
            word
            for word, output in OUTPUTS.items()
            if (not output.calibrated or self.calibrated)
            and (not output.optional or output.lane in lanes)
        ]
        words = self.variants[0].words_of(shown)
        # of each network alone what is judged
        return [word for word in words if ":" not in word or word.rpartition(":")[2] in JUDGED]

    @cached_property
    def named(self) -> list[str]:
        """The outputs that expressions may name."""
        every = [w for w, output in OUTPUTS.items() if not output.calibrated or self.calibrated]
        return self.variants[0].words_of(every)

    @property
    def without_area(self) -> list[str]:
        """Why machines have no area, of each that has none."""
        return list(dict.fromkeys(one.no_area for one in self.variants if one.no_area))

    @property
    def energies(self) -> bool:
        """True where a machine states an energy, or an axis varies one."""
        stated = (entries(variant.machine.figures, ENERGY) for variant in self.variants)
        return ENERGY in self._varied_lanes or any(stated)

    @cached_property
    def _varied_lanes(self) -> set[str]:
        """The lanes that the axes' figures pace."""
        varied = [name for axis in self.axes if axis.machine for name in AXES[axis.name].fields]
        return {term.lane for term in paced_by(varied)}

    def examples(self) -> dict[str, Any]:
        """One value of each structural axis: text if any of its values is text."""
        values: dict[str, Any] = {}
        for variant in self.variants:
            for name, value in variant.labels.items():
                if name not in values or not isinstance(value, int | float):
                    values[name] = value
        return values

    def identity(self) -> str:
        """A digest of everything that decides what any point gives."""
        variants = [variant.decisive for variant in self.variants]
        decisive = _content([self.axes, self.sample, self.count, self.seed, variants])
        return hashlib.sha256(repr(decisive).encode()).hexdigest()

    def points_of_axes(self, places: Ints) -> Columns:
        """The values of the machine axes at `places` on a grid, counted within a variant."""
        if not self.axes:
            return {}
        each = zip(self.axes, np.unravel_index(places, self.shape), strict=True)
        return {axis.name: np.asarray(axis.grid)[at] for axis, at in each}

    def machine_points(self, start: int, stop: int) -> Columns:
        """Return the machine axes' values at points start..stop.

        The points are of one variant (grid) or of all (samples).
        """
        if self.sample == "grid":
            return self.points_of_axes(np.arange(start, stop))
        shares = draw(self.sample, len(self.axes), self.count, self.seed, start, stop)
        return {axis.name: axis.at(share) for axis, share in zip(self.axes, shares.T, strict=True)}

    def evaluate(self, start: int, stop: int, wanted: Words = TIMES) -> tuple[Ints, Columns]:
        """Indices and quantities at points start..stop, which lie in one variant."""
        number = start // self.per_variant
        first = number * self.per_variant if self.sample == "grid" else 0
        points = self.machine_points(start - first, stop - first)
        return np.arange(start, stop), self.variants[number].columns(points, stop - start, wanted)

    def picked(self, indices: Ints) -> Iterator[tuple[Ints, Columns]]:
        """Positions in `indices` and quantities there, variant by variant, in any order."""
        owner = indices // self.per_variant
        for number in np.unique(owner):
            at = np.flatnonzero(owner == number)
            inside = indices[at] - (number * self.per_variant if self.sample == "grid" else 0)
            yield at, self.variants[number].columns(self._scattered(inside), len(at))

    def _scattered(self, inside: Ints) -> Columns:
        """`machine_points` at scattered places: drawn run by run where points are drawn."""
        if self.sample == "grid" or not self.axes:
            return self.points_of_axes(inside)
        # drawing any part of it draws it all
        if self.sample == "lhs":
            whole = self.machine_points(0, self.count)
            return {name: values[inside] for name, values in whole.items()}
        # each stretch of neighbours once
        places, back = np.unique(inside, return_inverse=True)
        stretches = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
        drawn = [self.machine_points(int(run[0]), int(run[-1]) + 1) for run in stretches]
        return {a.name: np.concatenate([part[a.name] for part in drawn])[back] for a in self.axes}

    def ranges(self, size: int) -> list[tuple[int, int]]:
        """All points in consecutive ranges of at most `size`, none across two variants."""
        return [
            (at, min(at + size, first + self.per_variant, self.points))
            for first in range(0, self.points, self.per_variant)
            for at in range(first, min(first + self.per_variant, self.points), size)
        ]


def _content(item: Any) -> Any:
    """What decides what an item gives, in a form whose text is equal for equal items.

    An array is its digest, a model or a function its full name; of dataclasses what was given is
    there, without what they cache in fields that are led by an underscore.
    """
    if isinstance(item, np.ndarray):
        return hashlib.sha256(item.tobytes()).hexdigest()
    if isinstance(item, Mapping):
        pairs = ([_content(key), _content(value)] for key, value in item.items())
        return sorted(pairs, key=repr)
    if isinstance(item, list | tuple):
        return [_content(one) for one in item]
    if item is None or isinstance(item, str | int | float | np.generic):
        return item
    given = fields(item) if is_dataclass(item) else ()
    named = item if hasattr(item, "__qualname__") else type(item)
    values = [_content(getattr(item, field.name)) for field in given if field.name[0] != "_"]
    return [f"{named.__module__}.{named.__qualname__}", *values]
