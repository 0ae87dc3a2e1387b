"""The memory map: which map lies where on chip, and when."""

from __future__ import annotations

from typing import ClassVar

from costmodel.errors import BadValue
from costmodel.language.units import show
from costmodel.report.addresses import addresses
from costmodel.report.chart import Chart, named
from costmodel.report.plots import ChartPicture
from costmodel.studies.run import Run

EMPTY = 3.0
"""Times what is used from which a memory's end would leave no room to see anything."""


class MemoryMap(ChartPicture):
    """One rectangle per map on chip; for placements that give addresses."""

    source: ClassVar[str] = "this project"
    needs: ClassVar[str] = "the placement gives no addresses ('--placement resident' does)"

    def applies(self, run: Run) -> bool:
        """Whether the placement gives addresses."""
        return run.packing is not None

    def chart(self, run: Run) -> Chart:
        """Rows from left to right, addresses upwards; pinned parameters on top.

        Raises BadValue where the placement gives no addresses.
        """
        packing, boxes = run.packing, addresses(run)
        if packing is None or boxes is None:
            raise BadValue("the placement gives no addresses", "simulate with 'resident'")
        names, memory = tensor_names(run), float(run.machine.memory)
        used = max(packing.peak + run.pinned_bytes, float(run.live.max(initial=0)), 1.0)
        near = memory < EMPTY * used
        pinned = [packing.peak, packing.peak + run.pinned_bytes]
        left = int((~packing.inside).sum())
        return {
            "kind": "memory",
            "title": f"Memory map, {len(boxes.tensor)} maps on chip, {left} in external memory",
            "boxes": vars(boxes) | {"name": [named(names[tensor]) for tensor in boxes.tensor]},
            "alive": run.live,
            "limit": memory,
            "limit_name": f"on-chip memory, {show(memory, 'memory')}",
            "pinned": pinned if run.pinned_bytes else None,
            "top": 1.06 * max(memory, used) if near else 1.25 * used,
        }


def tensor_names(run: Run) -> list[str]:
    """The row that writes each map, or the input's name."""
    rows, inputs = run.workload.rows, iter(tap.node for tap in run.network.inputs)
    return [next(inputs) if row < 0 else rows[row].name for row in run.workload.first]
