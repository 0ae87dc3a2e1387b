"""The schedule of `pipelined`: which parameters are fetched ahead, and where they are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import MACHINES, counted, networks

from costmodel.core.formula import evaluate
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS, Ahead, Load
from costmodel.models.timing.pipelined import schedule


def load(
    transfer: list[float], compute: list[float], params: list[float], free: list[float]
) -> Load:
    """Rows whose bus moves one byte a second."""
    columns = [np.array(c, dtype=float) for c in (transfer, compute, params, free)]
    return Load(
        columns[0],
        columns[1],
        np.zeros(len(transfer)),
        lambda: Ahead(columns[2], columns[2], columns[3]),
    )


@pytest.mark.parametrize(("transfer", "compute", "params", "free", "times"), [
    # 4 s idle in row 0 fetch the 3 B of row 1 and 1 of the 5 B of row 2; row 1's second of computing one more
    ([1, 3, 5], [5, 1, 1], [0, 3, 5], [9, 9, 9], [5, 1, 3]),
    # only 2 B are free in row 1, which must hold them too
    ([1, 3, 5], [5, 1, 1], [0, 3, 5], [9, 2, 9], [5, 1, 5]),
    # no byte is free anywhere: as under overlap
    ([1, 3, 5], [5, 1, 1], [0, 3, 5], [0, 0, 0], [5, 3, 5]),
    # maps are never fetched early: row 1 has 1 B of parameters among 3
    ([1, 3], [9, 1], [0, 1], [9, 9], [9, 2]),
    # row 0 holds what is fetched for rows 1 and 2: 4 B are free, 3 + 1 of them taken; row 1 frees its 3 afterwards
    ([0, 3, 5], [9, 9, 1], [0, 3, 5], [4, 9, 9], [9, 9, 1]),
    ([0, 3, 5], [9, 0, 1], [0, 3, 5], [4, 9, 9], [9, 0, 4]),
])  # fmt: skip
def test_prefetching_by_hand(
    transfer: list[float],
    compute: list[float],
    params: list[float],
    free: list[float],
    times: list[float],
) -> None:
    found, _ = schedule(load(transfer, compute, params, free))
    assert found.tolist() == times


@st.composite
def whole_rows(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    """Transfer and compute [s], parameters and free memory [B] of some rows, in whole numbers."""
    found = []
    for _ in range(draw(st.integers(1, 9))):
        params = draw(st.integers(0, 6))
        more, compute, free = (draw(st.integers(0, most)) for most in (4, 12, 12))
        found.append((params + more, compute, params, free))
    return found


def byte_by_byte(
    rows: list[tuple[int, int, int, int]],
) -> tuple[list[int], dict[tuple[int, int], int]]:
    """The policy as it is told, a byte and a second at a time: the times, and who fetched what."""
    held, fetched = [0] * len(rows), [0] * len(rows)
    times: list[int] = []
    fetches: dict[tuple[int, int], int] = {}
    for row, (transfer, compute, _, _) in enumerate(rows):
        left = transfer - fetched[row]
        times.append(max(left, compute))
        for _ in range(times[row] - left):
            target = next((t for t in range(row + 1, len(rows)) if fetched[t] < rows[t][2]), None)
            if target is None or any(held[r] == rows[r][3] for r in range(row, target + 1)):
                break
            fetched[target] += 1
            fetches[row, target] = fetches.get((row, target), 0) + 1
            for waiting in range(row, target + 1):
                held[waiting] += 1
    return times, fetches


@given(whole_rows())
def test_prefetching_byte_by_byte(rows: list[tuple[int, int, int, int]]) -> None:
    found, fetches = schedule(load(*map(list, zip(*rows, strict=True))), record=True)
    times, expected = byte_by_byte(rows)
    assert found == pytest.approx(times, abs=1e-12)
    assert {(f.during, f.target): f.bytes for f in fetches} == pytest.approx(expected)


@given(st.lists(whole_rows(), min_size=2, max_size=5))
def test_points_do_not_meet(cases: list[list[tuple[int, int, int, int]]]) -> None:
    """Many design points at once take what each takes alone."""
    rows = min(map(len, cases))
    transfer, compute, params, free = np.array([c[:rows] for c in cases], dtype=float).transpose(
        2, 0, 1
    )
    together = Load(transfer, compute, np.zeros_like(compute), lambda: Ahead(params, params, free))
    alone = [byte_by_byte(case[:rows])[0] for case in cases]
    assert schedule(together)[0] == pytest.approx(np.array(alone), abs=1e-12)


@given(networks(), MACHINES, st.sampled_from(["resident", "resident+weights"]))
def test_the_memory_is_never_over_committed(network: Network, machine: Machine, place: str) -> None:
    """Maps alive and pinned parameters fit; prefetched bytes fit beside them, row by row."""
    work = counted(network)
    result = evaluate(work, machine, PLACEMENTS.load(place), TIMINGS.load("pipelined"))
    room = result.load.ahead().free
    assert (room >= 0).all()
    held = np.zeros(len(work.macs))
    for fetch in schedule(result.load, record=True)[1]:
        held[fetch.during : fetch.target + 1] += fetch.bytes
    assert (held <= room * (1 + 1e-9) + 1e-9).all()
