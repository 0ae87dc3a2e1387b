"""The area of a chip, as far as a profile states what its parts take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costmodel.core.machine import Machine
from costmodel.hardware.entries import Stated, in_units

if TYPE_CHECKING:
    from costmodel.hardware.profile import HardwareProfile

KIB = 1024
"""[B]"""


class Area(Stated):
    """What a KiB on chip takes, a multiplier of the matrix engine, and all the rest [mm2].

    What is not stated takes none. The `source` of the figures is printed wherever an area is.
    """

    per_kib: float = 0.0
    per_pe: float = 0.0
    fixed: float = 0.0
    source: str = ""

    _areas = in_units("area", "per_kib", "per_pe", "fixed", zero=True)


@dataclass(frozen=True)
class ChipArea:
    """The area of one machine, whatever the sizes of its memories."""

    area: Area
    elements: int
    """Multipliers of the matrix engine; 0 where none are counted."""
    nominal: float | None
    """The on-chip memory that is built, where a network gets less of it [B]."""
    each: tuple[int, ...]
    """How many memories there are of each level on chip, from the outside in."""

    def on(self, machine: Machine, *, sized: bool) -> Any:
        """The area of a machine [mm2], whose memories may be arrays of design points.

        Where its on-chip memory is `sized` by a scan that is what is built. A chip with 64 KiB for
        0.01 mm2 each, 100 elements for 0.002 mm2 each and 1 mm2 besides takes 1.84 mm2.
        """
        sizes = list(machine.capacities)
        if self.nominal is not None and not sized:
            sizes[0] = self.nominal
        copies = (*self.each, *[1] * len(sizes))
        held = sum(size * many for size, many in zip(sizes, copies, strict=False))
        fixed = self.area.per_pe * self.elements + self.area.fixed
        return held / KIB * self.area.per_kib + fixed


def chip_area(profile: HardwareProfile) -> ChipArea | None:
    """Give the area of a profile; None where `without_area` says why it has none."""
    area, array = profile.area, profile.array
    if area is None or without_area(profile):
        return None
    elements = array.multipliers if array is not None and array.sets_peak else 0
    each = tuple(elements if level.per == "pe" else 1 for level in profile.levels[1:])
    nominal = None if profile.usable is None else profile.figure("on_chip_memory", "")
    return ChipArea(area, elements, nominal, each)


def without_area(profile: HardwareProfile) -> str:
    """Say why a profile has no area; empty where it has one."""
    array = profile.array
    counted = array is not None and array.sets_peak
    if profile.area is None:
        return f"'{profile.name}' states no area"
    per_element = profile.area.per_pe or any(level.per == "pe" for level in profile.levels)
    if per_element and not counted:
        return f"'{profile.name}' states an area per PE, and no engine whose multipliers count"
    return ""


def area_told(profile: HardwareProfile) -> str:
    """Say on what an area rests."""
    assert profile.area is not None
    return f"{profile.name}: the area rests on: {profile.area.source or 'no source that is stated'}"
