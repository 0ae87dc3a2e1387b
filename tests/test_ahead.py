"""Prefetching by hand: what takes no time, what is exposed, who fetches what, and many machines at once."""

from __future__ import annotations

import numpy as np
import pytest

from costmodel.core.timing import Ahead, Fetch, Load
from costmodel.models.timing.pipelined import FetchQueue, Pipelined

TIMING = Pipelined()
Numbers = list[float]


def load(
    transfer: Numbers, compute: Numbers, params: Numbers, free: Numbers,
    seconds: Numbers | None = None, exposed: float | Numbers = 0.0, host: Numbers | None = None,
) -> Load:  # fmt: skip
    """Rows whose bus moves a byte a second, unless the `seconds` of their parameters are others."""
    moving, working, sizes, room = (
        np.array(one, dtype=float) for one in (transfer, compute, params, free)
    )
    paces = sizes if seconds is None else np.array(seconds, dtype=float)
    besides = np.zeros(len(transfer)) if host is None else np.array(host, dtype=float)
    share = exposed if isinstance(exposed, float) else np.array(exposed)
    return Load(moving, working, besides, lambda: Ahead(sizes, paces, room), exposed=share)


def test_what_takes_no_time_needs_no_room() -> None:
    """Row 1 has 5 B that come in no time, row 2 has 2 B in 2 s; 3 B are free while row 0 computes.

    The 2 B are fetched in its 4 idle seconds, for nothing of row 1 stands in their way.
    """
    ahead = load([1, 1, 3], [5, 1, 1], [0, 5, 2], [3, 3, 3], [0, 0, 2])
    assert TIMING.row_times(ahead).tolist() == [5, 1, 1]
    # with one byte of room one second is saved
    tight = load([1, 1, 3], [5, 1, 1], [0, 5, 2], [1, 1, 1], [0, 0, 2])
    assert TIMING.row_times(tight).tolist() == [5, 1, 2]


def test_seconds_are_not_bytes() -> None:
    """10 B in 2 s, then 4 B in 8 s: room for 12 B holds the first and half of the second."""
    ahead = load([0, 2, 8], [20, 1, 1], [0, 10, 4], [12, 12, 12], [0, 2, 8])
    # 20 s fetch both parts, 2 s and 4 s; row 1 has its 10 B until it is done, so that no more fits
    assert TIMING.row_times(ahead).tolist() == [20, 1, 4]
    assert TIMING.fetches(ahead) == [Fetch(0, 1, 10.0, 2.0), Fetch(0, 2, 2.0, 4.0)]


def test_half_a_byte() -> None:
    """Rows of 1 B that take 2 s each: half a byte is there after 1 s, one and a half after 3 s."""
    queue = FetchQueue(np.array([[1.0], [1.0]]), np.array([[2.0], [2.0]]))
    assert queue.clock(np.array([[0.5], [1.5]])).tolist() == [[1], [3]]


def test_a_row_that_was_fetched_in_part() -> None:
    """Row 1 holds 2 of its 4 B on chip while it streams the rest: 3 B are free beside what it holds.

    Row 0 has 1 idle second for each of 2 B. Row 1 then takes max(2, 6) = 6 s, of which 4 are idle: of
    row 2's 5 B come 3, for what row 1 holds is counted as its own: 3 free B are 2 held and 1 more.
    """
    ahead = load([0, 4, 5], [2, 6, 1], [0, 4, 5], [9, 3, 9])
    assert TIMING.row_times(ahead).tolist() == [2, 6, 4]
    assert TIMING.fetches(ahead) == [Fetch(0, 1, 2.0, 2.0), Fetch(1, 2, 1.0, 1.0)]


def test_nothing_is_fetched_behind_the_last() -> None:
    ahead = load([3], [9], [3], [9])
    assert TIMING.row_times(ahead).tolist() == [9]
    assert TIMING.fetches(ahead) == []
    # idle for longer than all there is
    long = load([0, 2, 2], [50, 1, 1], [0, 2, 2], [9, 9, 9])
    assert TIMING.row_times(long).tolist() == [50, 1, 1]
    assert TIMING.fetches(long) == [Fetch(0, 1, 2.0, 2.0), Fetch(0, 2, 2.0, 2.0)]


def test_what_is_exposed() -> None:
    """A fourth of the shorter time: row 0 takes 8 + 1 s, so that 5 idle seconds fetch row 1's 3 B.

    Row 1 has 2 s left to move besides and 8 s to compute: 8.5 s, of which half a second is moving.
    Row 2 moves 6 s and computes 2: 6.5 s, of which half a second is computing.
    """
    ahead = load([4, 5, 6], [8, 8, 2], [0, 3, 0], [9, 9, 9], exposed=[0.25, 0.25, 0.25])
    assert TIMING.row_times(ahead).tolist() == [9, 8.5, 6.5]
    moving, computing = TIMING.exposed_times(ahead)
    assert moving.tolist() == [1, 0.5, 6]
    assert computing.tolist() == [8, 8, 0.5]
    # 3 s and a fourth of 2 s
    barely = load([3], [2], [0], [9], exposed=[0.25])
    moving, computing = TIMING.exposed_times(barely)
    assert (moving.tolist(), computing.tolist()) == ([3], [0.5])
    plain = load([4, 5, 6], [8, 8, 2], [0, 3, 0], [9, 9, 9])
    moving, computing = TIMING.exposed_times(plain)
    assert moving.tolist() == [0, 0, 6]
    assert computing.tolist() == [8, 8, 0]


def test_both_engines_compute() -> None:
    """2 s on the matrix engine and then 3 s on the host: 4 idle seconds beside 1 s of transfer."""
    ahead = load([1, 6], [2, 1], [0, 6], [9, 9], host=[3, 0])
    assert TIMING.row_times(ahead).tolist() == [5, 2]


def test_many_machines_at_once() -> None:
    """Two by two of them, each as alone: rooms of 0, 1, 3 and 9 B while 4 idle seconds pass."""
    rooms = np.array([[0.0, 1.0], [3.0, 9.0]])
    transfer, compute = np.array([1.0, 5.0, 2.0]), np.array([5.0, 1.0, 1.0])
    params = np.array([0.0, 4.0, 2.0])
    shape = (2, 2, 3)
    whole = Load(
        np.broadcast_to(transfer, shape), np.broadcast_to(compute, shape), np.zeros(3),
        lambda: Ahead(
            np.broadcast_to(params, shape), np.broadcast_to(params, shape),
            np.broadcast_to(rooms[..., np.newaxis], shape),
        ),
    )  # fmt: skip
    times = TIMING.row_times(whole)
    assert times.shape == shape
    # row 1: 5 s less what was fetched, at most its 4 B; it never idles before it has its own 5 s
    assert times[..., 0].tolist() == [[5, 5], [5, 5]]
    assert times[..., 1].tolist() == [[5, 4], [2, 1]]
    # 4 s fetch 4 B of row 1 at most: nothing is left for row 2, and row 1 never waits for its compute
    assert times[..., 2].tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("exposed", [0.0, 0.5])
def test_one_engine_for_all_points(exposed: float) -> None:
    """Points may differ in their times alone, or in what is free alone."""
    compute = np.array([[5.0, 1.0], [9.0, 1.0]])
    params, free = np.array([0.0, 7.0]), np.array([9.0, 9.0])
    together = Load(np.array([1.0, 7.0]), compute, np.zeros(2), lambda: Ahead(params, params, free),
                    exposed=exposed)  # fmt: skip
    rows = TIMING.row_times(together)
    for point, alone in zip(rows, compute, strict=True):
        one = load([1, 7], alone.tolist(), [0, 7], [9, 9], exposed=exposed)
        assert point.tolist() == TIMING.row_times(one).tolist()
    # 4 + exposed s of idle time before 7 s of parameters; then 8 and more
    first = 5 + exposed
    left = 7 - (first - 1)
    assert rows[0].tolist() == [first, max(left, 1) + exposed * min(left, 1)]
    assert rows[1].tolist() == [9 + exposed, 1.0]
