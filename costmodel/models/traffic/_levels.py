"""What crosses each boundary of a machine with several levels on chip, row by row.

Every row touches each of its maps and parameters once at every boundary. Contractions move more:
what their schedule over all levels fetches again, or, where only the bound is asked for, what each
level's own least traffic has beyond that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.hierarchy import Hierarchy
from costmodel.core.placement import Plan
from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.joint import AnyNest
from costmodel.core.tiling.levels.attained import attained
from costmodel.core.tiling.levels.level import Level, spread
from costmodel.core.tiling.levels.rooms import least_room, whole_size
from costmodel.core.tiling.levels.through import through
from costmodel.core.tiling.nest import Widths
from costmodel.core.tiling.rows import Alike, alike
from costmodel.core.tiling.traffic_curve import MovedBytes
from costmodel.core.traffic import BusBytes, Crossing, Passed
from costmodel.core.workload import Workload
from costmodel.models.traffic._again import Again

Rooms = tuple[int, ...]
"""Bits that a row has at each level on chip, from the outside in."""
Code = Callable[[Alike, Plan], Array]


def again(workload: Workload, plan: Plan, room: Array, sizes: Array, codes: Code) -> Again:
    """Search the schedules of all rows in each of M hierarchies.

    Parameters
    ----------
    workload : Workload
        With loop nests and a hierarchy.
    plan : Plan
        Where maps live in each of them.
    room : array
        (M, R) bits that the plan leaves each row at the outermost level on chip.
    sizes : array
        (M, L) sizes of the levels on chip, from the outside in [B].
    codes : callable
        Says what of a row is outside.

    """
    assert workload.hierarchy is not None
    shape = room.shape
    boundaries = len(workload.hierarchy.levels)
    moved = np.zeros((boundaries, 3, *shape), dtype=np.int64)
    bound = np.zeros((boundaries, *shape), dtype=np.int64)
    copied = np.zeros(shape, dtype=np.int64)
    passed = np.zeros((boundaries, 4, *shape), dtype=np.int64)
    lacking = np.maximum(-room.min(axis=-1, keepdims=True) / 8, 0) * np.ones(shape)
    for group in alike(workload.nests):
        outside = codes(group, plan)
        inner = np.broadcast_to(sizes[:, np.newaxis, 1:] * 8, (*outside.shape, boundaries - 1))
        table = np.concatenate(
            [outside[..., np.newaxis], room[:, group.rows, np.newaxis], inner], axis=-1
        ).reshape(-1, boundaries + 1)
        cases, where = np.unique(np.nan_to_num(table, posinf=1e18), axis=0, return_inverse=True)
        found = [_case(workload, group, case) for case in cases.astype(np.int64).tolist()]
        memory, row = (at.ravel() for at in np.indices(outside.shape))
        at = (memory, group.rows[row])
        for number, one in enumerate(found):
            mine = tuple(axis[where.ravel() == number] for axis in at)
            lacking[mine] = np.maximum(lacking[mine], one.lacking / 8)
            for boundary, (columns, limit) in enumerate(zip(one.again, one.least, strict=True)):
                for side, more in enumerate(columns):
                    np.add.at(moved[boundary, side], mine, more)
                np.add.at(bound[boundary], mine, limit)
            np.add.at(copied, mine, one.copied)
            for boundary, counts in enumerate(one.passed):
                for way, count in enumerate(counts):
                    np.add.at(passed[boundary, way], mine, count)
    bus, *inside = moved
    crossings = [Crossing(down + params, up) for down, up, params in inside]
    crossings[-1:] = [one._replace(copied=copied) for one in crossings[-1:]]
    through = tuple(Passed(*ways) for ways in passed)
    return Again(BusBytes(*bus), tuple(crossings), tuple(bound), lacking, through)


def too_small(workload: Workload, row: int, sizes: Array) -> str:
    """Name the first level that is too small for a row's smallest tiles; empty where none is."""
    assert workload.hierarchy is not None
    rooms = tuple(int(min(size * 8, 1e18)) for size in sizes.tolist())
    for group in alike(workload.nests):
        if row in group.rows:
            levels = levels_of(workload, group, OUTSIDE, rooms)
            for name, level in zip(workload.hierarchy.names, levels, strict=True):
                if least_room(group.nest.nest, level) > level.size:
                    return name
    return ""


OUTSIDE = 7
"""The code of a row whose operands are all outside."""


class _Case(NamedTuple):
    """One contraction in one hierarchy, for each boundary from the bus inwards."""

    again: list[tuple[int, int, int]]
    """Maps read, maps written and parameters beyond the first fetch [B]."""
    least: list[int]
    """The same in the bound, all together [B]."""
    lacking: float = 0.0
    """Bits that the smallest tiles need beyond the room."""
    copied: int = 0
    """Written into further elements beyond the first fetch [B]."""
    passed: tuple[tuple[int, int, int, int], ...] = ()
    """For each boundary what `Passed` counts [B]."""


def levels_of(workload: Workload, group: Alike, code: int, rooms: Rooms) -> tuple[Level, ...]:
    """The levels on chip as a search wants them, for rows of which `code` says what is outside."""
    hierarchy = workload.hierarchy
    assert hierarchy is not None
    reads, weights, output = (bool(code & bit) for bit in (4, 2, 1))
    outer = group.nest.widths(reads=reads, weights=weights, output=output)
    widths = [outer, *[group.nest.bits] * (len(rooms) - 1)]
    elements = hierarchy.elements
    return tuple(
        Level(
            room,
            width,
            level.down,
            level.up,
            level.holds,
            level.double,
            elements if level.per_element else (1, 1, 1),
            hierarchy.sharing(group.nest.nest),
            hierarchy.spared(place),
            level.fill,
        )
        for place, (room, width, level) in enumerate(
            zip(rooms, widths, hierarchy.levels, strict=True)
        )
    )


class Found(NamedTuple):
    """What crosses each boundary from the bus inwards [bit], and how, in words."""

    moved: tuple[MovedBytes, ...]
    words: str = ""
    lacking: float = 0.0
    """Bits that the smallest tiles need beyond the room."""


def found(workload: Workload, group: Alike, code: int, rooms: Rooms) -> Found:
    """The schedule of a row, or the bound of each level, as the hierarchy asks."""
    hierarchy = workload.hierarchy
    assert hierarchy is not None
    levels = levels_of(workload, group, code, rooms)
    lacking = max(least_room(group.nest.nest, level) - level.size for level in levels)
    if lacking > 0:
        return Found((), lacking=float(lacking))
    bound = least(group.nest.nest, levels, hierarchy)
    if not hierarchy.attained:
        return bound
    if len(levels) == 1:
        # of a single level the bound is what its schedule moves
        return bound
    best = attained(group.nest.nest, levels, longest=hierarchy.longest)
    return Found(best.moved, best.words)


def least(nest: AnyNest, levels: Sequence[Level], hierarchy: Hierarchy) -> Found:
    """The bound: each level's own least traffic, looked up in its step function.

    Of a schedule over all levels the nodes of one make a schedule for that level alone, so that
    nothing goes below this.
    """
    moved = []
    for number, level in enumerate(levels):
        inside = hierarchy.inside(number)
        room = sum(whole_size(nest, levels[one]) for one in inside)
        double, straight = level.double and len(inside) == 1, hierarchy.through(number)
        curve = traffic_curve(nest, _without(level.widths, straight), double=double)
        step = int(np.searchsorted(curve.room, room, side="right")) - 1
        held = (column[max(step, 0)] for column in curve.moved)
        past = through(nest, level.widths, straight, hierarchy.sharing(nest))
        moved.append(MovedBytes(*(a + b for a, b in zip(held, past, strict=True))))
    return Found(tuple(moved))


def _without(widths: Widths, operands: str) -> Widths:
    """The widths, with those of some operands left out."""
    names = {"I": ("input",), "W": ("weight",), "O": ("output", "sum")}
    return replace(widths, **dict.fromkeys((n for one in operands for n in names[one]), 0))


def _case(workload: Workload, group: Alike, case: Sequence[int]) -> _Case:
    """What a row moves again over each boundary."""
    code, *rooms = case
    assert workload.hierarchy is not None
    nothing = [(0, 0, 0)] * len(rooms)
    if min(rooms) < 0:
        return _Case(nothing, [0] * len(rooms))
    levels = levels_of(workload, group, code, tuple(rooms))
    searched = found(workload, group, code, tuple(rooms))
    if searched.lacking:
        return _Case(nothing, [0] * len(rooms), searched.lacking)
    again, limits = [], []
    bounds = least(group.nest.nest, levels, workload.hierarchy).moved
    for level, moved, limit in zip(levels, searched.moved, bounds, strict=True):
        compulsory = _compulsory(group, level.widths)
        again.append(_sides(group, moved, compulsory))
        # long windows are tried at few sizes, of which boxes of other levels may do better
        limits.append(min(sum(_sides(group, limit, compulsory)), sum(again[-1])))
    passed = tuple(
        _passed(workload.hierarchy, place, moved) for place, moved in enumerate(searched.moved)
    )
    copied = _copied(group, levels[-1], searched.moved[-1])
    return _Case(again, limits, copied=copied, passed=passed)


def _passed(hierarchy: Hierarchy, place: int, moved: MovedBytes) -> tuple[int, int, int, int]:
    """What crosses the outer boundary of a level on behalf of levels further away [B]."""
    inner = hierarchy.levels[place].holds
    outer = hierarchy.levels[place - 1].holds if place else "IWO"
    down = {"I": moved.input, "W": moved.weights, "O": moved.sums_read}

    def size(held: str) -> int:
        return -(-sum(int(bits) for one, bits in down.items() if one not in held) // 8)

    out = -(-int(moved.output) // 8)
    return size(outer), size(inner), out * ("O" not in inner), out * ("O" not in outer)


def _copied(group: Alike, level: Level, moved: MovedBytes) -> int:
    """Bytes written into further elements beyond the first fetch of each word [B]."""
    n, k, _ = spread(group.nest.nest, level)
    once = _compulsory(group, level.widths)
    of_input = (k - 1) * int(moved.input - once.input) * ("I" in level.holds)
    of_weights = (n - 1) * int(moved.weights - once.weights) * ("W" in level.holds)
    return -(-(of_input + of_weights) // 8)


def _compulsory(group: Alike, widths: Widths) -> MovedBytes:
    """What crosses a boundary in any case [bit]."""
    curve = traffic_curve(group.nest.nest, widths)
    return MovedBytes(*(column[-1] for column in curve.moved))


def _sides(group: Alike, moved: MovedBytes, compulsory: MovedBytes) -> tuple[int, int, int]:
    """Maps read, maps written, and parameters beyond the first fetch [B], from numbers of bits."""
    reads, weights, sums, output = (
        -(-(int(all_of_it) - int(once)) // 8)
        for all_of_it, once in zip(moved, compulsory, strict=True)
    )
    if group.nest.weights:
        return reads + sums + weights, output, 0
    return reads + sums, output, weights
