"""Addresses: more memory never keeps less, the bound holds, and a search finds perfect packings."""

from __future__ import annotations

import doctest
import random
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from costmodel.core.packing import OUTSIDE, Packing, greedy, orders, pack
from costmodel.core.packing.bound import left_outside
from costmodel.core.packing.first_fit import Ints
from costmodel.core.packing.search import improved
from costmodel.errors import InputError
from costmodel.studies.simulation import simulate

Tensors = tuple[Ints, Ints, Ints, Ints]


def _drawn(seed: int, most: int) -> Tensors:
    """Sizes, first, last and worth of up to `most` tensors."""
    draw = random.Random(seed)
    count = draw.randint(3, most)
    first = [draw.randrange(8) for _ in range(count)]
    last = [begin + draw.randrange(4) for begin in first]
    sizes = [draw.randint(1, 9) for _ in range(count)]
    worth = [draw.randint(0, 20) for _ in range(count)]
    return tuple(np.array(values) for values in (sizes, first, last, worth))  # type: ignore[return-value]


def _left(packing: Packing, worth: Ints) -> int:
    return int(worth[~packing.inside].sum())


@pytest.mark.parametrize("seed", range(60))
def test_more_memory_never_keeps_less(seed: int) -> None:
    sizes, first, last, worth = _drawn(seed, 25)
    left = [_left(pack(sizes, first, last, m, worth), worth) for m in range(40)]
    assert left == sorted(left, reverse=True)


def _by_hand(tensors: Tensors, order: Ints, capacity: int) -> tuple[int, int]:
    """First fit, address by address: the worth left outside, and the peak."""
    sizes, first, last, worth = (one.tolist() for one in tensors)
    at: dict[int, int] = {}
    for one in order.tolist():
        taken = {
            byte
            for other, begin in at.items()
            if first[other] <= last[one] and last[other] >= first[one]
            for byte in range(begin, begin + sizes[other])
        }
        free = (
            begin
            for begin in range(capacity - sizes[one] + 1)
            if taken.isdisjoint(range(begin, begin + sizes[one]))
        )
        place = next(free, None)
        if place is not None:
            at[one] = place
    left = sum(value for one, value in enumerate(worth) if one not in at)
    return left, max((begin + sizes[one] for one, begin in at.items()), default=0)


@pytest.mark.parametrize("seed", range(30))
def test_the_best_of_every_order_and_capacity(seed: int) -> None:
    """Nothing is lost by giving up early: all that could have come of it is tried here."""
    tensors = _drawn(seed, 12)
    sizes, first, last, worth = tensors
    for capacity in (5, 11, 18):
        packing = pack(sizes, first, last, capacity, worth)
        tried = orders(sizes, first, last, worth)
        best = min(_by_hand(tensors, order, c) for order in tried for c in range(capacity + 1))
        assert (_left(packing, worth), packing.peak) <= best or packing.inside.all()


@pytest.mark.parametrize("seed", range(40))
def test_no_choice_of_tensors_leaves_less_than_the_bound(seed: int) -> None:
    """Every subset whose live bytes fit, whether or not it has addresses."""
    sizes, first, last, worth = _drawn(seed, 8)
    steps = np.arange(int(last.max()) + 1)[:, np.newaxis]
    alive = (first <= steps) & (last >= steps)
    for capacity in (3, 8, 15):
        best = min(
            int(worth[~np.array(kept)].sum())
            for kept in product([False, True], repeat=len(sizes))
            if (alive[:, list(kept)] @ sizes[list(kept)]).max(initial=0) <= capacity
        )
        assert left_outside(sizes, first, last, worth, capacity) <= best + 1e-9


def _cut(seed: int, steps: int, height: int, parts: int) -> Tensors:
    """A rectangle cut into `parts`, so that a packing without a gap exists."""
    draw = random.Random(seed)
    pieces = [(0, steps, 0, height)]
    while len(pieces) < parts:
        begin, end, low, high = pieces.pop(draw.randrange(len(pieces)))
        if draw.random() < 0.5 and end - begin > 1:
            at = draw.randint(begin + 1, end - 1)
            pieces += [(begin, at, low, high), (at, end, low, high)]
        elif high - low > 1:
            at = draw.randint(low + 1, high - 1)
            pieces += [(begin, end, low, at), (begin, end, at, high)]
        else:
            pieces.append((begin, end, low, high))
    columns = ([p[3] - p[2] for p in pieces], [p[0] for p in pieces], [p[1] - 1 for p in pieces])
    sizes, first, last = (np.array(one) for one in columns)
    return sizes, first, last, sizes * (last - first + 1)


def _fits(packing: Packing, tensors: Sequence[Ints]) -> bool:
    """No two tensors that are alive at one step share a byte."""
    sizes, first, last = tensors
    inside = np.flatnonzero(packing.offsets != OUTSIDE)
    at = packing.offsets
    return not any(
        first[a] <= last[b]
        and first[b] <= last[a]
        and at[a] < at[b] + sizes[b]
        and at[b] < at[a] + sizes[a]
        for a in inside
        for b in inside
        if a < b
    )


def test_the_example_runs() -> None:
    ran = doctest.testmod(greedy)
    assert (ran.attempted, ran.failed) == (2, 0)


def test_a_search_finds_the_packing_without_a_gap() -> None:
    """40 rectangles cut out of one of 30 steps by 60 bytes: 60 is the least, the orders need more."""
    sizes, first, last, worth = _cut(7, 30, 60, 40)
    greedy = pack(sizes, first, last)
    assert greedy.peak > 60
    better = improved(greedy, sizes, first, last, None, worth, 20.0)
    assert better.peak == 60
    assert _fits(better, (sizes, first, last))


def test_a_search_keeps_more_in_what_there_is() -> None:
    """In 60 bytes everything fits."""
    sizes, first, last, worth = _cut(7, 30, 60, 40)
    greedy = pack(sizes, first, last, 60, worth)
    assert not greedy.inside.all()
    better = improved(greedy, sizes, first, last, 60, worth, 20.0)
    assert better.inside.all()
    assert _fits(better, (sizes, first, last))


def test_effort_is_never_worse_and_is_refused_where_nothing_searches() -> None:
    plain, searched = (
        simulate("hairnet", "accel_1tflops", placement="resident", effort=effort)
        for effort in (0.0, 0.5)
    )
    assert searched.totals["external_bytes"] <= plain.totals["external_bytes"]
    with pytest.raises(InputError, match=r"--effort: placement 'per_tensor' has no search"):
        simulate("hairnet", "accel_1tflops", effort=1.0)
    with pytest.raises(InputError, match=r"--effort: -1\.0 seconds"):
        simulate("hairnet", "accel_1tflops", placement="resident", effort=-1.0)
