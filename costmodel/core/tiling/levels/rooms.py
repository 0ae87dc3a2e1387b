"""The room that a level must have for the smallest tiles."""

from __future__ import annotations

from dataclasses import replace

from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.joint import AnyNest, JointNest
from costmodel.core.tiling.levels.level import OPERANDS, Level
from costmodel.core.tiling.nest import AttentionNest
from costmodel.errors import BadValue

NAMES = {"I": ("input",), "W": ("weight",), "O": ("output", "sum")}


def least_room(nest: AnyNest, level: Level) -> int:
    """Room that the smallest tiles of what a level holds take in it [unit of the widths]."""
    if isinstance(nest, JointNest):
        return max(
            least_room(piece.nest, level._replace(widths=piece.widths(level.widths)))
            for piece in nest.pieces
        )
    through = [
        name for operand in OPERANDS if operand not in level.holds for name in NAMES[operand]
    ]
    widths = replace(level.widths, **dict.fromkeys(through, 0))
    if isinstance(nest, AttentionNest):
        return int(traffic_curve(nest, widths, double=level.double).room[0])
    # a word of each; the one that stays needs no second buffer
    sizes = [widths.input, widths.weight, widths.sum]
    return 2 * sum(sizes) - max(sizes) if level.double else sum(sizes)


def check_rooms(nest: AnyNest, levels: tuple[Level, ...]) -> None:
    """Raise BadValue where a level is too small for the smallest tiles."""
    for number, level in enumerate(levels):
        least = least_room(nest, level)
        if level.size < least:
            raise BadValue(
                f"level {number + 1} from outside has a room of {level.size}, "
                f"the smallest tiles take {least}",
                "make it larger, or let operands through",
            )
