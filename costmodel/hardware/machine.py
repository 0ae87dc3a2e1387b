"""A profile as the plain numbers that the formula needs."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from costmodel.errors import InputError, Place, Problem
from costmodel.hardware.profile import NEEDED, HardwareProfile

FIELDS = {"bandwidth": "bandwidth", "on_chip_memory": "memory", "matrix": "matrix", "host": "host"}


@dataclass(frozen=True)
class Machine:
    """What the formula needs: numbers, or equally shaped numpy arrays of design points."""

    bandwidth: Any  # external memory [B/s]
    memory: Any  # on chip [B]
    matrix: Any  # matrix engine [FLOP/s]
    host: Any  # host [FLOP/s]


def machine_for(
    profile: HardwareProfile, dtype: str, needed: Collection[str] = NEEDED, file: str = ""
) -> Machine:
    """The machine for elements of `dtype`; what is not `needed` and not published is infinite.

    Raises InputError, at `file`, naming every figure that is needed and neither published nor assumed.
    """
    found = {word: profile.figure(word, dtype) for word in NEEDED}
    place = Place(file or profile.name)
    missing = [
        Problem(place, *_missing(profile, word, dtype)) for word in needed if found[word] is None
    ]
    if missing:
        raise InputError(missing)
    return Machine(
        **{FIELDS[word]: math.inf if value is None else value for word, value in found.items()}
    )


def _missing(profile: HardwareProfile, word: str, dtype: str) -> tuple[str, str]:
    """What is wrong with a figure that is not there, and the remedy."""
    known = getattr(profile, word)
    assume = f"state it, or assume one: 'assumed: {{{word}: {{value: ..., reason: ...}}}}'"
    if isinstance(known, dict):
        return (
            f"the profile has no '{word}' rate for {dtype}",
            f"it has {', '.join(known)}: use --dtype, or {assume}",
        )
    return f"the profile has no '{word}'", assume
