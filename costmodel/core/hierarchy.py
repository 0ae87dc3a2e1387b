"""The levels of memory on chip of a machine that has more than one: what a schedule must know."""

from __future__ import annotations

from dataclasses import dataclass

from costmodel.core.engine import EngineModel
from costmodel.core.tiling.joint import AnyNest
from costmodel.core.tiling.nest import Nest


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
    fill: float = 0.0
    """What a byte costs that is written into each further element [J]; nothing by time."""
    accesses: tuple[float, float] = (0.0, 0.0)
    """What a byte costs that is read and written here [J]; nothing by time."""


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

    def spared(self, place: int) -> tuple[float, float, float, float]:
        """Give what a byte costs less over a boundary that a level beside it only lets through.

        Of the input, of the weights, of sums inwards and of outputs outwards [J].
        """
        inner = self.levels[place]
        outer = self.levels[place - 1] if place else ChipLevel("")
        by_operand = (
            outer.accesses[0] * (operand not in outer.holds)
            + inner.accesses[1] * (operand not in inner.holds)
            for operand in "IWO"
        )
        of_input, of_weights, of_sums = by_operand
        outwards = outer.accesses[1] * ("O" not in outer.holds) + inner.accesses[0] * (
            "O" not in inner.holds
        )
        return of_input, of_weights, of_sums, outwards

    @property
    def holds_all(self) -> bool:
        """True where no operand passes any level by."""
        return all(len(level.holds) == len("IWO") for level in self.levels)

    def through(self, place: int) -> str:
        """Give the operands that no level inside a boundary holds: they go to the engine."""
        return "".join(one for one in "IWO" if self._serving(place, one) is None)

    def sharing(self, nest: AnyNest) -> tuple[int, int, int]:
        """Along n, k and c: how many multiply-adds a word serves that goes to the engine."""
        if self.array is None or not isinstance(nest, Nest):
            return 1, 1, 1
        if self.levels[-1].per_element:
            return self.elements
        of_input, of_weights, of_sums = self.array.shared(nest)
        return of_weights, of_input, of_sums

    def _serving(self, place: int, operand: str) -> int | None:
        """The first level from `place` inwards that holds an operand; None: no level does."""
        own = range(place, len(self.levels))
        return next((level for level in own if operand in self.levels[level].holds), None)

    @property
    def elements(self) -> tuple[int, int, int]:
        """How many elements the array has along n, k and c."""
        return (1, 1, 1) if self.array is None else self.array.elements or (1, 1, 1)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the levels."""
        return tuple(level.name for level in self.levels)
