"""Addresses by first fit, in several greedy orders of which the best is kept.

TFLite Micro's greedy-by-size is among them, so the result is never above that rule's. Sources:
Pisarchyk & Lee 2020, Efficient memory management for deep neural net inference (arXiv 2001.03288),
section 5 (greedy by size); first fit into the lowest gap.

Example: 6, 5 and 4 bytes, alive over the steps 0 to 1, 1 to 2 and 2 to 3. The first two meet, and
so do the last two: offsets 0, 6 and 0, a peak of 11 bytes, which is what step 1 holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from costmodel.core.packing.bound import least_capacity, lower_bound
from costmodel.core.packing.first_fit import OUTSIDE, FirstFit, Ints, Placing


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
    """Give tensors offsets so that none that are alive at one step overlap.

    Without a capacity every tensor finds a place, and the lowest peak of all orders is kept. With
    one, a tensor that finds no gap below it stays OUTSIDE, and the order that keeps most `worth`
    inside wins, the first of equals. What fits a smaller capacity fits a larger one, so the answer
    is the best of all capacities up to this one: more memory never keeps less.

    Parameters
    ----------
    sizes
        Size of each tensor, shape (T,) [B].
    first, last
        The steps from and to which each is alive, both included, shape (T,).
    capacity
        Size of the memory [B]; None: no limit.
    worth
        What keeping each tensor is worth, shape (T,); None: its bytes times its steps.

    Returns
    -------
    Packing
        Offsets and the highest byte in use.

    Raises
    ------
    ValueError
        Where last < first, a size is negative, or the lengths differ.

    Examples
    --------
    >>> packing = pack([6, 5, 4], [0, 1, 2], [1, 2, 3])
    >>> packing.offsets.tolist(), packing.peak
    ([0, 6, 0], 11)

    """
    s, f, e = (np.asarray(a, dtype=np.int64) for a in (sizes, first, last))
    if len({len(s), len(f), len(e)}) != 1 or (e < f).any() or (s < 0).any():
        raise ValueError("sizes, first and last must be equally long, last >= first, sizes >= 0")
    value = s * (e - f + 1) if worth is None else np.asarray(worth, dtype=np.int64)
    # what is larger than the memory stays outside whatever else happens
    fits = np.ones(len(s), dtype=bool) if capacity is None else s <= capacity
    offsets = np.full(len(s), OUTSIDE, dtype=np.int64)
    offsets[fits], peak = _packed(
        s[fits], f[fits], e[fits], capacity, value[fits], bool(fits.all())
    )
    return Packing(offsets, peak)


def _packed(
    s: Ints, f: Ints, e: Ints, capacity: int | None, worth: Ints, every: bool
) -> tuple[Ints, int]:
    """Offsets and peak of tensors each of which fits alone, and which are `every` one or not."""
    bound, fit = lower_bound(s, f, e), FirstFit.of(s, f, e, worth)
    best, reached = None, []
    for order in orders(s, f, e, worth):
        placed = fit.place(order, capacity, best.left if best else None)
        reached.append((order, placed.peak))
        best = _better(best, placed)
        if every and placed.whole and placed.peak == bound:
            break
    assert best is not None
    if capacity is not None and not (every and best.whole):
        least = least_capacity(s, f, e, worth, capacity, best.left)
        best = _smaller(fit, reached, least, best)
    assert best.offsets is not None
    return best.offsets, best.peak


def _smaller(
    fit: FirstFit, reached: Sequence[tuple[Ints, int]], least: int, best: Placing
) -> Placing:
    """The best of what each order makes of every smaller capacity down to `least` [B].

    An order's answer is the same from the peak that it `reached` up to the capacity, so the next to
    ask about is the one below.
    """
    for order, peak in reached:
        while peak > least:
            placed = fit.place(order, peak - 1, best.left)
            best, peak = _better(best, placed), placed.peak
    return best


def _better(best: Placing | None, other: Placing) -> Placing:
    """The one with less outside, then with the lower peak; the first of equals."""
    if best is None:
        return other
    if other.offsets is None:
        return best
    return min(best, other, key=lambda placing: (placing.left, placing.peak))


def rank(packing: Packing, worth: Ints) -> tuple[int, int]:
    """The worth (T,) that is left outside, then the peak [B]; small is good."""
    return int(worth[~packing.inside].sum()), packing.peak
