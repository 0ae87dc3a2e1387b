"""The contract of a timing model."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.registry import Family


@dataclass(frozen=True, eq=False)
class Ahead:
    """What can be fetched ahead of each row, and where it could be kept (..., R)."""

    params: Floats
    """[B] parameters that come over the bus."""
    param_time: Floats
    """[s] of the transfer that is theirs."""
    free: Floats
    """[B] on chip that nothing occupies while the row runs."""


NO_TIME = 0.0
"""[s] Of bytes on chip on a machine whose on-chip memory has no bandwidth of its own."""


@dataclass(frozen=True, eq=False)
class Load:
    """What each row asks of the machine, design points in front (..., R)."""

    transfer: Floats
    """[s] on the memory bus."""
    matrix: Floats
    """[s] on the matrix engine."""
    host: Floats
    """[s] on the host."""
    ahead: Callable[[], Ahead]
    """Worked out on demand, since few models ask."""
    on_chip: Floats | float = NO_TIME
    """[s] that bytes take which stay on chip."""
    exposed: Floats | float = 0.0
    """(R,) of the shorter of two times, the share that the longer does not hide."""

    @property
    def memory(self) -> Floats:
        """[s] on the bus and then on chip: all the time that moving bytes takes."""
        if self.on_chip is NO_TIME:
            return self.transfer
        return np.asarray(self.transfer + self.on_chip)

    @property
    def compute(self) -> Floats:
        """[s] on the matrix engine and then on the host."""
        return np.asarray(self.matrix + self.host)


def longer(one: Floats, other: Floats, exposed: Floats | float = 0.0) -> Floats:
    """The longer of two times that overlap, and the `exposed` share of the shorter [s]."""
    most = np.asarray(np.maximum(one, other))
    return most + exposed * np.minimum(one, other) if np.any(exposed) else most


@dataclass(frozen=True)
class Fetch:
    """Parameters of row `target` [B], fetched for `seconds` while row `during` computes."""

    during: int
    target: int
    bytes: float
    seconds: float


class Timing(ABC):
    """Combines what each row asks of the memories and the engines into the row's time.

    Most models are a norm: a row takes (m^p + c^p)^(1 / p) of the time m of moving bytes and the
    time c of computing, and state the exponent p. Such a model has closed forms, and the page works
    it out.
    """

    source: ClassVar[str]
    exponent: ClassVar[float | None] = None
    """p: 1 adds, infinity takes the longer; None: the model is no norm."""
    looks_ahead: ClassVar[bool] = False
    """True: what a row takes depends on the rows around it."""
    transfer_first: ClassVar[bool] = False
    """True: a row computes once its transfer is through; else both begin with the row."""

    @property
    def additive(self) -> bool:
        """True where the total is the sum of all memory, matrix and host times."""
        return self.exponent == 1

    @property
    def overlaps(self) -> bool:
        """True where a row takes the longer of its memory time and its compute."""
        return self.exponent == math.inf

    @abstractmethod
    def row_times(self, load: Load) -> Floats:
        """Time of each row (..., R) [s], without what launching it takes.

        Models use `load.memory` and `load.compute`; `load.transfer` alone is the bus without the
        time that bytes take on chip.
        """

    def exposed_times(self, load: Load) -> tuple[Floats, Floats]:
        """What moving bytes and what computing adds to each row's time, two of (..., R) [s].

        The two sum to `row_times`. By default the row's time is divided as its own times are.
        """
        if self.additive:
            return load.memory, load.compute
        own = load.memory + load.compute
        times = self.row_times(load)
        moving = times * np.divide(load.memory, own, out=np.zeros_like(own), where=own > 0)
        return moving, np.asarray(times - moving)

    def fetches(self, load: Load) -> list[Fetch]:
        """What is fetched ahead of its row at a single design point; nothing, for most models."""
        return []


TIMINGS = Family("timing", "costmodel.models.timing", "costmodel.timing", Timing)
