"""The contract of a timing model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ahead:
    """What can be fetched ahead of each row, and where it could be kept (..., R)."""

    params: Floats  # [B] parameters that come over the bus
    param_time: Floats  # [s] of the transfer that is theirs
    free: Floats  # [B] on chip that nothing occupies while the row runs


@dataclass(frozen=True, eq=False)
class Load:
    """What each row asks of the machine, design points in front (..., R)."""

    transfer: Floats  # [s] on the bus
    matrix: Floats  # [s] on the matrix engine
    host: Floats  # [s] on the host
    ahead: Callable[[], Ahead]  # worked out on demand, since few models ask


class Timing(ABC):
    """Combines what each row asks of the bus and the engines into the row's time."""

    source: ClassVar[str]
    additive: ClassVar[bool] = False  # True: the total is the sum of all bus, matrix and host times

    @abstractmethod
    def row_times(self, load: Load) -> Floats:
        """Time of each row (..., R) [s]."""
