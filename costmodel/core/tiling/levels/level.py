"""A level of memory on chip, and what a search over several of them gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from costmodel.core.tiling.nest import Widths
from costmodel.core.tiling.traffic_curve import MovedBytes

OPERANDS = "IWO"
"""Input, weights, output."""


class Level(NamedTuple):
    """One memory on chip, and its boundary with the next memory outside; the outermost one first.

    Examples
    --------
    >>> from costmodel.core.tiling.nest import Widths
    >>> Level(2048, Widths(1, 1, 1, 1), down=206e-12, up=206e-12).width("O")
    1

    """

    size: int
    """Room [unit of the widths]."""
    widths: Widths
    """Of the operands' elements where they cross the outer boundary.

    0: the operand lives inside already: it moves nothing there and needs no room here.
    """
    down: float
    """Cost of a unit that crosses the outer boundary inwards [J or s per unit]."""
    up: float
    """The same outwards."""
    holds: str = OPERANDS
    """Operands that have a node here; the others go through to the next level inside."""
    double: bool = False
    """True: every tile but that of the level's outermost node has a second buffer."""

    def width(self, operand: str) -> int:
        """Of an element on chip: an output takes the room of a partial sum."""
        widths = {"I": self.widths.input, "W": self.widths.weight, "O": self.widths.sum}
        return widths[operand]


class Node(NamedTuple):
    """A node of the loop nest: a tile that is fetched there, once for each turn of the loops."""

    operand: str
    """I, W or O."""
    level: int
    """Place of its level among the levels, 0 being the outermost."""
    tile: dict[str, int]
    """Words along n, k, c and the spatial axes p, r; q, s; z, t."""
    slides: str = ""
    """The axis along which an input's tile slides: its loop stands directly above the node."""


@dataclass(frozen=True)
class Attained:
    """The cheapest schedule of a class."""

    moved: tuple[MovedBytes, ...]
    """What crosses the outer boundary of each level, the outermost first."""
    cost: float
    """In the unit of the levels' costs [J or s]."""
    words: str
    """The schedule for readers."""
    nodes: tuple[Node, ...]
    """The schedule, outermost node first: loops over each node's tiles stand directly above it.

    Empty where it is no single loop nest.
    """


def serving(levels: tuple[Level, ...]) -> dict[str, tuple[int, ...]]:
    """Operand -> for each boundary, the first level inside that holds it; L: the engine itself."""
    count = len(levels)
    return {
        operand: tuple(
            next((at for at in range(outer, count) if operand in levels[at].holds), count)
            for outer in range(count)
        )
        for operand in OPERANDS
    }
