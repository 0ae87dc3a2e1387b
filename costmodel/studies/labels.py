"""Labels of networks and machines: things of one name are told apart, never taken for one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from costmodel.errors import InputError, Place


def unique(named: Sequence[tuple[str, Any]]) -> list[str]:
    """A label for each (name, thing), in order.

    The first thing of a name has it alone, another one is 'name (2)', then 'name (3)'; the same
    thing again keeps its label. Words, which are looked up by themselves, go before objects.

    >>> unique([("HairNet", 1.5), ("HairNet", 2.5), ("HairNet", 1.5)])
    ['HairNet', 'HairNet (2)', 'HairNet']
    """
    owners: dict[str, Any] = {name: name for name, thing in named if thing == name}
    labels = []
    for name, thing in named:
        spellings = (name if number == 1 else f"{name} ({number})" for number in count(1))
        label = next(text for text in spellings if _same(owners.setdefault(text, thing), thing))
        labels.append(label)
    return labels


def once_each(things: Sequence[Any], place: Place) -> None:
    """Raise InputError, at `place`, for a word or an object that is given twice."""
    for number, thing in enumerate(things):
        thing = str(thing) if isinstance(thing, Path) else thing
        if any(
            _same(str(other) if isinstance(other, Path) else other, thing)
            for other in things[:number]
        ):
            shown = thing if isinstance(thing, str) else thing.name
            raise InputError.at(place, f"'{shown}' is given twice", "give it once")


def _same(owner: Any, thing: Any) -> bool:
    return owner is thing or (isinstance(thing, str) and owner == thing)
