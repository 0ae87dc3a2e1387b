"""The contract of a placement policy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from costmodel.workload import Workload

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Plan:
    """Where things live: True is on chip. Leading axes are design points."""

    tensors: Bools  # (..., T) feature maps
    params: Bools  # (..., R) each row's parameters


class Placement(ABC):
    """A rule that says, for each on-chip memory size, which tensors live there."""

    source: ClassVar[str]
    threshold: ClassVar[bool] = False  # True: a tensor is inside iff its size is at most the memory

    @abstractmethod
    def plan(self, workload: Workload, memory: Any) -> Plan:
        """The plan for on-chip memories `memory` [B]: a number, or an array of design points."""
