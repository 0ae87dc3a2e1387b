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
    """Where things live: True is on chip. A leading axis stands for memories or design points."""

    tensors: Bools  # (..., T) feature maps
    params: Bools  # (..., R) each row's parameters
    once: Any  # (..., R) [B] moved once besides: inputs loaded, outputs stored

    def at(self, points: Any) -> Plan:
        """The plan of each design point, `points` (...) being places on the leading axis."""
        return Plan(self.tensors[points], self.params[points], self.once[points])


class Placement(ABC):
    """A rule that says, for each on-chip memory size, which tensors live there."""

    source: ClassVar[str]
    threshold: ClassVar[bool] = False  # True: a tensor is inside iff its size is at most the memory

    @abstractmethod
    def plan(self, workload: Workload, memory: Any) -> Plan:
        """The plans for on-chip memories `memory` (M,) [B], which are distinct."""
