"""Rows run depth first, in strips of their maps, wherever that moves less than tiles alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.placement import PLACEMENTS, Placement
from costmodel.core.tiling.fusion.flow import Flow
from costmodel.core.tiling.fusion.group import Group
from costmodel.core.tiling.fusion.partition import groups_of
from costmodel.core.tiling.fusion.products import ProductGroup
from costmodel.core.traffic import BusBytes, Placed, Traffic
from costmodel.core.workload import Workload
from costmodel.errors import BadValue
from costmodel.models.traffic.tiled import Tiled


@dataclass(frozen=True, eq=False)
class PlacedGroups(Placed):
    """What follows from each memory, and the groups that rows run in there."""

    groups: tuple[tuple[Group, ...], ...] = ()
    """(M,) the groups in each memory, in execution order."""


class Fused(Traffic):
    """As `tiled`, and runs of rows depth first in strips wherever that moves less in the memory.

    The partition of the execution order into groups and rows alone is the one that moves least;
    docs/tiling.md has the class. What stays on chip follows from it, so that it goes with the
    placement `all_external` alone.
    """

    source = "costmodel.core.tiling.fusion; docs/tiling.md; Alwani et al., MICRO 2016"
    tiles = True
    fuses = True

    def place(
        self, workload: Workload, placement: Placement, memories: Array, *, first: bool
    ) -> Placed:
        """For each memory the groups that move least, and tiles for all other rows. BadValue."""
        if not placement.keeps_nothing:
            raise BadValue(
                f"traffic 'fused' decides itself what stays on chip, and placement "
                f"'{PLACEMENTS.word_of(placement)}' would too",
                "use placement: all_external, or traffic: tiled",
            )
        if workload.hierarchy is not None:
            raise BadValue(
                f"traffic 'fused' on a machine with levels {', '.join(workload.hierarchy.names)}",
                "use traffic: tiled, or state one memory on chip: on_chip_memory",
            )
        tiled = Tiled().place(workload, placement, memories, first=first)
        assert workload.flow is not None
        alone = tiled.moved.total.tolist()
        groups = tuple(
            groups_of(workload.flow, own, _bits(workload, workload.flow, memory))
            for own, memory in zip(alone, memories.tolist(), strict=True)
        )
        moved = BusBytes(*(side.copy() for side in tiled.moved))
        again, held = np.array(tiled.refetched), np.zeros_like(tiled.moved.read)
        levels = np.array(tiled.plan.levels)
        for number, chosen in enumerate(groups):
            at = BusBytes(*(side[number] for side in moved))
            for group in chosen:
                if isinstance(group, ProductGroup):
                    _multiply(workload, group, at, again[number])
                else:
                    _move(workload, workload.flow, group, at, again[number])
                held[number, group.begin : group.end + 1] = -(-group.room // 8)
                levels[number, _inside(workload, workload.flow, group)] = True
        plan = replace(tiled.plan, levels=levels)
        return PlacedGroups(memories, plan, moved, again, held, groups=groups)

    def groups(self, workload: Workload, placed: Placed) -> list[int | None]:
        """The number of each row's group, in execution order."""
        numbers = super().groups(workload, placed)
        for number, group in enumerate(_first(placed), 1):
            for row in range(group.begin, group.end + 1):
                numbers[row] = number
        return numbers

    def schedules(self, workload: Workload, placed: Placed) -> list[str]:
        """How the tiles of a row alone run; of a group the strips, and whether weights stay."""
        texts = Tiled().schedules(workload, _all_outside(placed))
        for group in _first(placed):
            if isinstance(group, ProductGroup):
                texts[group.begin : group.end + 1] = [group.words] * (group.end + 1 - group.begin)
                continue
            how = f"strips of {group.height} rows" if group.height else "row by row"
            for row in range(group.begin, group.end + 1):
                stage = workload.flow.stages[row] if workload.flow else None
                held = stage is not None and stage.parameters
                fate = "weights stay" if row in group.kept else _streamed(group.passes)
                texts[row] = f"{how}, {fate}" if held else how
        return texts


def _streamed(passes: int) -> str:
    return "weights read once" if passes == 1 else f"weights read {passes} times"


def _bits(workload: Workload, flow: Flow, memory: float) -> int:
    """A memory [bit]; what is larger than all that rows touch, twice over, is as good as that."""
    most = 2 * (int(workload.touched_bytes.sum()) + flow.sum_bits)
    return 8 * int(min(memory, most))


def _first(placed: Placed) -> tuple[Group, ...]:
    """The groups in the first memory."""
    return placed.groups[0] if isinstance(placed, PlacedGroups) else ()


def _all_outside(placed: Placed) -> Placed:
    """The same with every map outside: rows alone are tiled so."""
    plan = placed.plan
    return replace(placed, plan=replace(plan, levels=np.zeros_like(plan.levels)))


def _inside(workload: Workload, flow: Flow, group: Group) -> list[int]:
    """The maps that never leave the chip."""
    if isinstance(group, ProductGroup):
        written = workload.out_ptr[[group.begin, group.end]].tolist()
        return [int(tensor) for tensor in workload.out_tensor[written[0] : written[1]]]
    stages = (flow.stages[row] for row in range(group.begin, group.end))
    written = (stage.tensor for stage in stages if stage)
    return [tensor for tensor in written if not flow.leaves(tensor, group.end)]


def _multiply(workload: Workload, group: ProductGroup, moved: BusBytes, again: Array) -> None:
    """Note in rows' bytes `moved` (R,) and those moved `again` (R,) what two products move.

    The first row reads the input, the last one writes the output; each reads its own parameters.
    """
    rows = slice(group.begin, group.end + 1)
    moved.read[rows] = moved.write[rows] = again[rows] = 0
    moved.params[rows] = workload.param_bytes[rows] * group.passes
    again[rows] = workload.param_bytes[rows] * (group.passes - 1)
    moved.read[group.begin] = group.read
    again[group.begin] += group.read - int(workload.bytes_read(_all(workload))[group.begin])
    moved.read[group.end] += group.sums
    moved.write[group.end] = group.written
    again[group.end] += 2 * group.sums


def _all(workload: Workload) -> Array:
    return np.ones(len(workload.tensor_bytes), dtype=bool)


def _move(workload: Workload, flow: Flow, group: Group, moved: BusBytes, again: Array) -> None:
    """Note in rows' bytes `moved` (R,) and those moved `again` (R,) what a group moves.

    A map that comes in is read by the first row that reads it; one that is needed outside is
    written by the row that makes it.
    """
    known: set[int] = set()
    for row in range(group.begin, group.end + 1):
        stage = flow.stages[row]
        assert stage is not None
        fresh = {reading.tensor for reading in stage.readings} - known
        moved.read[row] = sum(flow.map_bytes[tensor] for tensor in fresh)
        leaves = row == group.end or flow.leaves(stage.tensor, group.end)
        moved.write[row] = flow.map_bytes[stage.tensor] if leaves else 0
        held = int(workload.param_bytes[row])
        again[row] = 0 if row in group.kept else held * (group.passes - 1)
        moved.params[row] = held + again[row]
        known |= fresh | {stage.tensor}
