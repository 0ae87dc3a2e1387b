"""Which runs have a closed form, and how it is tabulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from costmodel.core.amounts import bus_amounts, edges, on_and_off_chip
from costmodel.core.arrays import Ints
from costmodel.core.placement import Placement
from costmodel.core.terms import Amount, amount_of, every_amount
from costmodel.core.timing import Timing
from costmodel.core.traffic import BusBytes, Traffic
from costmodel.core.workload import Workload
from costmodel.studies.scan.forms.overlapped import Overlapped
from costmodel.studies.scan.forms.surface import Surface


def closed_form(
    workload: Workload, placement: Placement, timing: Timing, traffic: Traffic | None = None
) -> Surface | Overlapped | None:
    """The closed form of a workload, or None where its models have none.

    The placement must keep nothing on chip, rows tiled or not, or be a threshold per tensor where
    each map crosses the bus once. The timing must add up; or take the longer of a row's two times,
    where no row works on both engines. There is none either where rows choose among algorithms on
    the link: the quickest depends on its figures; nor where rows run in groups.
    """
    costs = workload.costs
    on_both_engines = (costs.matrix_work != 0) & (costs.host_work != 0)
    overlaps = timing.overlaps and not on_both_engines.any()
    if not (timing.additive or overlaps) or len(costs.link_bytes) > 1:
        return None
    if traffic is not None and traffic.fuses:
        return None
    if placement.keeps_nothing:
        lanes = _by_row(workload)
    elif placement.threshold and not (traffic is not None and traffic.tiles):
        lanes = _threshold(workload)
    else:
        return None
    if timing.additive:
        return lanes
    return Overlapped(replace(workload, rows=()), placement, timing, traffic, lanes=lanes)


def _by_row(workload: Workload) -> Surface:
    """The sum of all rows' step functions; below the least memory nothing is asked for."""
    from costmodel.studies.traffic_by_memory import row_steps

    rows = row_steps(workload)
    columns = list(zip(*((steps.read, steps.write, steps.params) for steps in rows), strict=True))
    fewest = BusBytes(*(np.array([sums[-1] for sums in column]) for column in columns))
    more = BusBytes(
        *(np.concatenate([-np.diff(sums, prepend=sums[0]) for sums in one]) for one in columns)
    )
    memory = np.concatenate([steps.memory for steps in rows])
    row = np.repeat([steps.row for steps in rows], [len(steps.memory) for steps in rows])
    least = max(int(steps.memory[0]) for steps in rows)
    numbers = np.array([steps.row for steps in rows])
    inside = bus_amounts(fewest, workload.costs, numbers) | {"on_chip_bytes": np.zeros(1)}
    outside = bus_amounts(more, workload.costs, row) | {"on_chip_bytes": np.zeros(1)}
    always = workload.row_amounts | inside
    return _table(always, memory, dict.fromkeys(always, np.zeros(1)) | outside, least)


def _threshold(workload: Workload) -> Surface:
    """Every map is outside until the memory is as large as it is."""
    inside, outside = on_and_off_chip(workload)
    _, tensor = edges(workload)
    return _table(inside, workload.tensor_bytes[tensor], outside)


def _table(
    inside: Mapping[str, Any], memory: Ints, outside: Mapping[str, Any], least: int = 0
) -> Surface:
    """The amounts of all rows together: `inside` an endless memory, and what is asked for besides.

    That is `outside` (N,) in any memory that is smaller than `memory` (N,). With a `least` memory
    the table begins there. Three maps of 4, 8 and 8 B that are read once give the `sizes` [4, 8],
    and `read` [20, 16, 0].
    """
    order = np.argsort(memory, kind="stable")
    sizes, first = np.unique(memory[order], return_index=True)
    begins, kept = np.append(first, len(order)), sizes >= least
    tables: dict[Amount, Any] = {}
    for amount in every_amount():
        constant = float(np.sum(amount_of(amount, inside)))
        more = amount_of(amount, outside)
        if not np.any(more) and amount != "external_bytes":
            tables[amount] = constant
            continue
        more = np.broadcast_to(more, len(order))[order]
        # from the largest down nothing is subtracted: where all is inside, exactly nothing is left
        sums = np.append(np.cumsum(more[::-1])[::-1], 0)[begins] + constant
        if least:
            # below the least memory nothing is asked for
            sums = sums[1:][kept]
            sums = np.append(sums[:1], sums)
        tables[amount] = sums.astype(float)
    return Surface(sizes[kept].astype(float), tables, float(least))
