"""Counting conventions: the named exchange rates from neutral tallies to printed figures.

One file is one convention; its name is the word in ``--convention``.
"""

from __future__ import annotations

from costmodel import discovery
from costmodel.conventions.base import Convention

__all__ = ["Convention", "load", "names"]


def load(word: str) -> Convention:
    """The convention called `word`; BadValue with the nearest name for an unknown one."""
    return discovery.load(__name__, Convention, word)


def names() -> tuple[str, ...]:
    """Every convention's name."""
    return discovery.modules(__name__)
