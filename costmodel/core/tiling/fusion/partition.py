"""Which runs of rows are groups: the partition of the execution order that moves least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from costmodel.core.content_cache import ContentCache
from costmodel.core.tiling.fusion.flow import Flow
from costmodel.core.tiling.fusion.group import Group
from costmodel.core.tiling.fusion.groups import best_group
from costmodel.core.tiling.fusion.products import ProductGroup
from costmodel.core.tiling.fusion.strips import Run, RunTable

TABLES: ContentCache[RunTable] = ContentCache(8)
PARTITIONS: ContentCache[tuple[Group, ...]] = ContentCache(1024)


def groups_of(flow: Flow, alone: Sequence[int], room: int) -> tuple[Group, ...]:
    """The groups of `partition`, kept by content: one machine is asked several times."""
    key = flow.key
    table = TABLES.get(key, lambda: RunTable(flow))

    def groups() -> tuple[Group, ...]:
        with table.lock:
            return tuple(partition(table, alone, room))

    return PARTITIONS.get((key, tuple(alone), room), groups)


def partition(table: RunTable, alone: Sequence[int], room: int) -> list[Group]:
    """The groups that move least, in execution order; rows in none of them stand alone.

    Dynamic programming over the one order: T(j) = min over i of T(i - 1) + G(i..j).

    Parameters
    ----------
    table : RunTable
        The runs of R rows.
    alone : sequence of int
        What each row moves on its own, (R,) [B].
    room : int
        The memory on chip [bit].

    Returns
    -------
    list of Group
        Of partitions that move equally much the one whose last groups are the longest.

    """
    moved = [0]
    best: list[Group | None] = [None]
    products = _products(table.flow, room)
    for end, own in enumerate(alone):
        least, chosen = moved[end] + own, None
        for run in _fitting(table, end, room):
            # of equal ones the longest
            group = best_group(table, run, room, least - moved[run.begin] + 1)
            if group:
                least, chosen = moved[run.begin] + group.moved, group
        for pair in products.get(end, ()):
            if moved[pair.begin] + pair.moved < least:
                least, chosen = moved[pair.begin] + pair.moved, pair
        moved.append(least)
        best.append(chosen)
    groups, row = [], len(alone)
    while row:
        group = best[row]
        if group:
            groups.append(group)
        row = group.begin if group else row - 1
    return groups[::-1]


def _products(flow: Flow, room: int) -> dict[int, list[ProductGroup]]:
    """What two products one after the other move in `room`, by the row that they end with."""
    groups: dict[int, list[ProductGroup]] = {}
    for run in flow.products:
        groups.setdefault(run.end, []).extend(run.groups(room, double=flow.double))
    return groups


def _fitting(table: RunTable, end: int, room: int) -> Iterator[Run]:
    """The runs that end with row `end`, until no longer one can fit.

    Neither the lines of any strip do then, nor those of row by row beside all weights.
    """
    for run in table.ending(end):
        if min(int(run.lines.min()), run.fewest + run.parameters) + table.flow.sum_bits > room:
            return
        yield run
