"""Placement policies: which tensors live on chip. One file is one policy."""

from __future__ import annotations

from costmodel import discovery
from costmodel.placement.base import Placement, Plan

__all__ = ["Placement", "Plan", "load", "names"]


def load(word: str) -> Placement:
    """The placement policy called `word`; BadValue for an unknown one."""
    return discovery.load(__name__, Placement, word)


def names() -> tuple[str, ...]:
    """Every placement policy's name."""
    return discovery.modules(__name__)
