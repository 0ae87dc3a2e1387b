"""What no schedule of the class moves less of, over each boundary alone.

Deleting all nodes but those that serve a boundary leaves a schedule on one level, which moves as
much over it in as much room: the step function of one level, looked up at the room. Windows of many
outputs and taps are tried there at few sizes (`costmodel.core.tiling.windows.LONG`); boxes of them
can do better, so for these the schedules that a search on all levels finds count as well.
"""

from __future__ import annotations

import numpy as np

from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.joint import AnyNest, JointNest
from costmodel.core.tiling.levels.attained import attained
from costmodel.core.tiling.levels.level import OPERANDS, Level, serving
from costmodel.core.tiling.levels.rooms import check_rooms
from costmodel.core.tiling.nest import AttentionNest, Nest
from costmodel.core.tiling.windows import LONG


def bound(nest: AnyNest, levels: tuple[Level, ...]) -> tuple[int, ...]:
    """The least that crosses each boundary, whatever happens at the others.

    Parameters
    ----------
    nest
        The contraction, or several one after the other.
    levels
        The memories on chip, the outermost one first.

    Returns
    -------
    tuple of int
        For the outer boundary of each level [unit of the widths]. Where operands go through a level
        the levels that serve its boundary count as one memory.

    Raises
    ------
    BadValue
        If a level has no room for the smallest tiles.

    """
    if isinstance(nest, JointNest):
        pieces = [
            bound(
                piece.nest,
                tuple(level._replace(widths=piece.widths(level.widths)) for level in levels),
            )
            for piece in nest.pieces
        ]
        return tuple(sum(of_level) for of_level in zip(*pieces, strict=True))
    check_rooms(nest, levels)
    least = [_least(nest, levels, number) for number in range(len(levels))]
    if isinstance(nest, Nest) and any(s.outputs * s.taps > LONG for s in nest.overlapping):
        for longest in (False, True):
            moved = attained(nest, levels, longest=longest).moved
            least = [min(one, int(m.total)) for one, m in zip(least, moved, strict=True)]
    return tuple(least)


def _least(nest: Nest | AttentionNest, levels: tuple[Level, ...], number: int) -> int:
    here = levels[number]
    served = {operand: serving(levels)[operand][number] for operand in OPERANDS}
    alone = set(served.values()) == {number}
    room = float(here.size) if alone else _rooms(levels, number, served)
    curve = traffic_curve(nest, here.widths, double=here.double and alone)
    step = int(np.searchsorted(curve.room, room, side="right")) - 1
    return int(curve.moved.total[max(step, 0)])


def _rooms(levels: tuple[Level, ...], number: int, served: dict[str, int]) -> float:
    """Room of all levels that serve a boundary, in its own widths; a word where none does."""
    own, room = levels[number], 0.0
    for level in {at for at in served.values() if at < len(levels)}:
        ratios = [
            (own.width(operand), levels[level].width(operand))
            for operand, at in served.items()
            if at == level and own.width(operand)
        ]
        if any(there == 0 for _, there in ratios):
            return np.inf
        room += levels[level].size * max([mine / there for mine, there in ratios], default=0.0)
    return room + sum(own.width(operand) for operand, at in served.items() if at == len(levels))
