"""A machine as the plain numbers that the terms need: the figures that set their pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from costmodel.core.quantities import MACHINE, MachineQuantity


class Machine:
    """The figures of a machine [SI units], each a number or an array of design points.

    Its attributes are the fields of `costmodel.core.quantities.MACHINE`: `bandwidth` [B/s] and
    `memory` on chip [B], the rates `matrix` and `host` [op/s], and further ones where the machine
    has them; None where it has not. Arrays are equally shaped.

    Examples
    --------
    >>> machine = Machine(bandwidth=1e9, memory=1e6, matrix=1e12, host=1e9)
    >>> machine.replace(bandwidth=2e9).bandwidth
    2000000000.0
    >>> machine.write_bandwidth is None
    True

    """

    __slots__ = ("figures", "level_names")

    figures: Mapping[str, Any]
    """Every figure that it has, by attribute."""
    level_names: tuple[str, ...]
    """The names of its levels, the external memory first; () where none is stated by name."""

    def __init__(self, bandwidth: Any, memory: Any, matrix: Any, host: Any, **further: Any) -> None:
        level_names = further.pop("level_names", ())
        stated = {
            "bandwidth": bandwidth, "memory": memory, "matrix": matrix, "host": host, **further,
        }  # fmt: skip
        every = _defaults(len(MACHINE)) | stated
        figures = {name: value for name, value in every.items() if value is not None}
        object.__setattr__(self, "figures", figures)
        object.__setattr__(self, "level_names", level_names)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in self.__slots__:
            raise AttributeError(name)
        return self.figures.get(name)

    def __getitem__(self, name: str) -> Any:
        """Give a figure by its attribute; None for one that it has not."""
        return self.figures.get(self.own(name))

    def own(self, name: str) -> str:
        """Give the attribute behind a field, which may name a level: `levels.gb.size`.

        Levels are held by their place: of the machine with the levels dram, gb and rf that is
        `memory`, and `levels.rf.size` is `memory_2`. A level that the machine has not stays as it
        is named.
        """
        if not name.startswith("levels."):
            return name
        _, level, word = name.split(".")
        if level not in self.level_names:
            return name
        return level_field(word, self.level_names.index(level))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a machine does not change: use replace({name}=...)")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.figures.items())
        return f"Machine({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        words = [word for word, one in MACHINE.items() if one.field in self.figures]
        return _restored, (words, dict(self.figures), self.level_names)

    @property
    def capacities(self) -> tuple[Any, ...]:
        """The size of each level on chip, from the outside in [B]; one for most machines."""
        figures, sizes, inner = self.figures, [self.memory], "memory_2"
        while inner in figures:
            sizes.append(figures[inner])
            inner = f"memory_{len(sizes) + 1}"
        return tuple(sizes)

    def replace(self, **figures: Any) -> Machine:
        """Give the same machine with other values of some figures."""
        changed = {self.own(name): value for name, value in figures.items()}
        return Machine(**{**self.figures, **changed}, level_names=self.level_names)

    def with_quantity(self, quantity: MachineQuantity, value: Any) -> Machine:
        """Give the same machine with one quantity replaced, for every engine that has its own."""
        return self.replace(**dict.fromkeys(quantity.fields, value))

    def scaled(self, quantity: MachineQuantity, factor: float) -> Machine:
        """Give the same machine with one quantity, which it has, multiplied by `factor`."""
        return self.replace(**{name: self[name] * factor for name in quantity.fields})

    def value(self, quantity: MachineQuantity) -> Any:
        """Give one quantity; None where the machine has none, or one for each engine."""
        first, *others = (self[name] for name in quantity.fields)
        alike = all(other is first or np.array_equal(other, first) for other in others)
        return first if alike else None

    def part(self, points: slice) -> Machine:
        """Give some of its design points; what is one number for all of them stays as it is."""
        cut = {n: value[points] if np.ndim(value) else value for n, value in self.figures.items()}
        return Machine(**cut, level_names=self.level_names)


@lru_cache
def _defaults(quantities: int) -> dict[str, float]:
    """The figures of machines that say nothing of them, while so many `quantities` are known."""
    return {
        name: quantity.default
        for quantity in MACHINE.values()
        for name in quantity.fields
        if quantity.default is not None
    }


def level_field(word: str, place: int) -> str:
    """Give the attribute for the size, bandwidth, read or write energy of a level.

    Place 0 is the external memory, whose bandwidth is that of the bus, and 1 the outermost level on
    chip, whose size is the on-chip memory of rules that know of one.
    """
    if word == "size":
        return "memory" if place == 1 else f"memory_{place}"
    if word == "bandwidth":
        return "bandwidth" if place == 0 else f"level_bandwidth_{place}"
    return f"level_{'read' if word == 'read' else 'written'}_energy_{place}"


def _restored(
    words: Sequence[str], figures: dict[str, Any], level_names: tuple[str, ...]
) -> Machine:
    """Make a machine as it was pickled, by a process that may have known more figures than this."""
    for word in words:
        # a word that is not known yet is looked for among those of other packages
        MACHINE.__getitem__(word)
    return Machine(**figures, level_names=level_names)
