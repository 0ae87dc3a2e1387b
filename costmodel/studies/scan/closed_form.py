"""Which runs have a closed form, and how it is tabulated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.amounts import Amounts, bus_amounts, edges, on_and_off_chip, row_amounts
from costmodel.core.placement import Placement
from costmodel.core.terms import Amount, amount_of, every_amount
from costmodel.core.timing import Timing
from costmodel.core.traffic import BusBytes, Traffic
from costmodel.core.workload import Workload
from costmodel.studies.scan.surface import Surface

Ints = NDArray[np.int64]


def surface(
    workload: Workload, placement: Placement, timing: Timing, traffic: Traffic | None = None
) -> Surface | None:
    """The closed form of a workload, or None where its models have none.

    The timing must add up. The placement must keep nothing on chip, rows tiled or not, or be a
    threshold per tensor where each map crosses the bus once.
    """
    return tabulated(workload, placement, traffic) if timing.additive else None


def tabulated(
    workload: Workload, placement: Placement, traffic: Traffic | None = None
) -> Surface | None:
    """The amounts over the memory, or None where the placement has no table.

    There is none either where rows choose among algorithms on the link: the quickest depends on its
    figures.
    """
    if len(workload.costs.link_bytes) > 1:
        return None
    if placement.keeps_nothing:
        return _by_row(workload)
    if (traffic is not None and traffic.tiles) or not placement.threshold:
        return None
    return _threshold(workload)


def _by_row(workload: Workload) -> Surface:
    """The sum of all rows' step functions; below the least memory nothing is asked for."""
    from costmodel.studies.traffic_by_memory import row_steps

    rows = row_steps(workload)
    columns = zip(*((one.read, one.write, one.params) for one in rows), strict=True)
    moved = BusBytes(
        *(np.concatenate([np.diff(one, prepend=0) for one in column]) for column in columns)
    )
    memory = np.concatenate([one.memory for one in rows])
    row = np.repeat([one.row for one in rows], [len(one.memory) for one in rows])
    least = max(int(one.memory[0]) for one in rows)
    moving = bus_amounts(moved, workload.costs, row) | {"on_chip_bytes": np.zeros(1)}
    always = dict.fromkeys(moving, np.zeros(1)) | row_amounts(workload)
    return _table(always, memory, dict.fromkeys(always, np.zeros(1)) | moving, least)


def _threshold(workload: Workload) -> Surface:
    """Every map is outside until the memory is as large as it is."""
    inside, outside = on_and_off_chip(workload)
    _, tensor = edges(workload)
    everything = {word: np.sum(amount) + np.sum(outside[word]) for word, amount in inside.items()}
    saved = {word: -amount for word, amount in outside.items()}
    return _table(everything, workload.tensor_bytes[tensor], saved)


def _table(always: Amounts, memory: Ints, changes: Amounts, least: int = 0) -> Surface:
    """The amounts of all rows together: `always`, and what `changes` (N,) from each `memory` on.

    With a `least` memory the table begins there.
    """
    order = np.argsort(memory, kind="stable")
    sizes, first = np.unique(memory[order], return_index=True)
    ends, kept = np.append(first, len(order)), sizes >= least
    tables: dict[Amount, Any] = {}
    for amount in every_amount():
        constant = float(np.sum(amount_of(amount, always)))
        change = np.broadcast_to(amount_of(amount, changes), len(order))
        if not change.any() and amount != "external_bytes":
            tables[amount] = constant
            continue
        sums = np.concatenate([[0], np.cumsum(change[order])])[ends] + constant
        # below the least memory nothing is asked for
        tables[amount] = (_from(sums, kept) if least else sums).astype(float)
    return Surface(sizes[kept].astype(float), tables, float(least))


def _from(sums: NDArray[Any], kept: NDArray[np.bool_]) -> NDArray[Any]:
    """The sums (S + 1,) from the first size that is kept on, and once more below it."""
    values = sums[1:][kept]
    return np.concatenate([values[:1], values])
