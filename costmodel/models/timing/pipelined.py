"""Parameters of later rows are fetched while the bus would idle."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from costmodel.core.timing import Fetch, Floats, Load, Timing, longer


class Pipelined(Timing):
    """One DMA engine and one row at a time: a row streams its own tensors while it computes.

    Once they are through, the DMA engine fetches the parameters of the rows that follow, in their
    order, into bytes that stay free until those rows are done; where the memory is full or
    over-committed it fetches none.
    """

    source: ClassVar[str] = (
        "weight prefetching: Jouppi et al. 2017 (TPU, weight FIFO); the schedule is this file"
    )
    looks_ahead: ClassVar[bool] = True

    def row_times(self, load: Load) -> Floats:
        """max(what is left to move, compute) of each row, the prefetches worked out row by row."""
        return schedule(load)[0]

    def fetches(self, load: Load) -> list[Fetch]:
        """Every prefetch."""
        return schedule(load, record=True)[1]


def schedule(load: Load, record: bool = False) -> tuple[Floats, list[Fetch]]:
    """Times of the rows (..., R) [s] and, if `record`ed at a single design point, every prefetch.

    Exact: the state after each row is what was fetched for each later one.
    """
    flat, shape = _flat(load)
    with np.errstate(invalid="ignore", divide="ignore"):
        # [s/B]
        pace = np.where(flat["params"] > 0, flat["param_time"] / flat["params"], 0.0)
    fetched = np.zeros_like(flat["params"], dtype=float)
    times, fetches = np.empty_like(flat["transfer"], dtype=float), []
    for row in range(len(times)):
        left = flat["transfer"][row] - fetched[row] * pace[row]
        times[row] = longer(left, flat["compute"][row], flat["exposed"][row])
        idle = times[row] - left
        if row + 1 < len(times) and idle.any():
            spent = _prefetch(row, idle, flat, pace, fetched)
            fetches += spent if record else []
    return times.T.reshape(shape), fetches


def _flat(load: Load) -> tuple[dict[str, Floats], tuple[int, ...]]:
    """What the schedule reads, rows in front (R, P), and the shape (..., R) of the times."""
    ahead = load.ahead()
    columns = {
        "transfer": load.memory,
        "compute": load.compute,
        "params": ahead.params,
        "param_time": ahead.param_time,
        "free": ahead.free,
        "exposed": np.zeros(1) if load.exposed is None else load.exposed,
    }
    shape = np.broadcast_shapes(columns["transfer"].shape, columns["compute"].shape)
    rows = shape[-1]
    flat = {
        name: np.broadcast_to(values, shape).reshape(-1, rows).T for name, values in columns.items()
    }
    return flat, shape


def _prefetch(
    row: int, idle: Floats, flat: dict[str, Floats], pace: Floats, fetched: Floats
) -> list[Fetch]:
    """Spend `idle` seconds (P,) of the bus during `row` on the rows behind it.

    This updates `fetched`.
    """
    params, free = flat["params"], flat["free"]
    # [B] held during this row, its own included
    pending = fetched[row:].sum(axis=0)
    room = free[row] - pending
    found = []
    for target in range(row + 1, len(params)):
        pending = pending - fetched[target - 1]
        room = np.minimum(room, free[target] - pending)
        if not ((idle > 0) & (room > 0)).any():
            break
        wanted = params[target] - fetched[target]
        with np.errstate(invalid="ignore", divide="ignore"):
            within = np.where(pace[target] > 0, idle / pace[target], np.inf)
        # at least 0, and nothing where the memory is over-committed
        amount = np.maximum(np.minimum(np.minimum(wanted, room), within), 0.0)
        if amount.any():
            spent = amount * pace[target]
            fetched[target] += amount
            idle, room, pending = np.maximum(idle - spent, 0.0), room - amount, pending + amount
            found.append(Fetch(row, target, float(amount[0]), float(spent[0])))
    return found
