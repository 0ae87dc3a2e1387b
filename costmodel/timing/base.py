"""The contract of a timing model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Timing(ABC):
    """Combines what each row asks of the bus and the engines into the row's time."""

    source: ClassVar[str]
    additive: ClassVar[bool] = False  # True: the total is the sum of all bus, matrix and host times

    @abstractmethod
    def row_times(self, transfer: Floats, matrix: Floats, host: Floats) -> Floats:
        """Time of each row (..., R) [s] from its bus, matrix and host times (..., R) [s]."""
