"""The levels of memory on chip of a machine that has more than one: what a schedule must know."""

from __future__ import annotations

from dataclasses import dataclass

from costmodel.core.engine import EngineModel


@dataclass(frozen=True)
class ChipLevel:
    """One level on chip, without its size, which may vary from design point to design point."""

    name: str
    holds: str = "IWO"
    """Which operands have tiles here: input I, weights W, output O; the others pass it by."""
    double: bool = False
    """True: tiles have second buffers, all but that of the operand that stays."""
    per_element: bool = False
    """True: each element of the engine's array has one of its own, of the size that is stated."""
    down: float = 1.0
    """What a byte costs that comes in from the next level outside [J or s]."""
    up: float = 1.0
    """What a byte costs that goes out to it [J or s]."""


@dataclass(frozen=True)
class Hierarchy:
    """All levels on chip from the outside in, and what their schedules make least."""

    levels: tuple[ChipLevel, ...]
    longest: bool = False
    """True: the largest of the boundaries' costs is made least, not their sum."""
    array: EngineModel | None = None
    """The elements that levels of which each has one belong to."""
    attained: bool = True
    """True: one schedule for all levels is searched; False: each level's own least traffic, which
    no schedule can go below.
    """

    def inside(self, place: int) -> tuple[int, ...]:
        """Give the levels, by place on chip, whose room counts at the outer boundary of one.

        An operand that passes a level by may lie in any level inside it, so that all of them count
        as one memory.
        """
        own = range(place, len(self.levels))
        passes = any(len(self.levels[level].holds) < len("IWO") for level in own)
        return tuple(own) if passes else (place,)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the levels."""
        return tuple(level.name for level in self.levels)
