"""Boxes that an axis of overlapping windows is cut into, and the tilings of all of them at once.

A box is a range of outputs that meet a range of taps; as such it is a shorter axis of its own, with
other padding. All boxes are tiled alike, those at ragged ends with their tiles cut off.

Example: 8 outputs and 3 taps of stride 1 and padding 1 in boxes of 3 outputs: the first one meets
padding, the second does not, and the last one has two outputs and meets padding at its end. The
same tile of 2 outputs makes 2, 2 and 1 tiles of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from costmodel.core.tiling.nest import Sweep
from costmodel.core.tiling.windows import Ints, WindowTilings, window_tilings


@dataclass(frozen=True)
class Boxes:
    """A range of outputs for each of some ranges of taps."""

    parts: tuple[tuple[Sweep, int], ...]
    """Boxes that differ, as axes of their own, and how many there are of each."""
    outputs: int
    """Of the largest one."""
    taps: int
    output_lengths: tuple[tuple[int, int], ...]
    """Lengths of the ranges of outputs, and how many there are of each."""
    tap_lengths: tuple[tuple[int, int], ...]

    @property
    def full(self) -> Sweep:
        """The largest one, as far as sizes go."""
        return Sweep(self.outputs, self.taps)

    @property
    def output_lag(self) -> int:
        """As of a sweep."""
        return self.parts[0][0].output_lag

    @property
    def tap_lag(self) -> int:
        """As of a sweep."""
        return self.parts[0][0].tap_lag

    @cached_property
    def output_runs(self) -> int:
        """How many ranges of outputs there are."""
        return sum(count for _, count in self.output_lengths)

    @cached_property
    def tap_runs(self) -> int:
        """How many ranges of taps there are."""
        return sum(count for _, count in self.tap_lengths)


def whole_axis(sweep: Sweep) -> Boxes:
    """An axis as its only box."""
    lengths = ((sweep.outputs, 1),), ((sweep.taps, 1),)
    return Boxes(((sweep, 1),), sweep.outputs, sweep.taps, *lengths)


@lru_cache(maxsize=4096)
def smaller_boxes(boxes: Boxes, outputs: tuple[int, ...], taps: tuple[int, ...]) -> Boxes:
    """Cut boxes along outputs and taps into tiles, those into smaller ones, and so on."""
    parts: Counter[Sweep] = Counter()
    for sweep, count in boxes.parts:
        tap_ranges = ranges(sweep.taps, taps)
        for first in ranges(sweep.outputs, outputs):
            for second in tap_ranges:
                parts[_part(sweep, first, second)] += count
    lengths = [
        _lengths(of_ranges, sizes)
        for of_ranges, sizes in ((boxes.output_lengths, outputs), (boxes.tap_lengths, taps))
    ]
    full = min(outputs[-1], boxes.outputs), min(taps[-1], boxes.taps)
    return Boxes(tuple(parts.items()), *full, *lengths)


def ranges(length: int, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """The ends of the innermost tiles of nested ones."""
    cut = [(0, length)]
    for size in sizes:
        cut = [(at, min(at + size, end)) for begin, end in cut for at in range(begin, end, size)]
    return cut


def _lengths(
    lengths: tuple[tuple[int, int], ...], sizes: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    counts: Counter[int] = Counter()
    for length, count in lengths:
        for begin, end in ranges(length, sizes):
            counts[end - begin] += count
    return tuple(counts.items())


def _part(sweep: Sweep, outputs: tuple[int, int], taps: tuple[int, int]) -> Sweep:
    """A box as an axis of its own; two that meet padding alike are equal."""
    length, width = outputs[1] - outputs[0], taps[1] - taps[0]
    before = sweep.before - outputs[0] * sweep.stride - taps[0] * sweep.dilation
    # words ahead of the box are left out
    ahead = max(0, -before) // sweep.spread
    before += ahead * sweep.spread
    reach = (length - 1) * sweep.stride + (width - 1) * sweep.dilation
    words = min((sweep.inputs or sweep.outputs) - ahead, (reach - before) // sweep.spread + 1)
    if words <= 0:
        before, words = reach + 1, 1
    return Sweep(length, width, sweep.stride, sweep.dilation, before, words, sweep.spread)


@lru_cache(maxsize=1024)
def box_tilings(boxes: Boxes) -> WindowTilings:
    """Every way to tile all boxes alike: words held at most, and counts of all of them together."""
    tilings = [window_tilings(sweep, boxes.full) for sweep, _ in boxes.parts]
    if len(tilings) == 1 and boxes.parts[0][1] == 1:
        return tilings[0]
    # a range of outputs is cut alike for all ranges of taps, and the other way round
    of_outputs = {sweep.outputs: at for at, (sweep, _) in enumerate(boxes.parts)}
    of_taps = {sweep.taps: at for at, (sweep, _) in enumerate(boxes.parts)}
    by_outputs = [(tilings[of_outputs[length]], runs) for length, runs in boxes.output_lengths]
    by_taps = [(tilings[of_taps[length]], runs) for length, runs in boxes.tap_lengths]
    boxed = zip(tilings, boxes.parts, strict=True)
    return replace(
        tilings[0],
        held=np.max([every.held for every in tilings], axis=0),
        fetched=_sum((every.fetched, count) for every, (_, count) in boxed),
        output_tiles=_sum((every.output_tiles, runs) for every, runs in by_outputs),
        inner_output_tiles=_sum((every.inner_output_tiles, runs) for every, runs in by_outputs),
        tap_tiles=_sum((every.tap_tiles, runs) for every, runs in by_taps),
        inner_tap_tiles=_sum((every.inner_tap_tiles, runs) for every, runs in by_taps),
    )


def _sum(columns: Iterable[tuple[Ints, int]]) -> Ints:
    return np.asarray(sum(column * times for column, times in columns))
