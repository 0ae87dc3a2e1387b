"""How much of everything that takes time or energy each row asks for: what the terms multiply.

An amount is an array over rows, of shape (R,); over M memories and rows, (M, R), where it follows
the memory on chip; or over A algorithms, (A, 1, R), where rows may choose among them. The words are
those of `costmodel.core.terms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.traffic import BusBytes, Crossing, Passed, Placed
from costmodel.core.workload import Costs, Workload


class Amounts(dict[str, Any]):
    """Arrays by the word of the amount; those that few ask for are worked out when they are."""

    def __init__(
        self,
        known: Mapping[str, Any],
        rest: Callable[[], Mapping[str, Any]],
        unasked: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(known)
        self._rest = rest
        self.unasked = unasked
        """Words of amounts that are zero in every row."""

    def __missing__(self, word: str) -> Any:
        self.update(self._rest())
        if word not in self:
            raise KeyError(word)
        return self[word]


def amounts(workload: Workload, placed: Placed) -> Amounts:
    """Give every amount of a workload whose tensors are placed in M memories.

    Parameters
    ----------
    workload : Workload
        The network as arrays: R rows.
    placed : Placed
        Where its tensors live in each memory, and what crosses the bus.

    Returns
    -------
    dict
        `external_bytes` over the bus [B]; `on_chip_bytes` of the outermost level on chip,
        `on_chip_bytes_2` of the next one inside, and so on [B]; `read`, `write` and `parameters`:
        bytes over the bus, each over the share of the bandwidth that its row reaches [B];
        `matrix_work` and `host_work`: operations over the shares of the peaks, `operations` without
        them [op]; `macs`, `matrix_launches`, `host_launches` and `link_messages` [count];
        `fixed_time` [s]; `link_bytes` [B]; `runs`: 1.

    """
    known = {**workload.row_amounts, **_paced(placed.moved, workload.costs)}
    return Amounts(known, partial(_unpaced_amounts, workload, placed), workload.unasked)


def _unpaced_amounts(workload: Workload, placed: Placed) -> dict[str, Array]:
    """Give the bytes over the bus, and those that rows touch at each level on chip (M, R) [B]."""
    moved, plan = placed.moved, placed.plan
    inner = {
        f"on_chip_bytes_{level}": workload.bytes_read(plan.levels == level)
        + workload.bytes_written(plan.levels == level)
        for level in range(2, 1 + placed.level_count)
    }
    # what crosses the bus again was touched on chip once; what is loaded or stored once is touched
    # there too
    total = moved.total
    every_level = workload.touched_bytes - (total - placed.refetched) + plan.loads + plan.stores
    outermost = every_level - sum(inner.values())
    levels = {} if workload.hierarchy is None else level_amounts(workload, placed)
    return {**inner, **levels, "on_chip_bytes": outermost, "external_bytes": total}


def crossings(workload: Workload, placed: Placed) -> list[Crossing]:
    """Give what crosses every boundary, from the memory bus to the engine, (M, R) or (R,) [B]."""
    moved, words = placed.moved, workload.words
    hierarchy = workload.hierarchy
    assert words is not None
    assert hierarchy is not None
    once = [Crossing(*workload.touched)] * (len(hierarchy.levels) - 1)
    once[-1:] = [one._replace(copied=words.copied) for one in once[-1:]]
    inner = placed.crossings or once
    alone = words.copied if len(hierarchy.levels) == 1 else 0
    bus = Crossing(moved.read + moved.params, moved.write, alone)
    return [bus, *inner, Crossing(words.taken, words.given)]


def level_amounts(workload: Workload, placed: Placed) -> dict[str, Array]:
    """Give what each level's memory reads and writes, and what crosses its inner boundary [B].

    Level 0 is the external memory. A level reads what goes down from it and what goes up to the
    next one outside; it writes what comes from either side.
    """
    nothing = np.zeros_like(placed.moved.read)
    levels: dict[str, Array] = {}
    every, through = crossings(workload, placed), [*placed.passed]
    if through and workload.words is not None:
        through.append(Passed(workload.words.unread, 0, 0, workload.words.unwritten))
    for number, crossing in enumerate(every):
        passed = through[number] if through else NO_BYTES
        for word, amount in boundary_amounts(number, crossing, passed).items():
            levels[word] = levels.get(word, nothing) + amount
    return levels


def bus_amounts(moved: BusBytes, costs: Costs, rows: Any = slice(None)) -> dict[str, Any]:
    """Give the amounts of bytes over the bus, (..., R), which belong to `rows` of the workload.

    A row that reads 300 bytes with half of the peak bandwidth asks for as many seconds as 600 bytes
    at the peak: `external_bytes` is 300, `read` is 600.
    """
    return {"external_bytes": moved.total, **_paced(moved, costs, rows)}


NO_BYTES = Passed()


def boundary_amounts(outer: int, crossing: Crossing, passed: Passed = NO_BYTES) -> dict[str, Any]:
    """Give what crosses the inner boundary of level `outer`, as amounts of the levels on its sides.

    Inside the innermost level lies the engine, which has none.
    """
    return {
        f"level_bytes_{outer}": crossing.down + crossing.up,
        f"level_read_{outer}": crossing.down - passed.unread,
        f"level_written_{outer}": crossing.up - passed.unwritten_outwards,
        f"level_read_{outer + 1}": crossing.up - passed.unread_outwards,
        f"level_written_{outer + 1}": crossing.down + crossing.copied - passed.unwritten,
    }


def _paced(moved: BusBytes, costs: Costs, rows: Any = slice(None)) -> dict[str, Any]:
    """Give the bytes over the bus, each over the share of the bandwidth that its row reaches."""
    if not costs.slowed:
        return {"read": moved.read, "parameters": moved.params, "write": moved.write}
    return {
        "read": moved.read * costs.read_slowdown[rows],
        "parameters": moved.params * costs.parameter_slowdown[rows],
        "write": moved.write * costs.write_slowdown[rows],
    }


def on_and_off_chip(workload: Workload) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the amounts where each map is judged alone, and nothing else stays on chip.

    Returns
    -------
    inside : dict
        The amounts with every map on chip, (R,) each.
    outside : dict
        How much more each reading and each writing of a map asks for while that map is outside,
        (E,) each, in the order of `edges`.

    """
    kept_read, kept_written = workload.state_and_scratch
    always = BusBytes(kept_read, kept_written, workload.param_bytes)
    inside = workload.row_amounts | bus_amounts(always, workload.costs)
    row, tensor = edges(workload)
    unread, unwritten = np.zeros_like(workload.out_tensor), np.zeros_like(workload.in_tensor)
    moved = BusBytes(
        np.concatenate([workload.in_moved, unread]),
        np.concatenate([unwritten, workload.tensor_bytes[workload.out_tensor]]),
        np.zeros_like(tensor),
    )
    outside = bus_amounts(moved, workload.costs, row)
    return (
        inside | {"on_chip_bytes": workload.touched_bytes - always.total},
        dict.fromkeys(inside, np.zeros(1)) | outside | {"on_chip_bytes": -moved.total},
    )


def edges(workload: Workload) -> tuple[Array, Array]:
    """Give the row and the map of each reading, then of each writing, (E,) each."""
    return (
        np.concatenate([workload.reader, workload.writer]),
        np.concatenate([workload.in_tensor, workload.out_tensor]),
    )
