"""A run of rows that is executed as one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """A run of rows as it is executed."""

    begin: int
    end: int
    height: int
    """Lines of a strip of the last map; 0: row by row."""
    passes: int
    """How often streamed weights are read: once for each strip of each sample."""
    kept: frozenset[int]
    """The rows whose weights stay."""
    moved: int
    """Everything that crosses the bus [B]."""
    room: int
    """What it takes on chip [bit]."""
