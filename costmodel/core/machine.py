"""A machine as the plain numbers that the formula needs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from costmodel.core.quantities import MachineQuantity


@dataclass(frozen=True)
class Machine:
    """Numbers, or equally shaped numpy arrays of design points; one attribute for each figure."""

    bandwidth: Any
    """Of the external memory: reads, and writes too where they have none of their own [B/s]."""
    memory: Any
    """On chip [B]."""
    matrix: Any
    """Rate of the matrix engine [op/s]."""
    host: Any
    """Rate of the host [op/s]."""
    write_bandwidth: Any = None
    """Of writes to the external memory [B/s]; None: the bandwidth."""
    on_chip_bandwidth: Any = None
    """[B/s]; None: maps on chip take no time."""
    matrix_launch: Any = 0.0
    """Of a row that the matrix engine runs, once [s]."""
    host_launch: Any = 0.0
    """Of a row that the host runs, once [s]."""
    link_bandwidth: Any = math.inf
    """To the other devices, from each [B/s]."""
    link_latency: Any = 0.0
    """Of one message to another device [s]."""
    overhead: Any = 0.0
    """Of a run, once [s]: the call, the driver, setting up transfers."""

    def with_quantity(self, quantity: MachineQuantity, value: Any) -> Machine:
        """The same machine with one figure replaced."""
        return replace(self, **dict.fromkeys(quantity.fields, value))

    def scaled(self, quantity: MachineQuantity, factor: float) -> Machine:
        """The same machine with one figure multiplied by `factor`."""
        return replace(self, **{name: getattr(self, name) * factor for name in quantity.fields})

    def value(self, quantity: MachineQuantity) -> Any:
        """One figure; None where the machine has none, or one for each engine."""
        first, *others = (getattr(self, name) for name in quantity.fields)
        return (
            first
            if all(other is first or np.array_equal(other, first) for other in others)
            else None
        )
