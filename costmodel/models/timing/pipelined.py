"""Parameters of later rows are fetched while the bus would idle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.timing import Fetch, Load, Timing, longer


class Pipelined(Timing):
    """One DMA engine and one row at a time: a row streams its own tensors while it computes.

    Once they are through, the DMA engine fetches the parameters of the rows that follow, in their
    order, into bytes that stay free until those rows are done; where the memory is full or
    over-committed it fetches none.
    """

    source = "weight prefetching: Jouppi et al. 2017 (TPU, weight FIFO); the schedule is this file"
    looks_ahead = True

    def row_times(self, load: Load) -> Floats:
        """max(what is left to move, compute) of each row, the prefetches worked out row by row."""
        return schedule(load)[0]

    def exposed_times(self, load: Load) -> tuple[Floats, Floats]:
        """The sides as under `overlap`, of what a row still waits for behind its prefetches."""
        rest = load.exposed
        times = self.row_times(load)
        # what is left to move is the longer side where the row takes more than its compute explains
        waits = times > load.compute * (1 + rest)
        computing = np.where(waits, rest * load.compute, load.compute)
        return np.asarray(times - computing), computing

    def fetches(self, load: Load) -> list[Fetch]:
        """Every prefetch, in the order of the rows."""
        return schedule(load, record=True)[1]


class Limits(NamedTuple):
    """How far parameters may be fetched during each row (R, P), so that the memory holds them."""

    later: Floats
    """[B] by the rows behind it."""
    whole: Floats
    """[s] behind it, where its own parameters are on chip."""
    alone: Floats
    """[s] behind it, where none of its own are on chip."""


class FetchQueue:
    """The parameters of all rows (R, P), one behind the other in the order of their rows.

    As they are fetched in this order, one place in the queue says all that is on chip: what lies
    before it and belongs to rows that are not done. Places are in bytes or in seconds of the bus.

    Rows with 0, 3 and 5 B of parameters on a bus of 1 B/s stand before the places 0, 0 and 3, and
    the queue ends at 8. Where 4 B are free in every row, row 0 may fetch up to the place 4: the 3 B
    of row 1 and 1 B of row 2. Row 1 may fetch as far while it holds its own 3 B.
    """

    def __init__(self, params: Floats, seconds: Floats) -> None:
        # what takes no time on the bus needs no prefetching
        timed = np.where(seconds > 0, params, 0.0)
        self.each = np.where(params > 0, seconds, 0.0)
        """[s] (R, P) of the parameters of each row."""
        self.bytes, self.seconds = _before(timed), _before(self.each)
        """[B] and [s] (R + 1, P) that lie before the parameters of each row."""

    def clock(self, place: Floats) -> Floats:
        """Seconds (..., P) to get as far as a `place` in bytes (..., P)."""
        last, points = len(self.bytes) - 1, np.arange(place.shape[-1])
        low, high = np.zeros(place.shape, dtype=np.intp), np.full(place.shape, last)
        # bisection: `low` ends as the last row before which there are at most so many bytes
        for _ in range(last.bit_length()):
            middle = (low + high + 1) // 2
            within = self.bytes[middle, points] <= place
            low, high = np.where(within, middle, low), np.where(within, high, middle - 1)
        begin, end = (low, points), (np.minimum(low + 1, last), points)
        size = self.bytes[end] - self.bytes[begin]
        part = (place - self.bytes[begin]) / np.where(size > 0, size, np.inf)
        return np.asarray(self.seconds[begin] + part * (self.seconds[end] - self.seconds[begin]))

    def limits(self, free: Floats) -> Limits:
        """How far the queue may be fetched during each row, given what is `free` [B] (R, P).

        What waits for row r or a later one must fit into the bytes free in r. That binds all rows
        up to the one fetched for, and no later one can bind: it has room for what precedes it.
        """
        every = np.minimum.accumulate((self.bytes[:-1] + free)[::-1])[::-1]
        later = np.vstack([every[1:], self.bytes[-1:]])
        whole = self.clock(np.minimum(every, self.bytes[-1]))
        alone = self.clock(np.minimum(later, self.bytes[1:] + free))
        return Limits(later, whole - self.seconds[1:], alone - self.seconds[1:])

    def limit(self, row: int, own: Floats, limits: Limits, free: Floats) -> Floats:
        """How far [s] (P,) behind `row` it may be fetched in this row, which holds `own` [s]."""
        whole = self.each[row]
        reach = np.where(own < whole, limits.alone[row], limits.whole[row])
        torn = (own > 0) & (own < whole)
        if torn.any():
            held = own / np.where(torn, whole, 1.0) * (self.bytes[row + 1] - self.bytes[row])
            place = np.minimum(self.bytes[row + 1] + free - held, limits.later[row])
            reach = np.where(torn, self.clock(place) - self.seconds[row + 1], reach)
        return np.asarray(reach)


def schedule(load: Load, record: bool = False) -> tuple[Floats, list[Fetch]]:
    """Times of the rows (..., R) [s] and, if `record`ed at a single design point, every prefetch.

    Exact up to rounding: the state after each row is how much of the queue behind it is fetched.
    """
    ahead = load.ahead()
    shape = np.broadcast_shapes(load.memory.shape, load.compute.shape)
    transfer, compute, params, seconds, free = (
        np.broadcast_to(values, shape).reshape(-1, shape[-1]).T
        for values in (load.memory, load.compute, ahead.params, ahead.param_time, ahead.free)
    )
    exposed = np.broadcast_to(load.exposed, len(transfer)).tolist()
    queue = FetchQueue(params, seconds)
    limits = queue.limits(free)
    owning = np.any(queue.each > 0, axis=1).tolist()
    times, lead = np.empty(transfer.shape), np.zeros(transfer.shape[1])
    spans = []
    for row in range(len(times)):
        left, limit = transfer[row], limits.whole[row]
        if owning[row]:
            own = np.minimum(lead, queue.each[row])
            left, lead = left - own, lead - own
        times[row] = longer(left, compute[row], exposed[row])
        idle = times[row] - left
        if owning[row] and idle.any():
            limit = queue.limit(row, own, limits, free[row])
        before, lead = lead, np.maximum(lead, np.minimum(lead + idle, limit))
        if record:
            spans.append((float(before[0]), float(lead[0])))
    return times.T.reshape(shape), _fetches(queue, spans)


def _before(sizes: Floats) -> Floats:
    """The sum (R + 1, P) of the sizes (R, P) before each row, and of all."""
    return np.vstack([np.zeros_like(sizes[:1]), np.cumsum(sizes, axis=0)])


def _fetches(queue: FetchQueue, spans: list[tuple[float, float]]) -> list[Fetch]:
    """What was fetched during each row, from so far to so far behind it [s], at a single point."""
    seconds, each, sizes = queue.seconds[:, 0], queue.each[:, 0], np.diff(queue.bytes[:, 0])
    fetches = []
    for row, (begin, end) in enumerate(spans):
        if end <= begin:
            continue
        behind = seconds[row + 1]
        target = max(row, int(np.searchsorted(seconds, behind + begin, side="right")) - 1)
        while begin < end and target < len(each):
            until = float(seconds[target + 1] - behind)
            spent = min(end, until) - begin
            if spent > 0 and each[target] > 0:
                amount = float(spent / each[target] * sizes[target])
                fetches.append(Fetch(row, target, amount, spent))
            begin, target = max(begin, until), target + 1
    return fetches
