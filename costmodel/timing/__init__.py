"""Timing models: how a row's transfer and compute times add up. One file is one model."""

from __future__ import annotations

from costmodel import discovery
from costmodel.timing.base import Timing

__all__ = ["Timing", "load", "names"]


def load(word: str) -> Timing:
    """The timing model called `word`; BadValue for an unknown one."""
    return discovery.load(__name__, Timing, word)


def names() -> tuple[str, ...]:
    """Every timing model's name."""
    return discovery.modules(__name__)
