"""The contract of a timing model."""

from __future__ import annotations

import math
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
    levels: tuple[Floats, ...] = ()
    """[s] of the bytes between each level on chip and what lies inside it, where levels are stated
    one by one."""
    exponent: float | None = 1.0
    """How the boundaries between levels combine, as those of the timing model do; None: added."""

    @property
    def memory(self) -> Floats:
        """[s] on the bus and then on chip: all the time that moving bytes takes.

        Boundaries between levels that are stated one by one combine as memory and compute do.
        """
        if self.on_chip is NO_TIME and not self.levels:
            return self.transfer
        alone = np.asarray(self.transfer + self.on_chip)
        if not self.levels:
            return alone
        every = np.stack(np.broadcast_arrays(alone, *self.levels))
        if self.exponent == math.inf:
            return np.asarray(every.max(axis=0))
        power = self.exponent or 1.0
        return np.asarray((every**power).sum(axis=0) ** (1 / power))

    @property
    def compute(self) -> Floats:
        """[s] on the matrix engine and then on the host."""
        return np.asarray(self.matrix + self.host)


def longer(one: Floats, other: Floats, exposed: Floats | float = 0.0) -> Floats:
    """The longer of two times that overlap, and the `exposed` share of the shorter [s]."""
    most = np.asarray(np.maximum(one, other))
    # asked once for each row by models that look ahead, so that numpy is not asked of a number
    rest = exposed if isinstance(exposed, float) else exposed.any()
    return most + exposed * np.minimum(one, other) if rest else most


@dataclass(frozen=True)
class Fetch:
    """Parameters of row `target` [B], fetched for `seconds` while row `during` computes."""

    during: int
    target: int
    bytes: float
    seconds: float


class Timing:
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

    def row_times(self, load: Load) -> Floats:
        """Time of each row (..., R) [s], without what launching it takes.

        By default that of the `exponent`; a model without one works it out. Models use
        `load.memory` and `load.compute`; `load.transfer` alone is the bus without the time that
        bytes take on chip.

        A transfer of 3 s and a compute of 4 s take 7 s with exponent 1, 5 s with 2, and 4 s with
        infinity.
        """
        if self.exponent is None:
            raise NotImplementedError(type(self).__name__)
        if self.additive:
            return np.asarray(load.memory + load.matrix + load.host)
        if self.overlaps:
            return longer(load.memory, load.compute, load.exposed)
        if self.exponent == 2:
            return np.asarray(np.hypot(load.memory, load.compute))
        powers = load.memory**self.exponent + load.compute**self.exponent
        return np.asarray(powers ** (1 / self.exponent))

    def exposed_times(self, load: Load) -> tuple[Floats, Floats]:
        """What moving bytes and what computing adds to each row's time, two of (..., R) [s].

        The two sum to `row_times`. Under an exponent p a side m of a row that takes t adds
        m^p / t^(p - 1), which is what the total loses per per cent of that side: of 3 s and 4 s,
        which take 5 s with exponent 2, 9 / 5 and 16 / 5 s. Where the longer side hides the shorter
        one, it counts whole. A model without an exponent divides the row's time as its own times
        are.
        """
        if self.additive:
            return load.memory, load.compute
        times = self.row_times(load)
        if self.exponent is None:
            own = load.memory + load.compute
            moving = times * np.divide(load.memory, own, out=np.zeros_like(own), where=own > 0)
            return moving, np.asarray(times - moving)
        moving, computing = np.broadcast_arrays(load.memory, load.compute)
        if self.overlaps:
            waits = moving >= computing
            rest = load.exposed * np.where(waits, computing, moving)
            return np.where(waits, moving, rest), np.where(waits, rest, computing)
        over = np.where(times > 0, times, 1.0) ** (self.exponent - 1)
        return moving**self.exponent / over, computing**self.exponent / over

    def fetches(self, load: Load) -> list[Fetch]:
        """What is fetched ahead of its row at a single design point; nothing, for most models."""
        return []


TIMINGS = Family("timing", "costmodel.models.timing", "costmodel.timing", Timing)
