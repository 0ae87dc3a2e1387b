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
Meetings = list[list[int]]
"""For each tensor those that it meets, itself among them."""
MEETINGS: ContentCache[Meetings | None] = ContentCache(2)
"""By live ranges: one workload is packed into many memories, with and without overwriting."""


class Placed(NamedTuple):
    """What one order of placing came to."""

    offsets: list[int] | None
    """(T,) [B]; None where more worth was left outside than allowed, and placing was given up."""
    left: int
    """The worth of those outside."""
    peak: int
    """The highest byte in use [B]; any capacity from it to the one asked for gives the same."""

    @property
    def whole(self) -> bool:
        """True where every tensor found a place."""
        return self.offsets is not None and OUTSIDE not in self.offsets


class FirstFit:
    """Tensors of `sizes` (T,) [B], alive from `first` (T,) to `last` (T,), of some `worth` (T,)."""

    def __init__(self, sizes: Ints, first: Ints, last: Ints, worth: Ints) -> None:
        self.first, self.last = first, last
        self._sizes, self._worth = sizes.tolist(), worth.tolist()
        known = MEETINGS.get((first.tobytes(), last.tobytes()), self._meetings)
        self._meeting = self._those if known is None else known.__getitem__

    def place(self, order: Ints, capacity: int | None, most_left: int | None = None) -> Placed:
        """Place the tensors in `order` (T,) below `capacity` [B].

        Gives up as soon as those that found no gap are worth more than `most_left`.
        """
        sizes, limit = self._sizes, math.inf if capacity is None else capacity
        allowed = math.inf if most_left is None else most_left
        meeting = self._meeting
        offsets, peak, left = [OUTSIDE] * len(sizes), 0, 0
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
            left += self._worth[tensor]
            if left > allowed:
                return Placed(None, left, peak)
        return Placed(offsets, left, peak)

    def _meetings(self) -> Meetings | None:
        """All of them; None where that is too much to write down."""
        begun = np.searchsorted(np.sort(self.first), self.last, side="right")
        ended = np.searchsorted(np.sort(self.last), self.first, side="left")
        if int((begun - ended).sum()) > PAIRS:
            return None
        return [self._those(tensor) for tensor in range(len(self.first))]

    def _those(self, tensor: int) -> list[int]:
        meets = (self.first <= self.last[tensor]) & (self.last >= self.first[tensor])
        return np.flatnonzero(meets).tolist()
