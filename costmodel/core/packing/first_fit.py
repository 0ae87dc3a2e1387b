"""First fit: each tensor goes into the lowest gap between those that it meets.

Two tensors meet where they are alive at one step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.content_cache import ContentCache

Ints = NDArray[np.int64]
OUTSIDE = -1
"""The offset of a tensor that found no place."""
PAIRS = 2_000_000
"""Meetings up to which they are all written down: 70 MB."""
ORDERS, KEPT = 16, 5
"""Orders that one set of tensors remembers, and placings of each: 8 B a tensor."""


class Placing(NamedTuple):
    """What one order of placing came to."""

    offsets: Ints | None
    """(T,) [B]; None where more worth was left outside than allowed, and placing was given up."""
    left: int
    """The worth of those outside."""
    peak: int
    """The highest byte in use [B]; any capacity from it to the one asked for gives the same."""
    whole: bool
    """True where every tensor found a place."""


class FirstFit:
    """Tensors of `sizes` (T,) [B], alive from `first` (T,) to `last` (T,), of some `worth` (T,)."""

    @classmethod
    def of(cls, sizes: Ints, first: Ints, last: Ints, worth: Ints) -> FirstFit:
        """The one for these tensors, which remembers its placings in other memories."""
        key = tuple(given.tobytes() for given in (sizes, first, last, worth))
        return FITS.get(key, lambda: cls(sizes, first, last, worth))

    def __init__(self, sizes: Ints, first: Ints, last: Ints, worth: Ints) -> None:
        self.first, self.last = first, last
        self._sizes, self._worth = sizes.tolist(), worth.tolist()
        known = self._meetings()
        self._meeting = self._those if known is None else known.__getitem__
        self._remembered: ContentCache[list[tuple[float, Placing]]] = ContentCache(ORDERS)

    def place(self, order: Ints, capacity: int | None, most_left: int | None = None) -> Placing:
        """Place the tensors in `order` (T,) below `capacity` [B].

        Gives up as soon as those that found no gap are worth more than `most_left`.
        """
        limit = math.inf if capacity is None else capacity
        allowed = math.inf if most_left is None else most_left
        known = self._remembered.get(order.tobytes(), list)
        for asked, placing in known:
            # nothing that was refused fits less memory, and what was placed lies below the peak
            if placing.peak <= limit <= asked and (
                placing.offsets is not None or placing.left > allowed
            ):
                return placing
        placing = self._place(order, limit, allowed)
        known[:] = [(limit, placing), *known[: KEPT - 1]]
        return placing

    def _place(self, order: Ints, limit: float, allowed: float) -> Placing:
        sizes, meeting = self._sizes, self._meeting
        offsets, peak, left, whole = [OUTSIDE] * len(sizes), 0, 0, True
        for tensor in order.tolist():
            at, wanted = 0, sizes[tensor]
            blocks = [(offsets[n], sizes[n]) for n in meeting(tensor) if offsets[n] >= 0]
            blocks.sort()
            for begin, size in blocks:
                if begin - at >= wanted:
                    break
                if begin + size > at:
                    at = begin + size
            if at + wanted <= limit:
                offsets[tensor] = at
                if at + wanted > peak:
                    peak = at + wanted
                continue
            whole = False
            left += self._worth[tensor]
            if left > allowed:
                return Placing(None, left, peak, whole)
        return Placing(np.array(offsets, dtype=np.int64), left, peak, whole)

    def _meetings(self) -> list[list[int]] | None:
        """For each tensor those that it meets; None where that is too much to write down."""
        begun = np.searchsorted(np.sort(self.first), self.last, side="right")
        ended = np.searchsorted(np.sort(self.last), self.first, side="left")
        if int((begun - ended).sum()) > PAIRS:
            return None
        first, last = self.first.tolist(), self.last.tolist()
        met: list[list[int]] = [[] for _ in first]
        alive: list[int] = []
        for tensor in np.argsort(self.first, kind="stable").tolist():
            alive = [other for other in alive if last[other] >= first[tensor]]
            for other in alive:
                met[other].append(tensor)
            met[tensor] += alive
            alive.append(tensor)
        return met

    def _those(self, tensor: int) -> list[int]:
        meets = (self.first <= self.last[tensor]) & (self.last >= self.first[tensor])
        return np.flatnonzero(meets).tolist()


FITS: ContentCache[FirstFit] = ContentCache(2)
"""One workload is packed into many memories, with and without overwriting."""
