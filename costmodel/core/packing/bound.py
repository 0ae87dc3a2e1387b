"""What no packing can do better: the least peak, and how much must stay outside a memory."""

from __future__ import annotations

import numpy as np

from costmodel.core.packing.first_fit import Ints

HALVINGS = 8
"""Of the capacity, in the search for one that cannot keep as much."""
ALIVE = 1_000_000
"""Pairs of a step and a tensor alive at it: where there are more, some steps are left out, which
weakens the bound.
"""


def alive_at(sizes: Ints, first: Ints, last: Ints) -> Ints:
    """Bytes alive at each step [B]."""
    change = np.zeros(int(last.max(initial=-1)) + 2, dtype=np.int64)
    np.add.at(change, first, sizes)
    np.subtract.at(change, last + 1, sizes)
    return np.cumsum(change)[:-1]


def lower_bound(sizes: Ints, first: Ints, last: Ints) -> int:
    """Most bytes alive at any one step [B]: no packing can peak below it."""
    return int(alive_at(sizes, first, last).max(initial=0))


def least_capacity(
    sizes: Ints, first: Ints, last: Ints, worth: Ints, capacity: int, left: int
) -> int:
    """A capacity below which every packing leaves more than `left` of the worth outside [B].

    It is found by halving, to 1/256 of `capacity`.
    """
    alive, below, above = alive_at(sizes, first, last), 0, capacity
    for _ in range(HALVINGS):
        middle = (below + above) // 2
        if _left_outside(alive, sizes, first, last, worth, middle) > left:
            below = middle
        else:
            above = middle
    return below


def left_outside(sizes: Ints, first: Ints, last: Ints, worth: Ints, capacity: int) -> float:
    """At least so much worth stays outside, wherever the tensors (T,) lie.

    Each tensor's worth is spread over the steps at which more is alive than fits; at each of these
    the cheapest bytes leave first, in parts if need be. The sum is a bound, for what is left out at
    one step is left out at all.
    """
    alive = alive_at(sizes, first, last)
    return _left_outside(alive, sizes, first, last, worth, capacity)


def _left_outside(
    alive: Ints, sizes: Ints, first: Ints, last: Ints, worth: Ints, capacity: int
) -> float:
    over = alive - capacity
    tight = _thinned(np.flatnonzero(over > 0), first, last)
    # the tight steps of a tensor are a range of `tight`
    begin, end = np.searchsorted(tight, first), np.searchsorted(tight, last, side="right")
    count = end - begin
    price = worth / np.maximum(count, 1) / np.maximum(sizes, 1)
    tensor = np.repeat(np.arange(len(sizes)), count)
    step = np.arange(len(tensor)) - np.repeat(np.cumsum(count) - count - begin, count)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(price, kind="stable")] = np.arange(len(sizes))
    order = np.lexsort((rank[tensor], step))
    tensor, step = tensor[order], step[order]
    there = sizes[tensor]
    # differences of such a sum are exact even where it wraps around
    before = np.cumsum(there) - there
    before -= before[np.searchsorted(step, step)]
    leaving = np.clip(over[tight][step] - before, 0, there)
    return float((leaving * price[tensor]).sum())


def _thinned(tight: Ints, first: Ints, last: Ints) -> Ints:
    """The steps, or every so manieth of them."""
    pairs = int((np.searchsorted(tight, last, side="right") - np.searchsorted(tight, first)).sum())
    return tight[:: max(1, -(-pairs // ALIVE))]
