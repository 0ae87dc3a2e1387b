"""Tiles of one axis whose windows overlap, counted word by word; and the sizes that are tried."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from tile_walk import ExhaustiveWalk, Small, SmallAxis, model

from costmodel.core.tiling import windows
from costmodel.core.tiling.nest import Sweep
from costmodel.core.tiling.windows import (
    ALONG_OUTPUTS,
    ALONG_TAPS,
    STANDS,
    WindowTilings,
    sizes,
    window_sizes,
    window_tilings,
)

ONE = SmallAxis(1)


@pytest.mark.parametrize("layer", [
    # the best tiles of 5 to 7 outputs, or of 3 and 4 taps, are none of ceil(n / j): padding, a
    # dilation or a spread leaves some outputs with fewer words
    Small(1, 1, 1, SmallAxis(5, 4, 2, 2, 0, 6, 2), ONE, 1, (1, 2, 1, 1)),
    Small(1, 1, 2, SmallAxis(6, 2, 1, 1, 2, 2), ONE, 1, (1, 2, 1, 1)),
    Small(1, 1, 2, SmallAxis(6, 2, 1, 2, 0, 3, 2), ONE, 1, (4, 1, 1, 1)),
    Small(1, 1, 2, SmallAxis(5, 3, 1, 2, 1, 8), ONE, 1, (2, 1, 1, 4)),
])  # fmt: skip
def test_windows_are_cut_at_every_integer(layer: Small) -> None:
    """Every schedule walked: no tile size is left out."""
    assert model(layer, double=False) == ExhaustiveWalk(layer, double=False).steps()


def test_sizes_by_hand() -> None:
    """Of the sizes that make equally many tiles the smallest: 8 in 8, 4, 3, 2 and 1; 13 likewise."""
    assert sizes(1).tolist() == [1]
    assert sizes(2).tolist() == [1, 2]
    assert sizes(8).tolist() == [1, 2, 3, 4, 8]
    assert sizes(13).tolist() == [1, 2, 3, 4, 5, 7, 13]
    assert sizes(8, every=True).tolist() == [*range(1, 9)]


@pytest.mark.parametrize("length", [*range(1, 60), 999, 4096])
def test_each_number_of_tiles_is_made_by_its_smallest_size(length: int) -> None:
    """No other size is tried but, of a square, the one behind its root."""
    smallest = {-(-length // parts) for parts in range(1, length + 1)}
    root = round(length**0.5)
    square = {root + 1} if root**2 == length > 1 else set()
    assert smallest <= set(sizes(length).tolist()) <= smallest | square


def test_of_endless_axes_no_more_than_two_thousand_sizes() -> None:
    """1025 numbers of parts, and as many sizes; each about a hundredth larger than the last."""
    tried = sizes(10**9)
    assert len(tried) <= 2 * 1025
    between = tried[(tried > 1000) & (tried < 10**6)]
    assert (between[1:] / between[:-1]).max() < 1.013


def test_up_to_64_words_every_size_is_tried() -> None:
    """16 outputs of 4 taps, and 13 of 5: one more."""
    assert window_sizes(Sweep(16, 4, inputs=19), 16).tolist() == [*range(1, 17)]
    assert window_sizes(Sweep(16, 4, inputs=19), 4).tolist() == [1, 2, 3, 4]
    assert window_sizes(Sweep(13, 5, inputs=17), 13).tolist() == [1, 2, 3, 4, 5, 7, 13]
    assert window_sizes(Sweep(13, 5, inputs=17), 5).tolist() == [1, 2, 3, 5]


def test_of_many_words_sizes_differ_much() -> None:
    """From 1 024 words on by 1.6, from 16 384 by 3; the last two too. By hand along each axis.

    1100 in parts: 2 are 550, 4 are 275 (5 are 220, less than 1.6 x 138), 8 are 138, 13 are 85, 21
    are 53. Of 20 000: 9 are 2223, 27 are 741, 82 are 244; 6667 is less than 3 x 2223, and 10 000 more
    than a third.
    """
    assert window_sizes(Sweep(512, 2, inputs=513), 512).tolist() == sizes(512).tolist()
    assert window_sizes(Sweep(1100, inputs=1100), 1100).tolist() == [
        1, 2, 4, 7, 12, 20, 32, 53, 85, 138, 275, 550, 1100,
    ]  # fmt: skip
    assert window_sizes(Sweep(20_000, inputs=20_000), 20_000).tolist() == [
        1, 3, 9, 27, 81, 244, 741, 2223, 20_000,
    ]  # fmt: skip
    # 3 is less than 1.6 x 2; of 9 in parts, 1, 2, 3, 5 and 9, each three times the one before
    assert window_sizes(Sweep(400, 3, inputs=402), 3).tolist() == [1, 3]
    assert window_sizes(Sweep(2000, 9, inputs=2008), 9).tolist() == [1, 3, 9]
    # the words decide, not the length
    assert window_sizes(Sweep(1025, 8, inputs=1032), 8).tolist() == [1, 2, 4, 8]
    assert window_sizes(Sweep(16_384, 1, inputs=16_384), 16).tolist() == [1, 2, 4, 8, 16]
    assert window_sizes(Sweep(16_385, 1, inputs=16_385), 16).tolist() == [1, 3, 16]
    assert window_sizes(Sweep(16_385, 1, inputs=16_385), 2).tolist() == [1, 2]


# --- every tiling, word by word -----------------------------------------------------------------------

Interval = tuple[int, int]


def cut(whole: Interval, size: int) -> list[Interval]:
    return [(at, min(at + size, whole[1])) for at in range(whole[0], whole[1], size)]


def walked(axis: SmallAxis, steps: list[tuple[Interval, Interval]]) -> tuple[int, int]:
    """Words held at most and fetched, where what a later step needs again stays."""
    words = [axis.words(*step) for step in steps]
    held: frozenset[int] = frozenset()
    most = fetched = 0
    for number, needed in enumerate(words):
        fetched += len(needed - held)
        held |= needed
        most = max(most, len(held))
        held &= frozenset().union(*words[number + 1 :])
    return most, fetched


def runs(
    axis: SmallAxis, way: int, size: Interval, inner: Interval
) -> Iterator[list[tuple[Interval, Interval]]]:
    """The inner tiles, of outputs and taps, in runs within which words stay."""
    for outer in cut((0, axis.outputs), size[0]):
        for taps in cut((0, axis.taps), size[1]):
            inside = cut(outer, inner[0]), cut(taps, inner[1])
            if way == ALONG_OUTPUTS:
                yield from ([(one, tap) for one in inside[0]] for tap in inside[1])
            elif way == ALONG_TAPS:
                yield from ([(one, tap) for tap in inside[1]] for one in inside[0])
            else:
                yield from ([(one, tap)] for one in inside[0] for tap in inside[1])


def rows(tilings: WindowTilings) -> dict[tuple[int, ...], tuple[int, ...]]:
    """The counts of each tiling, by its sizes and its way."""
    columns = np.stack([*vars(tilings).values()], axis=1).tolist()
    named = {tuple(row[:5]): tuple(row[5:]) for row in columns}
    assert len(named) == len(columns)
    return named


AXES = [
    SmallAxis(8, 3, inputs=10),
    SmallAxis(7, 3, 2, 1, 1, 14),
    SmallAxis(6, 4, 1, 2, 3, 9),
    SmallAxis(9, 3, 3, 2, 0, 31),
    SmallAxis(5, 5, 2, 3, 2, 16),
    SmallAxis(7, 4, 2, 2, 4, 12),
    SmallAxis(6, 3, 1, 1, 2, 4, 2),
    SmallAxis(5, 4, 3, 2, 1, 7, 2),
    SmallAxis(4, 1, 2, 1, 0, 8),
    SmallAxis(1, 6, 1, 1, 0, 6),
    SmallAxis(22, 3, 1, 1, 0, 24),
]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("together", [1, 250_000])
def test_every_tiling_word_by_word(
    axis: SmallAxis, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are counted at once."""
    monkeypatch.setattr(windows, "TOGETHER", together)
    window_tilings.cache_clear()
    sweep = Sweep(**vars(axis))
    told = rows(window_tilings(sweep))
    expected = {}
    for size in window_sizes(sweep, axis.outputs).tolist():
        for inner in window_sizes(sweep, size).tolist():
            for taps in window_sizes(sweep, axis.taps).tolist():
                for inner_taps in window_sizes(sweep, taps).tolist():
                    # one tile of taps is a run of its own
                    ways = (STANDS, ALONG_OUTPUTS, *((ALONG_TAPS,) if inner_taps < taps else ()))
                    for way in ways:
                        every = [
                            walked(axis, run)
                            for run in runs(axis, way, (size, taps), (inner, inner_taps))
                        ]
                        outer = cut((0, axis.outputs), size), cut((0, axis.taps), taps)
                        expected[size, taps, inner, inner_taps, way] = (
                            max(most for most, _ in every),
                            sum(fetched for _, fetched in every),
                            len(outer[0]),
                            len(outer[1]),
                            sum(len(cut(one, inner)) for one in outer[0]),
                            sum(len(cut(one, inner_taps)) for one in outer[1]),
                        )
    assert told == expected


def test_the_worked_example() -> None:
    """8 outputs and 3 taps, as the text of the model works them out: words held, words fetched."""
    told = rows(window_tilings(Sweep(8, 3, inputs=10)))
    assert told[4, 3, 4, 3, STANDS][:2] == (6, 12)
    assert told[8, 3, 1, 3, ALONG_OUTPUTS][:2] == (3, 10)
    assert told[8, 3, 2, 3, ALONG_OUTPUTS][:2] == (4, 10)
    assert told[8, 3, 1, 3, STANDS][:2] == (3, 24)
    assert told[8, 3, 1, 1, STANDS][:2] == (1, 24)
    assert told[8, 3, 1, 1, ALONG_OUTPUTS][:2] == (1, 24)


def test_some_of_them() -> None:
    """A choice keeps the columns together."""
    every = window_tilings(Sweep(8, 3, inputs=10))
    chosen = every.take(np.array([5, 2]))
    for name, column in vars(every).items():
        assert getattr(chosen, name).tolist() == column[[5, 2]].tolist()
    assert all(after > before for before, after in pairwise(sizes(999).tolist()))
