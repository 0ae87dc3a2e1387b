"""The contract of a traffic model: what crosses the bus, given where things may live."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.placement import Placement, Plan
from costmodel.core.registry import Family
from costmodel.core.workload import Workload


class BusBytes(NamedTuple):
    """What crosses the memory bus for each row (..., R) [B]."""

    read: Array
    """Maps in, and sums that come back."""
    write: Array
    """Maps out, complete or not."""
    params: Array

    @property
    def total(self) -> Array:
        """Bytes of maps and parameters together."""
        return np.asarray(self.read + self.write + self.params)


class Crossing(NamedTuple):
    """What crosses the boundary between two levels on chip for each row (M, R) [B]."""

    down: Array
    """Inwards."""
    up: Array
    """Outwards."""
    copied: Any = 0
    """What is written inside besides, into further elements that hold the same word."""


class Passed(NamedTuple):
    """What crosses a boundary and a level beside it only lets through, for each row (M, R) [B].

    Such bytes are neither read nor written there.
    """

    unread: Any = 0
    """Inwards, of the level outside."""
    unwritten: Any = 0
    """Inwards, of the level inside."""
    unread_outwards: Any = 0
    """Of the level inside."""
    unwritten_outwards: Any = 0
    """Of the level outside."""


@dataclass(frozen=True, eq=False)
class Placed:
    """What follows from the on-chip memory alone, for M distinct memories."""

    memories: Array
    """(M,) ascending [B]; of a machine with L levels on chip (M, L), in lexicographic order."""
    plan: Plan
    moved: BusBytes
    """(M, R)"""
    refetched: Any = 0
    """(M, R) of these bytes, those that cross the bus not for the first time; 0: none do."""
    held: Any = None
    """(M, R) bytes on chip while each row runs; None: the maps that the plan has there, whole."""
    crossings: tuple[Crossing, ...] = ()
    """Over each boundary between levels on chip, from the outside in; (): everything that a row
    touches crosses each of them once.
    """
    passed: tuple[Passed, ...] = ()
    """Over the bus and each of these boundaries; (): every level reads and writes what crosses."""
    bounds: tuple[Array, ...] = ()
    """(M, R) each: what no schedule can go below at the bus and at each of these boundaries [B];
    (): nothing was searched.
    """

    @property
    def level_count(self) -> int:
        """How many levels are on chip, whether anything lives there or not."""
        return 1 if self.memories.ndim == 1 else self.memories.shape[1]

    def point(self, capacities: Sequence[Any]) -> Array:
        """Which of the memories each design point has, whose levels have these `capacities` [B].

        One array of points (...) for each level; the result is (...).
        """
        if self.memories.ndim == 1:
            return np.asarray(self.memories.searchsorted(capacities[0]))
        own: Array = np.zeros(len(self.memories), dtype=np.int64)
        wanted: Any = 0
        for level, capacity in zip(self.memories.T, capacities, strict=True):
            sizes = np.unique(level)
            own = own * len(sizes) + np.searchsorted(sizes, level)
            wanted = wanted * len(sizes) + np.searchsorted(sizes, np.asarray(capacity, dtype=float))
        return np.asarray(np.searchsorted(own, wanted))


class Traffic(ABC):
    """A rule that says what each row moves over the bus."""

    source: ClassVar[str]
    tiles: ClassVar[bool] = False
    """True: it asks the workload for its loop nests."""
    fuses: ClassVar[bool] = False
    """True: rows share the memory in groups, so that none has a step function of its own."""

    @abstractmethod
    def place(
        self, workload: Workload, placement: Placement, memories: Array, *, first: bool
    ) -> Placed:
        """Where things live and what moves for each of the distinct `memories` (M,) [B]."""

    def schedules(self, workload: Workload, placed: Placed) -> list[str]:
        """For each row how it is tiled in the first memory; empty words where it is not."""
        return [""] * len(workload.macs)

    def groups(self, workload: Workload, placed: Placed) -> list[int | None]:
        """For each row the number of its group in the first memory, from 1; None: alone."""
        return [None] * len(workload.macs)


TRAFFICS = Family("traffic", "costmodel.models.traffic", "costmodel.traffic", Traffic)


def placed_once(
    workload: Workload, placement: Placement, memories: Array, *, first: bool
) -> Placed:
    """The placement's plan for each of the `memories` (M,) [B]; what is outside moves once."""
    plan = planned(workload, placement, memories)
    return Placed(memories, plan, once(workload, plan, first=first))


def planned(workload: Workload, placement: Placement, memories: Array) -> Plan:
    """Give the placement's plan for each of the `memories`, (M,) or (M, L) [B].

    Of levels that are stated one by one, maps live whole in the outermost one on chip or outside.
    """
    if workload.hierarchy is None or memories.ndim == 1:
        return placement.plan(workload, memories)
    outermost, places = np.unique(memories[:, 0], return_inverse=True)
    return placement.plan(workload, outermost).at(places)


def once(workload: Workload, plan: Plan, *, first: bool) -> BusBytes:
    """Bytes over the bus under `plan` (..., R) [B] where each map outside crosses it once.

    The `first` run loads parameters that stay.
    """
    outside = ~plan.on_chip
    # parameters that rows share are loaded once
    stays = plan.params & ~workload.own_params if first else plan.params
    read = workload.bytes_read(outside) + plan.loads
    write = workload.bytes_written(outside) + plan.stores
    kept_read, kept_written = workload.state_and_scratch
    read, write = read + kept_read, write + kept_written
    return BusBytes(read, write, np.where(stays, 0, workload.param_bytes))
