"""What a technology fills in of a profile that leaves energies out, and what it does not list."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from costmodel.errors import BadValue, Place
from costmodel.hardware.technology import add, dram, mac, sram, tables
from costmodel.hardware.technology.tables import Listed
from costmodel.language import units

if TYPE_CHECKING:
    from costmodel.core.machine import Machine
    from costmodel.hardware.entries import Technology
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


def on_chip_node(profile: HardwareProfile, dtype: str) -> str:
    """The technology by whose table a byte on chip follows the memory; empty where none does."""
    if profile.technology is None or ON_CHIP not in fills_of(profile, dtype).figures:
        return ""
    return profile.technology.node


def following(node: str, machine: Machine) -> Machine:
    """Give the machine with the energy of a byte on chip that its memory has at `node`.

    It is NaN for a memory that the table does not reach.
    """
    from costmodel.hardware.technology import reads

    return machine.replace(on_chip_byte_energy=reads(node, machine.memory)) if node else machine


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
