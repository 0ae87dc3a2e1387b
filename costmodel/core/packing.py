"""Addresses for tensors that live for a while: dynamic storage allocation, offline.

A function of arrays alone, usable without a network. A tensor of `sizes` bytes is alive from step
`first` to step `last`, both included; two tensors that are alive at one step must not overlap.
Several greedy orders are tried, TFLite Micro's greedy-by-size among them, and the lowest peak is
kept, so the result is never above that rule's. Sources: Pisarchyk & Lee 2020, Efficient memory
management for deep neural net inference (arXiv 2001.03288), section 5 (greedy by size); first fit
into the lowest gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
OUTSIDE = -1
"""The offset of a tensor that found no place."""
HALVINGS = 8
"""Of the capacity, in the search for one that cannot keep as much."""


@dataclass(frozen=True, eq=False)
class Packing:
    """Where each tensor lies [B] (OUTSIDE if it does not fit) and the highest byte in use."""

    offsets: Ints
    """(T,)."""
    peak: int

    @property
    def inside(self) -> NDArray[np.bool_]:
        """True for tensors that found a place."""
        return np.asarray(self.offsets != OUTSIDE)


def lower_bound(sizes: Ints, first: Ints, last: Ints) -> int:
    """Most bytes alive at any one step [B]: no packing can peak below it."""
    if not len(sizes):
        return 0
    change = np.zeros(int(last.max()) + 2, dtype=np.int64)
    np.add.at(change, first, sizes)
    np.subtract.at(change, last + 1, sizes)
    return int(np.cumsum(change).max())


def orders(sizes: Ints, first: Ints, last: Ints, worth: Ints) -> list[Ints]:
    """Return the orders in which tensors are placed.

    Greedy by size comes first, then by reuse per byte, then others.
    """
    steps = last - first + 1
    reuse = worth / np.maximum(sizes, 1)
    keys = [
        (first, -sizes),
        (-sizes, -reuse),
        (-steps, -sizes),
        (first, -sizes * steps),
        (-sizes, first),
        (last, -sizes),
        (first, -steps),
        # equal sizes as they are given, as in TFLite Micro
        (-sizes,),
    ]
    return [np.lexsort(key) for key in keys]


def pack(
    sizes: Sequence[int] | Ints,
    first: Sequence[int] | Ints,
    last: Sequence[int] | Ints,
    capacity: int | None = None,
    worth: Sequence[int] | Ints | None = None,
) -> Packing:
    """Offsets for tensors of `sizes` (T,) [B] alive from `first` (T,) to `last` (T,).

    Without a capacity every tensor finds a place, and the lowest peak of all orders is kept. With
    one, a tensor that finds no gap below it stays OUTSIDE, and the order that keeps most `worth`
    (T,) inside wins, the first of equals; without it, most bytes times steps. What fits a smaller
    capacity fits a larger one, so the answer is the best of all capacities up to this one: more
    memory never keeps less. Raises ValueError where last < first or a size is negative.
    """
    s, f, e = (np.asarray(a, dtype=np.int64) for a in (sizes, first, last))
    if len({len(s), len(f), len(e)}) != 1 or (e < f).any() or (s < 0).any():
        raise ValueError("sizes, first and last must be equally long, last >= first, sizes >= 0")
    value = s * (e - f + 1) if worth is None else np.asarray(worth, dtype=np.int64)
    bound = lower_bound(s, f, e)
    answers: list[tuple[Ints, Packing]] = []
    for order in orders(s, f, e, value):
        packing = _place(s, f, e, order, capacity)
        answers.append((order, packing))
        if packing.inside.all() and packing.peak == bound:
            break
    best = min((one for _, one in answers), key=lambda one: rank(one, value))
    if capacity is None or best.inside.all():
        return best
    left, _ = rank(best, value)
    least = _least_capacity(s, f, e, value, capacity, left)
    smaller = _smaller(s, f, e, answers, least)
    return min((best, *smaller), key=lambda one: rank(one, value))


def _smaller(
    sizes: Ints, first: Ints, last: Ints, answers: Sequence[tuple[Ints, Packing]], least: int
) -> Iterator[Packing]:
    """What each order makes of every smaller capacity down to `least` [B], after its `answers`.

    An order's answer is the same from its peak up to the capacity, so the next to ask about is the
    one below the peak.
    """
    for order, packing in answers:
        while packing.peak > least:
            packing = _place(sizes, first, last, order, packing.peak - 1)
            yield packing


def _least_capacity(
    sizes: Ints, first: Ints, last: Ints, worth: Ints, capacity: int, left: int
) -> int:
    """A capacity below which every packing leaves more than `left` of the worth outside [B].

    It is found by halving, to 1/256 of `capacity`.
    """
    steps = np.arange(int(last.max()) + 1)[:, np.newaxis]
    alive = (first <= steps) & (last >= steps)
    below, above = 0, capacity
    for _ in range(HALVINGS):
        middle = (below + above) // 2
        if left_outside(sizes, alive, worth, middle) > left:
            below = middle
        else:
            above = middle
    return below


def left_outside(sizes: Ints, alive: NDArray[np.bool_], worth: Ints, capacity: int) -> float:
    """At least so much worth stays outside, wherever the tensors lie.

    `alive` (steps, T). Each tensor's worth is spread over the steps at which more is alive than
    fits; at each of these the cheapest bytes leave first, in parts if need be. The sum is a bound,
    for what is left out at one step is left out at all.
    """
    over = alive @ sizes - capacity
    tight = alive[over > 0]
    if not len(tight):
        return 0.0
    price = worth / np.maximum(tight.sum(axis=0), 1) / np.maximum(sizes, 1)
    cheapest = np.argsort(price, kind="stable")
    there = tight[:, cheapest] * sizes[cheapest]
    leaving = np.clip(over[over > 0, np.newaxis] - (np.cumsum(there, axis=1) - there), 0, there)
    return float((leaving * price[cheapest]).sum())


def rank(packing: Packing, worth: Ints) -> tuple[int, int]:
    """The worth (T,) that is left outside, then the peak [B]; small is good."""
    return int(worth[~packing.inside].sum()), packing.peak


def _place(sizes: Ints, first: Ints, last: Ints, order: Ints, capacity: int | None) -> Packing:
    """First fit: each tensor into the lowest gap between those it meets."""
    offsets = np.full(len(sizes), OUTSIDE, dtype=np.int64)
    peak = 0
    placed = np.zeros(len(sizes), dtype=bool)
    for tensor in order:
        meets = np.flatnonzero(placed & (first <= last[tensor]) & (last >= first[tensor]))
        at = _gap(offsets[meets], sizes[meets], int(sizes[tensor]))
        if capacity is not None and at + sizes[tensor] > capacity:
            continue
        offsets[tensor] = at
        placed[tensor] = True
        peak = max(peak, at + int(sizes[tensor]))
    return Packing(offsets, peak)


def _gap(offsets: Ints, sizes: Ints, wanted: int) -> int:
    """The lowest address with `wanted` free bytes among blocks at `offsets` of `sizes`."""
    at = 0
    for block in np.argsort(offsets, kind="stable"):
        if offsets[block] - at >= wanted:
            break
        at = max(at, int(offsets[block] + sizes[block]))
    return at
