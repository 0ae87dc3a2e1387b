"""Levels of memory as a profile states them one by one, the external memory first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from pydantic import field_validator

from costmodel.core.engine import EngineModel, read
from costmodel.core.hierarchy import ChipLevel, Hierarchy
from costmodel.core.lanes import MOST_LEVELS
from costmodel.core.machine import level_field
from costmodel.errors import BadValue
from costmodel.hardware.entries import Stated, in_units
from costmodel.language import units

OPERANDS = {"input": "I", "weights": "W", "output": "O"}
SHORT = ("bandwidth", "on_chip_memory", "on_chip_bandwidth")
SHORT_ENERGY = ("external_byte", "on_chip_byte")
"""What levels stand for, at the top of a profile and under its energy."""
NAME = re.compile(r"[A-Za-z]\w*")


class Access(Stated):
    """What a byte costs that a level's memory reads, and one that is written to it [J/B]."""

    read: float
    write: float

    _joules = in_units("energy per byte", "read", "write", zero=True)


class Level(Stated):
    """One memory: its size [B], and the bandwidth [B/s] between it and the next one inside.

    The innermost one's leads to the engine. It `holds` tiles of some operands, and the others pass
    it by. With double `buffering` tiles are filled while others are in use. `per: pe` states the
    size of one element's own memory.
    """

    name: str
    size: float | None = None
    bandwidth: float | None = None
    energy: Access | None = None
    holds: tuple[str, ...] = tuple(OPERANDS)
    buffering: Literal["single", "double"] = "single"
    per: Literal["pe"] | None = None

    _bytes = in_units("memory", "size")
    _rate = in_units("bandwidth", "bandwidth")

    @field_validator("name")
    @classmethod
    def _word(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise BadValue(
                f"{value!r} is no name for a level", "write letters, digits and _, a letter first"
            )
        return value

    @field_validator("holds")
    @classmethod
    def _operands(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [word for word in value if word not in OPERANDS]
        if wrong or not value or len(set(value)) < len(value):
            raise BadValue(
                f"[{', '.join(value)}] are not the operands that a level holds",
                f"write one or more of {', '.join(OPERANDS)}, each once",
            )
        return value

    @property
    def letters(self) -> str:
        """The operands that it holds, as schedules name them."""
        return "".join(OPERANDS[word] for word in self.holds)


def check_levels(levels: Sequence[Level], beside: Mapping[str, Any]) -> None:
    """Raise BadValue where levels make no hierarchy, or the short form stands `beside` them."""
    if not levels:
        return
    if not 2 <= len(levels) <= 1 + MOST_LEVELS:
        raise BadValue(
            f"{len(levels)} levels",
            f"state the external memory and one to {MOST_LEVELS} levels on chip, outermost first",
        )
    stated = [word for word in SHORT if beside.get(word) is not None]
    energy = beside.get("energy")
    stated += [f"energy.{w}" for w in SHORT_ENERGY if getattr(energy, w, None) is not None]
    if stated:
        raise BadValue(f"'{', '.join(stated)}' beside 'levels'", "state each once: in the levels")
    names = [level.name for level in levels]
    for name in names:
        if names.count(name) > 1:
            raise BadValue(f"two levels are named '{name}'", "give each a name of its own")
    outside, *inside = levels
    _check_external(outside)
    for outer, inner in zip(levels, inside, strict=False):
        _check_inner(outer, inner)
        if inner.per is not None:
            _check_elements(inner, inner is levels[-1], beside.get("engine"))


def short_form(levels: Sequence[Level]) -> dict[str, Any]:
    """Give the figures that rules ask for which know of one memory on chip: the outermost one's."""
    if not levels:
        return {}
    outside, outermost, *_ = levels
    return {"bandwidth": outside.bandwidth, "on_chip_memory": outermost.size}


def _check_external(level: Level) -> None:
    """Raise BadValue unless the first level can be the external memory."""
    if level.size is not None or level.per is not None or len(level.holds) < len(OPERANDS):
        raise BadValue(
            f"level '{level.name}' is the external memory, which holds everything",
            "leave its size, 'per' and 'holds' out; 'capacity' says how large it is",
        )
    if level.bandwidth is None:
        raise BadValue(f"level '{level.name}' has no bandwidth", "add 'bandwidth: ...' to it")


def _check_elements(level: Level, innermost: bool, engine: Any) -> None:
    """Raise BadValue unless a level of each element is the innermost one of an array."""
    if not innermost:
        raise BadValue(
            f"level '{level.name}' is per pe, and others lie inside it",
            "only the innermost level may be each element's own",
        )
    array = None if engine is None else read(engine)
    if array is None or array.elements is None:
        raise BadValue(
            f"level '{level.name}' is per pe, and the profile's engine has no such elements",
            "state 'engine: {model: unrolled, ...}', tiles or systolic",
        )


def _check_inner(outer: Level, inner: Level) -> None:
    """Raise BadValue unless a level on chip has a size, at most that of the one around it."""
    if inner.size is None:
        raise BadValue(f"level '{inner.name}' has no size", "add 'size: ...' to it")
    if outer.size is not None and inner.size > outer.size and inner.per is None:
        raise BadValue(
            f"level '{inner.name}' with {units.show(inner.size, 'memory')} is larger than "
            f"'{outer.name}' around it with {units.show(outer.size, 'memory')}",
            "order them from the outside in",
        )


def level_figures(levels: Sequence[Level]) -> dict[str, Any]:
    """Give what the levels add to a machine, by the attributes of `Machine` [SI]."""
    stated: dict[str, Any] = {}
    for place, level in enumerate(levels):
        own = {
            "size": level.size,
            "bandwidth": level.bandwidth,
            "read": level.energy and level.energy.read,
            "write": level.energy and level.energy.write,
        }
        stated |= {level_field(word, place): value for word, value in own.items()}
    names = {"level_names": tuple(level.name for level in levels)} if levels else {}
    return names | {word: value for word, value in stated.items() if value is not None}


TIE = 1e-6
"""Of what a byte over the bus costs: what it does over a boundary of which nothing is stated."""


def hierarchy_of(
    levels: Sequence[Level], array: EngineModel | None, *, longest: bool, attained: bool
) -> Hierarchy | None:
    """Give the levels on chip as schedules see them; None where none is stated by name.

    Schedules make the energy least where every level states one, else the time at the boundaries:
    their sum, or the `longest`.
    """
    if not levels:
        return None
    joules = [level.energy for level in levels if level.energy is not None]
    by_energy = len(joules) == len(levels)
    made = []
    for place, (outer, inner) in enumerate(pairwise(levels)):
        bus = 1.0 / (levels[0].bandwidth or 1.0)
        down = up = 1.0 / outer.bandwidth if outer.bandwidth else bus * TIE
        fill, accesses = 0.0, (0.0, 0.0)
        if by_energy:
            outside, inside = joules[place : place + 2]
            accesses = inside.read, inside.write
            down, up = outside.read + inside.write, outside.write + inside.read
            fill = inside.write
        each, double = inner.per == "pe", inner.buffering == "double"
        made.append(ChipLevel(inner.name, inner.letters, double, each, down, up, fill, accesses))
    return Hierarchy(tuple(made), longest and not by_energy, array, attained)
