"""Tiles of one axis whose windows overlap: the input words they hold, and those fetched in all.

A word that an output meets with one tap is met by a later tap a fixed number of outputs earlier.
So words are counted tap by tap in prefix sums, each at the last tap that meets it, whatever the
stride, dilation and padding; tiles of a thousand sizes are counted in a few array operations.

Example: 8 outputs, 3 taps, stride 1, so 10 input words; output p meets the words p, p + 1, p + 2.

- Tiles of 4 outputs and all taps hold 4 + 2 = 6 words. The second tile fetches two words that the
  first one had: 2 x 6 = 12 words in all.
- Sliding along the outputs, one at a time, holds the 3 words of one window and fetches every word
  once, 10 in all. In steps of 2 outputs it holds 4.
- Single outputs that do not slide hold 3 words as well, and fetch 8 x 3 = 24. Single outputs with
  single taps hold one word, and fetch 24 too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from costmodel.core.tiling.nest import Sweep

Ints = NDArray[np.int64]
EVERY = 64
"""[outputs x taps] Up to here windows are cut at every integer, above into j parts, ceil(n / j)."""
FINEST = 1025
"""Numbers of parts that are tried: all of them up to a million outputs, as many of more."""
STANDS, ALONG_OUTPUTS, ALONG_TAPS = range(3)
"""Ways of a tile: fetched whole each time, or sliding so that words needed again stay."""


def sizes(length: int, *, every: bool = False) -> Ints:
    """Tile sizes worth trying along an axis of `length`, ascending.

    Of the sizes that make equally many tiles the smallest needs least room: 8 outputs are cut by 1,
    2, 3, 4 or 8, for 5, 6 and 7 make two tiles as 4 does. Where windows meet padding, or tiles are
    cut again, a larger one can move less: `every` tries all.
    """
    if every:
        return np.arange(1, length + 1)
    parts = np.arange(1, int(length**0.5) + 2)
    if len(parts) > FINEST:
        # the step from each size to the next stays below a hundredth
        parts = np.unique(np.geomspace(1, parts[-1], FINEST).astype(np.int64))
    return np.unique(np.concatenate([-(-length // parts), parts[parts <= length]]))


LONG = 1024
"""[outputs x taps] From here on only tiles that differ much in size are tried: there are thousands
of each."""


TOGETHER = 250_000
"""[tiles of outputs x tiles of taps] counted in one array operation: 2 MB each."""


def window_sizes(sweep: Sweep, length: int) -> Ints:
    """Tile sizes worth trying along `length` outputs or taps of an axis whose windows overlap."""
    words = sweep.outputs * sweep.taps
    tried = sizes(length, every=words <= EVERY)
    if words <= LONG or len(tried) < 3:
        return tried
    ratio = 1.6 if words <= 16 * LONG else 3.0
    kept = [1]
    for size in tried[1:-1].tolist():
        if size >= ratio * kept[-1] and length >= ratio * size:
            kept.append(size)
    return np.array([*kept, length])


@dataclass(frozen=True, eq=False)
class WindowTilings:
    """Ways to tile one axis, as columns of equal length (m,).

    An outer tile of outputs and taps is walked in inner tiles; the input's tile is the inner one.
    """

    outputs: Ints
    """Of the outer tile."""
    taps: Ints
    inner_outputs: Ints
    inner_taps: Ints
    way: Ints
    """STANDS, ALONG_OUTPUTS or ALONG_TAPS."""
    held: Ints
    """Input words on chip at most."""
    fetched: Ints
    """Input words fetched in all, while each channel and sample is walked once."""
    output_tiles: Ints
    tap_tiles: Ints
    inner_output_tiles: Ints
    inner_tap_tiles: Ints

    def take(self, where: NDArray[np.bool_] | Ints) -> WindowTilings:
        """Some of them."""
        return WindowTilings(**{name: column[where] for name, column in vars(self).items()})


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Outer tiles cut into inner ones, pair of sizes by pair of sizes, all in one row."""

    pairs: Ints
    """(m, 2) sizes of the outer and the inner tile."""
    starts: Ints
    """(m,) where each pair's inner tiles begin."""
    outer: Ints
    """(t, 2) the ends of the outer tile of each inner one."""
    inner: Ints
    """(t, 2)"""
    first: NDArray[np.bool_]
    """(t,) True at the first inner tile of an outer one."""

    @property
    def inner_tiles(self) -> Ints:
        """(m,) How many inner tiles each pair makes."""
        return np.diff(np.append(self.starts, len(self.inner)))

    @property
    def outer_tiles(self) -> Ints:
        """(m,) How many outer tiles each pair makes."""
        return np.add.reduceat(self.first.astype(np.int64), self.starts)


@lru_cache(maxsize=256)
def _cuts(length: int, full: Sweep) -> _Cuts:
    pairs, tiles = [], []
    for outer in window_sizes(full, full.outputs).tolist():
        for inner in window_sizes(full, outer).tolist():
            run, tile = (grid.ravel() for grid in np.mgrid[0:length:outer, 0:outer:inner])
            tile += run
            end = np.minimum(run + outer, length)
            part = np.stack([run, end, tile, np.minimum(tile + inner, end)], axis=1)
            pairs.append((outer, inner))
            tiles.append(part[tile < length])
    table = np.concatenate(tiles)
    starts = np.cumsum([0, *map(len, tiles[:-1])])
    return _Cuts(np.array(pairs), starts, table[:, :2], table[:, 2:], table[:, 0] == table[:, 2])


class _Counter:
    """Distinct input words that ranges of outputs meet with ranges of taps."""

    def __init__(self, sweep: Sweep) -> None:
        self.output_lag, self.tap_lag = sweep.output_lag, sweep.tap_lag
        self.met = np.zeros((sweep.outputs + 1, sweep.taps + 1), dtype=np.int64)
        """Words met before an output by taps before a tap, each tap counting for itself."""
        np.cumsum(np.cumsum(sweep.met >= 0, axis=0), axis=1, out=self.met[1:, 1:])

    def words(self, ranges: Ints, taps: Ints) -> Ints:
        """Words met by outputs `ranges` (t, 2) with taps from one up to another (k, 2): (k, t).

        A word counts at the last tap that meets it: what a later tap of the range meets too is left
        to that one.
        """
        begin, end = ranges[:, 0], ranges[:, 1]
        first, behind = taps[:, :1], taps[:, 1:]
        last = np.maximum(first, behind - self.tap_lag)
        total = self._between(end, last, behind) - self._between(begin, first, behind)
        return total + self._between(np.minimum(end, begin + self.output_lag), first, last)

    def _between(self, output: Ints, first: Ints, last: Ints) -> Ints:
        return np.asarray(self.met[output, last] - self.met[output, first])


@lru_cache(maxsize=1024)
def window_tilings(sweep: Sweep, full: Sweep | None = None) -> WindowTilings:
    """Every way to tile one axis whose windows overlap.

    `full`: the axis is a part of a larger one, cut like this part, which is as large as any.
    """
    full = full or sweep
    # where it begins to slide and what it pads do not change how it is cut
    cuts, counter, blocks = (
        _cuts(sweep.outputs, Sweep(full.outputs, full.taps)),
        _Counter(sweep),
        [],
    )
    for taps in window_sizes(full, full.taps).tolist():
        for inner_taps in window_sizes(full, taps).tolist():
            for way, (held, fetched) in _ways(sweep, counter, cuts, taps, inner_taps).items():
                blocks.append(_block(sweep, cuts, (taps, inner_taps, way), held, fetched))
    return WindowTilings(*np.concatenate(blocks, axis=1))


def _block(
    sweep: Sweep, cuts: _Cuts, kind: tuple[int, int, int], held: Ints, fetched: Ints
) -> Ints:
    taps, inner_taps, way = kind
    tap_tiles = -(-sweep.taps // taps)
    inner_tap_tiles = sum(-(-(b - a) // inner_taps) for a, b in _parts(0, sweep.taps, taps))
    rows = (
        cuts.pairs[:, 0], taps, cuts.pairs[:, 1], inner_taps, way, held, fetched,
        cuts.outer_tiles, tap_tiles, cuts.inner_tiles, inner_tap_tiles,
    )  # fmt: skip
    return np.stack(np.broadcast_arrays(*rows))


def _parts(begin: int, end: int, size: int) -> list[tuple[int, int]]:
    """The ends of the tiles from `begin` to `end`."""
    return list(pairwise([*range(begin, end, size), end]))


def _ways(
    sweep: Sweep, counter: _Counter, cuts: _Cuts, taps: int, inner_taps: int
) -> dict[int, tuple[Ints, Ints]]:
    """For each way: the words held at most and those fetched in all, for each pair of sizes."""
    shape = (3, len(cuts.pairs))
    held, fetched = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    ends = [
        (*run, *tile) for run in _parts(0, sweep.taps, taps) for tile in _parts(*run, inner_taps)
    ]
    at_once = max(1, TOGETHER // len(cuts.inner))
    for begin in range(0, len(ends), at_once):
        part = np.array(ends[begin : begin + at_once])
        for way, most, all_of_them in _walked(counter, cuts, part[:, :2], part[:, 2:]):
            np.maximum(held[way], np.maximum.reduceat(most, cuts.starts), out=held[way])
            fetched[way] += np.add.reduceat(all_of_them, cuts.starts)
    return {way: (held[way], fetched[way]) for way in _useful(taps, inner_taps)}


def _walked(
    counter: _Counter, cuts: _Cuts, run: Ints, tile: Ints
) -> Iterator[tuple[int, Ints, Ints]]:
    """For each way: the words held at most and those fetched in all, by tile of outputs (t,).

    Inner tiles of taps `tile` (k, 2), each of an outer one `run` (k, 2), follow one another.
    """
    early = np.stack([cuts.outer[:, 0], cuts.inner[:, 1]], axis=1)
    late = np.stack([cuts.inner[:, 0], cuts.outer[:, 1]], axis=1)
    alone = counter.words(cuts.inner, tile)
    yield STANDS, alone.max(axis=0), alone.sum(axis=0)
    of_outer = counter.words(cuts.outer, tile)
    # met up to here and needed from here on: what both have, all being met by one of them
    stays = counter.words(early, tile) + counter.words(late, tile) - of_outer
    yield ALONG_OUTPUTS, stays.max(axis=0), of_outer.sum(axis=0) * cuts.first
    of_run = counter.words(cuts.inner, run)
    before = np.stack([run[:, 0], tile[:, 1]], axis=1)
    after = np.stack([tile[:, 0], run[:, 1]], axis=1)
    stays = counter.words(cuts.inner, before) + counter.words(cuts.inner, after) - of_run
    begins = tile[:, :1] == run[:, :1]
    yield ALONG_TAPS, stays.max(axis=0), (of_run * begins).sum(axis=0)


def _useful(taps: int, inner_taps: int) -> tuple[int, ...]:
    return (STANDS, ALONG_OUTPUTS, ALONG_TAPS) if inner_taps < taps else (STANDS, ALONG_OUTPUTS)
