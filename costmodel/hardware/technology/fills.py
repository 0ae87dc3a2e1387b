"""What a technology fills in of a profile that leaves energies out, and what it does not list."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from costmodel.errors import BadValue, Place
from costmodel.hardware.levels import Access
from costmodel.hardware.technology import add, dram, mac, sram, tables
from costmodel.hardware.technology.tables import Listed
from costmodel.language import units

if TYPE_CHECKING:
    from costmodel.core.machine import Machine
    from costmodel.hardware.entries import Technology
    from costmodel.hardware.levels import Level
    from costmodel.hardware.profile import HardwareProfile

ON_CHIP = "energy.on_chip_byte"


class Fills(NamedTuple):
    """Energies of a profile by the word of the quantity."""

    figures: dict[str, Listed]
    """Those that the tables give [J], and where they were seen."""
    unlisted: dict[str, str]
    """Those that nobody states and no table lists, and why."""

    @property
    def reasons(self) -> dict[str, str]:
        """The figures that were filled in, and where each was seen, in words."""
        return {
            word: f"{units.show(one.value, 'energy')} from a table of technologies: {one.source}"
            for word, one in self.figures.items()
        }


def fills_of(profile: HardwareProfile, dtype: str, file: str = "") -> Fills:
    """Look up the energies that a profile does not state, for elements of `dtype`.

    The external memory is looked up by its kind, the memory on chip by its size, operations by the
    type in which each engine computes. Raises InputError, at `file`, for a memory on chip of a size
    outside the table.
    """
    if profile.technology is None:
        return Fills({}, {})
    try:
        return _looked_up(profile, profile.technology, dtype)
    except BadValue as error:
        raise error.at(Place(file or profile.name)) from None


def _looked_up(profile: HardwareProfile, technology: Technology, dtype: str) -> Fills:
    stated = profile.energy
    known = {} if stated is None else stated.model_dump(exclude_none=True)
    looked_up: dict[str, Callable[[], Listed]] = {
        "external_byte": lambda: _external(technology.dram),
        "on_chip_byte": lambda: _on_chip(technology.node, profile.figure("on_chip_memory", dtype)),
        "mac": lambda: mac(_node(technology.node), _type(profile, "matrix", dtype)),
        "operation": lambda: add(_node(technology.node), _type(profile, "host", dtype)),
    }
    figures: dict[str, Listed] = {}
    unlisted: dict[str, str] = {}
    for level in profile.levels:
        # they stand for a byte over the bus and one on chip
        known |= dict.fromkeys(("external_byte", "on_chip_byte"), 0.0)
        if level.energy is None:
            _level(level, technology, figures, unlisted)
    for word, look_up in looked_up.items():
        if word in known:
            continue
        try:
            figures[f"energy.{word}"] = look_up()
        except _Unlisted as error:
            unlisted[f"energy.{word}"] = f"{error.what}; {error.remedy}"
        except BadValue as error:
            if word == "on_chip_byte":
                raise
            unlisted[f"energy.{word}"] = f"{error.what}; {error.remedy}"
    return Fills(figures, unlisted)


class Follows(NamedTuple):
    """By which technology's table the energy of bytes on chip follows the sizes; false for none."""

    node: str = ""
    levels: tuple[str, ...] = ()
    """Of a machine that states its levels by name, those whose energies do."""

    def __bool__(self) -> bool:
        return bool(self.node)

    def __str__(self) -> str:
        return self.node


NO_TABLE = Follows()


def on_chip_node(profile: HardwareProfile, dtype: str) -> Follows:
    """Give the technology by whose table energies on chip follow the sizes."""
    technology = profile.technology
    if technology is None:
        return Follows()
    known = fills_of(profile, dtype).figures
    levels = tuple(one.name for one in profile.levels[1:] if f"levels.{one.name}.read" in known)
    return Follows(technology.node, levels) if levels or ON_CHIP in known else Follows()


def following(follows: Follows, machine: Machine) -> Machine:
    """Give the machine with the energies of bytes on chip that its sizes have in the table.

    They are NaN for a memory that the table does not reach.
    """
    from costmodel.hardware.technology import accesses, reads

    if not follows:
        return machine
    if not follows.levels:
        return machine.replace(on_chip_byte_energy=reads(follows.node, machine.memory))
    energies: dict[str, Any] = {}
    for level in follows.levels:
        read, write = accesses(follows.node, machine[f"levels.{level}.size"])
        energies |= {f"levels.{level}.read": read, f"levels.{level}.write": write}
    return machine.replace(**energies)


def filled_levels(profile: HardwareProfile, dtype: str) -> tuple[Level, ...]:
    """Give the levels of a profile, with the energies that its technology lists for them."""
    known = fills_of(profile, dtype).figures
    levels = []
    for level in profile.levels:
        ways = [known.get(f"levels.{level.name}.{way}") for way in ("read", "write")]
        if ways[0] is not None and ways[1] is not None:
            access = Access.model_construct(read=ways[0].value, write=ways[1].value)
            level = level.model_copy(update={"energy": access})
        levels.append(level)
    return tuple(levels)


class _Unlisted(BadValue):
    """Nothing was named that a table could list."""


def _type(profile: HardwareProfile, engine: str, dtype: str) -> str:
    """The type in which an engine computes elements of `dtype`."""
    from costmodel.language import dtypes

    return profile.computed_in(engine, dtype) or dtypes.types(dtype).maps


def _node(node: str) -> str:
    """The technology that is named."""
    if not node:
        raise _Unlisted("no technology is named", "write 'technology: {node: 22 nm, ...}'")
    return node


def _level(
    level: Level, technology: Technology, figures: dict[str, Listed], unlisted: dict[str, str]
) -> None:
    """Note the energies of a level, or why no table lists them. Raises BadValue for its size."""
    try:
        if level.size is None:
            _external(technology.dram)
            read, write, source = dram(technology.dram)
            source = f"{technology.dram}, {source}"
        else:
            _on_chip(technology.node, level.size)
            read, write, source = sram(technology.node, level.size)
            source = f"{units.show(level.size, 'memory')} at {technology.node}, {source}"
    except _Unlisted as error:
        unlisted[f"levels.{level.name}"] = f"{error.what}; {error.remedy}"
        return
    for way, value in (("read", read), ("write", write)):
        figures[f"levels.{level.name}.{way}"] = Listed(float(value), f"a {way} of {source}")


def _external(kind: str) -> Listed:
    """A byte over the bus of the kind of external memory that is named."""
    if not kind:
        known = ", ".join(tables.drams())
        remedy = f"write 'technology: {{..., dram: KIND}}' with one of {known}"
        raise _Unlisted("no kind of external memory is named", remedy)
    value, _, source = dram(kind)
    return Listed(value, f"{kind}, {source}")


def _on_chip(node: str, size: float | None) -> Listed:
    """A byte read from a memory of so many bytes; as much for one that is written."""
    if size is None or math.isinf(size):
        raise _Unlisted("no size of the on-chip memory is stated", "state 'on_chip_memory'")
    if _node(node) not in tables.memories():
        known = ", ".join(tables.memories())
        remedy = f"state 'energy: {{on_chip_byte: ...}}'; memories are listed at {known}"
        raise _Unlisted(f"no table lists on-chip memories at {node}", remedy)
    read, _, source = sram(node, size)
    shown = units.show(size, "memory")
    return Listed(float(read), f"a read of {shown} at {node}, {source}")
