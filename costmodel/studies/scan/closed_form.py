"""Which runs have a closed form, and how it is tabulated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.placement import Placement
from costmodel.core.timing import Timing
from costmodel.core.traffic import Traffic
from costmodel.core.workload import Workload
from costmodel.studies.scan.surface import Surface


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
    """What each lane takes over the memory, or None where the placement has no table."""
    if workload.costs.link_bytes is not None:
        return None
    if placement.keeps_nothing:
        return _by_row(workload)
    if traffic is not None and traffic.tiles:
        return None
    return _threshold(workload) if placement.threshold else None


def _fixed(workload: Workload) -> float:
    fixed = workload.costs.fixed
    return 0.0 if fixed is None else float(fixed.sum())


def _constants(workload: Workload) -> tuple[float, float, float, float]:
    costs = workload.costs
    return (
        float(costs.matrix_ops.sum()),
        float(costs.host_ops.sum()),
        float(costs.matrix_launches.sum()),
        float(costs.host_launches.sum()),
    )


def _by_row(workload: Workload) -> Surface:
    """The sum of all rows' step functions, each byte over the share of the bandwidth it reaches."""
    from costmodel.studies.traffic_by_memory import added, row_steps

    costs, pieces = workload.costs, []
    for one in row_steps(workload):
        read = params = write = 1.0
        if costs.read is not None and costs.write is not None and costs.params is not None:
            read, write, params = (
                float(share[one.row]) for share in (costs.read, costs.write, costs.params)
            )
        values = (one.external, one.read * read + one.params * params, one.write * write)
        pieces.append((one.memory, np.stack(values, axis=1).astype(float)))
    total = added(pieces)
    # below the least memory nothing is asked for
    tables = np.concatenate([total.values[:1], total.values]).T
    sizes = total.memory.astype(float)
    nothing = np.zeros(len(sizes) + 1)
    external, read, write = tables
    constants = _constants(workload)
    return Surface(
        sizes,
        external,
        read,
        write,
        nothing,
        *constants,
        least=float(sizes[0]),
        fixed=_fixed(workload),
    )


def _threshold(workload: Workload) -> Surface:
    """Prefix sums over the maps, the smallest first."""
    costs, sizes = workload.costs, workload.tensor_bytes
    order = np.argsort(sizes, kind="stable")
    steps, first = np.unique(sizes[order], return_index=True)
    ends = np.append(first, len(order))

    def left(per_tensor: Any, besides: float = 0.0) -> NDArray[Any]:
        """What still moves from each size on: all of it, less the maps that are inside by then."""
        inside = np.concatenate([[0], np.cumsum(per_tensor[order])])
        return np.asarray(per_tensor.sum() + besides - inside[ends])

    params = workload.param_bytes
    read_besides, written_besides = workload.besides
    besides = params.sum() + read_besides.sum() + written_besides.sum()
    external = left(workload.traffic(1, 1), besides)
    read: Any = 1
    write: Any = 1
    held: Any = params
    if costs.read is not None and costs.write is not None and costs.params is not None:
        read, write, held = costs.read, costs.write, costs.params * params
    arriving = held.sum() + (read * read_besides).sum()
    leaving = (write * written_besides).sum()
    return Surface(
        steps.astype(float),
        external.astype(float),
        left(workload.traffic(read, 0), arriving).astype(float),
        left(workload.traffic(0, write), leaving).astype(float),
        (workload.touched_bytes.sum() - external).astype(float),
        *_constants(workload),
        fixed=_fixed(workload),
    )
