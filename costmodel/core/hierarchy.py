"""The levels of memory on chip of a machine that has more than one: what a schedule must know."""

from __future__ import annotations

from dataclasses import dataclass

from costmodel.core.engine import EngineModel


WORD = 8
"""[B] The largest element of any type, and of any sum."""


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

        Each operand crosses it as often as the first level inside that holds it fetches it; where
        these are several levels they count as one memory.
        """
        served = {self._serving(place, operand) for operand in "IWO"}
        return tuple(sorted(level for level in served if level is not None)) or (place,)

    def slack(self, place: int) -> int:
        """Give the room for a word of each operand that no level inside a boundary holds [B]."""
        return WORD * sum(self._serving(place, operand) is None for operand in "IWO")

    def _serving(self, place: int, operand: str) -> int | None:
        """The first level from `place` inwards that holds an operand; None: it goes to the engine."""
        own = range(place, len(self.levels))
        return next((level for level in own if operand in self.levels[level].holds), None)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the levels."""
        return tuple(level.name for level in self.levels)
