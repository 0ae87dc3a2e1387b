"""The contract of a form: a run's figures as functions of the machine, at many points at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from costmodel.core.lanes import ENERGY, RUN_LANES, SECONDS
from costmodel.core.machine import Machine
from costmodel.core.terms import entries

PIECE = 1 << 15
"""[points] keeps a block of doubles inside a core's second-level cache."""
TIMES = ("total_time", *(f"{word}_time" for word in RUN_LANES), "external_bytes", "energy")
"""Outputs that depend on the point."""
Words = Collection[str]
Columns = dict[str, Any]
"""Arrays over points, or single values that hold at all of them, by the word of the quantity."""
NO_COUNTS: Columns = {}
"""The values of batch, tokens and context where none of them is an axis of arrays."""


class Form(ABC):
    """A run's time, traffic and energy, ready to be evaluated on any machine."""

    path: ClassVar[str]
    """Which way points are evaluated, as reports name it."""

    @property
    @abstractmethod
    def asked(self) -> Mapping[Any, Any]:
        """What the rows ask for: arrays by amount, zero throughout where they ask for nothing."""

    @abstractmethod
    def columns(
        self, machine: Machine, points: int, wanted: Words = TIMES, counts: Columns = NO_COUNTS
    ) -> Columns:
        """Evaluate the form at `points` design points.

        Parameters
        ----------
        machine : Machine
            Figures that are numbers, or arrays (points,).
        points : int
            How many there are.
        wanted : collection of str
            Which of TIMES are needed; `total_time` is given in any case, others may be.
        counts : mapping
            Batch, tokens and context (points,), where they are axes of arrays.

        Returns
        -------
        dict
            Arrays (points,), or numbers that hold at all points: times [s], bytes [B], joules [J].

        """


def energy(machine: Machine, total_time: Any, counted: Any) -> Any:
    """Energy of runs [J]; None where the machine states none.

    `counted` is the energy of what is counted, bytes and operations [J]; what is drawn all the time
    costs by the `total_time` [s].
    """
    summands = entries(machine.figures, ENERGY)
    drawn = (
        entry.applied(total_time, machine[entry.figure])
        for entry in summands
        if entry.amounts == (SECONDS,)
    )
    return sum(drawn, start=counted) if summands else None
