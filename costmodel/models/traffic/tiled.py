"""Rows that do not fit are tiled, and read again what their tiles cannot keep."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.live import live_internal_bytes
from costmodel.core.placement import Placement, Plan
from costmodel.core.tiling.curves import schedule_words
from costmodel.core.tiling.rows import Alike, alike
from costmodel.core.tiling.traffic_curve import TrafficCurve
from costmodel.core.traffic import BusBytes, Crossing, Placed, Traffic, once, planned
from costmodel.core.workload import Workload
from costmodel.errors import BadValue
from costmodel.models.traffic._again import Again

SHARES = 8
"""Parts of the memory that are tried for what stays, where the placement packs into any memory."""


class Tiled(Traffic):
    """The least traffic over tiled loop nests, in the bytes that the placement leaves each row.

    Contractions are tiled (docs/tiling.md has the class of schedules), every other row streams.
    Where the placement packs maps into any memory, several shares of it are tried for what stays;
    the one that moves least over the whole run is kept.
    """

    source = "costmodel.core.tiling; docs/tiling.md"
    tiles = True

    def place(
        self, workload: Workload, placement: Placement, memories: Array, *, first: bool
    ) -> Placed:
        """For each memory the plan and the tiles that move least. Raises BadValue."""
        parts = range(SHARES + 1) if placement.packs else (SHARES,)
        # a share of an endless memory is endless, but for none of it
        shares = (memories * (part / SHARES) if part else np.zeros_like(memories) for part in parts)
        plans = [planned(workload, placement, given) for given in shares]
        # every share of every memory stands in one row of these
        names = [field.name for field in fields(Plan)]
        plan = Plan(*(np.concatenate([getattr(given, name) for given in plans]) for name in names))
        moved = once(workload, plan, first=first)
        tried = np.concatenate([memories] * len(parts))
        # of several levels the bounds say which share is the best: schedules are searched for it
        again = _again(workload, plan, tried, bounded=True)
        totals = (moved.total + again.bus.total).sum(axis=-1).astype(float)
        totals[again.lacking.max(axis=-1, initial=0) > 0] = np.inf
        best = totals.reshape(len(parts), -1).argmin(axis=0)
        chosen = best * len(memories) + np.arange(len(memories))
        failing = np.flatnonzero(np.isinf(totals[chosen]))
        if len(failing):
            at = int(failing[0])
            self._refuse(workload, memories[at], again.lacking[at :: len(memories)])
        plan, moved = plan.at(chosen), BusBytes(*(side[chosen] for side in moved))
        again = _again(workload, plan, memories) if workload.hierarchy else again.at(chosen)
        total = BusBytes(*(a + b for a, b in zip(moved, again.bus, strict=True)))
        placed = Placed(memories, plan, total, again.bus.total)
        return placed if workload.hierarchy is None else _crossed(workload, placed, again)

    def _refuse(self, workload: Workload, memory: Array, lacking: Array) -> None:
        """Name the row that needs most beyond what is left it, under the share that lacks least."""
        lacks = lacking[lacking.max(axis=-1).argmin()]
        row = int(lacks.argmax())
        name = workload.rows[row].id if workload.rows else f"number {row + 1}"
        raise BadValue(
            f"row '{name}' cannot be tiled in {_sizes(workload, memory)} on chip: its smallest "
            f"tiles need {float(lacks[row]):.0f} bytes more than {_short(workload, row, memory)}",
            "give more on-chip memory, another placement, or traffic: once",
        )

    def schedules(self, workload: Workload, placed: Placed) -> list[str]:
        """What stays in each row, and in tiles of which sizes."""
        texts = super().schedules(workload, placed)
        plan = placed.plan
        room = _room(workload, plan, placed.memories)
        for group in alike(workload.nests):
            codes = _outside(group, plan)[0]
            for row, code in zip(group.rows.tolist(), codes.tolist(), strict=True):
                if workload.hierarchy is not None:
                    texts[row] = self._over_levels(workload, group, code, room[0, row], placed)
                    continue
                curve = _curve(group, code, double=workload.double_buffer)
                step = int(np.searchsorted(curve.room, room[0, row], side="right")) - 1
                if code and step >= 0:
                    text = schedule_words(group.nest.nest, curve, step)
                    texts[row] += f"; {text}" if texts[row] else text
        return texts

    def _over_levels(
        self, workload: Workload, group: Alike, code: int, room: float, placed: Placed
    ) -> str:
        """The schedule over all levels in words; empty where only bounds are known."""
        from costmodel.models.traffic import _levels

        inner = placed.memories.reshape(len(placed.memories), -1)[0, 1:] * 8
        rooms = tuple(int(min(bits, 1e18)) for bits in (room, *inner))
        return _levels.found(workload, group, code, rooms).words


def _sizes(workload: Workload, memory: Array) -> str:
    """The bytes on chip, of several levels each with its name."""
    if workload.hierarchy is None or not np.ndim(memory):
        return f"{float(memory):.0f} bytes"
    pairs = zip(workload.hierarchy.names, memory.tolist(), strict=True)
    return " and ".join(f"{size:.0f} bytes of {name}" for name, size in pairs)


def _short(workload: Workload, row: int, memory: Array) -> str:
    """What is too small for a row: what the placement leaves it, or a level by its name."""
    if workload.hierarchy is None:
        return "the placement leaves it"
    from costmodel.models.traffic import _levels

    level = _levels.too_small(workload, row, memory.reshape(-1))
    return f"'{level}' has" if level else "the placement leaves it"


def _room(workload: Workload, plan: Plan, memories: Array) -> Array:
    """Bits that the plan leaves each row at the outermost level on chip (M, R)."""
    outermost = memories.reshape(len(memories), -1)[:, :1]
    return np.asarray((outermost - live_internal_bytes(workload, plan)) * 8.0)


def _again(workload: Workload, plan: Plan, memories: Array, *, bounded: bool = False) -> Again:
    """What rows move beyond the first fetch; of several levels the bounds where that is asked."""
    if workload.hierarchy is None:
        bus, lacking = _refetched(workload, plan, memories)
        return Again(bus, (), (), lacking)
    # 20 ms, paid by machines with several levels
    from costmodel.models.traffic import _levels

    if bounded:
        workload = replace(workload, hierarchy=replace(workload.hierarchy, attained=False))
    room, sizes = _room(workload, plan, memories), memories.reshape(len(memories), -1)
    return _levels.again(workload, plan, room, sizes, _outside)


def _crossed(workload: Workload, placed: Placed, again: Again) -> Placed:
    """Add what crosses each boundary between levels, and the bounds."""
    down, up = workload.touched
    inner = [Crossing(down + one.down, up + one.up) for one in again.inner]
    if inner and workload.words is not None:
        copied = workload.words.copied + again.inner[-1].copied
        inner[-1] = inner[-1]._replace(copied=copied)
    first = placed.moved.total - placed.refetched
    bus, *others = again.least
    bounds = (first + bus, *(down + up + one for one in others))
    return replace(placed, crossings=tuple(inner), bounds=bounds, passed=again.passed)


READS, WEIGHTS, OUTPUT = 4, 2, 1
"""What of a row is outside, in one number."""


def _outside(group: Alike, plan: Plan) -> Array:
    """What is outside of each row, for each memory (M, N)."""
    code = np.zeros((len(plan.levels), len(group.rows)), dtype=np.int64)
    for word, tensors in zip((READS, WEIGHTS, OUTPUT), group.operands, strict=True):
        inside = plan.on_chip if tensors else plan.params
        for column in tensors or [group.rows]:
            code[~inside[:, column]] |= word
    return code


def _curve(group: Alike, code: int, *, double: bool) -> TrafficCurve:
    """The bytes that a group's rows move in each memory, where `code` says what is outside."""
    reads, weights, output = (bool(code & word) for word in (READS, WEIGHTS, OUTPUT))
    return group.nest.traffic_curve(reads=reads, weights=weights, output=output, double=double)


def _refetched(workload: Workload, plan: Plan, memories: Array) -> tuple[BusBytes, Array]:
    """What rows move beyond the first fetch (M, R) [B], and what their smallest tiles lack.

    The latter are the bytes (M, R) that they need beyond the room.
    """
    shape = (len(memories), len(workload.macs))
    again = BusBytes(*(np.zeros(shape, dtype=np.int64) for _ in range(3)))
    lacking = np.zeros(shape)
    room = _room(workload, plan, memories)
    for group in alike(workload.nests):
        codes = _outside(group, plan)
        for code in np.unique(codes).tolist():
            memory, row = np.nonzero(codes == code)
            at = (memory, group.rows[row])
            curve = _curve(group, code, double=workload.double_buffer)
            step = np.searchsorted(curve.room, room[at], side="right") - 1
            lacks = np.where(step < 0, curve.room[0] - room[at], 0) / 8
            # a row may hold several contractions, one after the other
            np.maximum.at(lacking, at, lacks)
            for column, more in zip(again, group.nest.refetched(curve), strict=True):
                np.add.at(column, at, more[np.maximum(step, 0)])
    # a placement that over-commits the memory leaves nobody any room
    if room.size:
        rows, fullest = np.arange(len(room)), room.argmin(axis=-1)
        lacking[rows, fullest] = np.maximum(lacking[rows, fullest], -room[rows, fullest] / 8)
    return again, lacking
