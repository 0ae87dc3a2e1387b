"""The contract of a placement policy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from costmodel.core.arrays import Array, Bools
from costmodel.core.packing import Packing
from costmodel.core.registry import Family
from costmodel.core.workload import Workload


@dataclass(frozen=True, eq=False)
class Plan:
    """Where things live. A leading axis stands for memories or design points."""

    levels: Array
    """(..., T) for each feature map its level on chip, from the outside in and from 1; 0: outside.

    With one level True and False say the same.
    """
    params: Bools
    """(..., R) True for rows whose parameters stay on chip."""
    loads: Any
    """(..., R) bytes that are read once besides: the network's inputs [B]."""
    stores: Any
    """(..., R) bytes that are written once besides: the network's outputs [B]."""
    overwrites_input: Bools
    """(..., T) True for maps that are written over the input they reuse."""

    @classmethod
    def of_maps(cls, workload: Workload, levels: Array) -> Plan:
        """Plan maps alone, (M, T): parameters stay outside and nothing moves besides."""
        rows = (len(levels), len(workload.macs))
        nothing, never = np.zeros(rows, dtype=np.int64), np.zeros(levels.shape, dtype=bool)
        return cls(levels, np.zeros(rows, dtype=bool), nothing, nothing, never)

    @property
    def on_chip(self) -> Bools:
        """(..., T) True for the maps that live on chip, at whatever level."""
        return np.asarray(self.levels, dtype=bool)

    def at(self, points: Any) -> Plan:
        """Give the plan of each design point, `points` (...) being places on the leading axis."""
        return Plan(*(getattr(self, item.name)[points] for item in fields(self)))


class Placement(ABC):
    """A rule that says, for each on-chip memory size, which tensors live there."""

    source: ClassVar[str]
    threshold: ClassVar[bool] = False
    """True: a tensor is inside if and only if its size is at most the memory."""

    keeps_nothing: ClassVar[bool] = False
    """True: every map and parameter is outside, whatever the memory."""
    packs: ClassVar[bool] = False
    """True: it makes do with any memory, so that what it makes of less is an answer for more."""

    def packing(self, workload: Workload, capacity: float) -> Packing | None:
        """Addresses of the maps in `capacity` bytes (infinite: no limit); None if it gives none."""
        return None

    def searching(self, seconds: float) -> Placement | None:
        """Give the rule with a search of so many seconds [s]; None if it has none."""
        return None

    @abstractmethod
    def plan(self, workload: Workload, memory: Any) -> Plan:
        """The plans for on-chip memories `memory` (M,) [B], which are distinct.

        Of a machine with L levels on chip they are (M, L), from the outside in.
        """


PLACEMENTS = Family("placement", "costmodel.models.placement", "costmodel.placement", Placement)
