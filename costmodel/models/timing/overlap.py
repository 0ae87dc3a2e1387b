"""Transfer and compute of a row at the same time."""

from __future__ import annotations

import math

import numpy as np

from costmodel.core.timing import Floats, Load, Timing, longer


class Overlap(Timing):
    """Double buffering: a row takes the longer of its transfer and its compute.

    Rows follow one another.
    """

    source = "Williams et al. 2009, Roofline: a kernel is bound by the slower of the two"

    exponent = math.inf

    def row_times(self, load: Load) -> Floats:
        """max(transfer, matrix + host), and the exposed share of the shorter."""
        return longer(load.memory, load.compute, load.exposed)

    def exposed_times(self, load: Load) -> tuple[Floats, Floats]:
        """The longer side whole, and of the shorter the share that the longer does not hide."""
        rest = load.exposed
        memory, compute = np.broadcast_arrays(load.memory, load.compute)
        waits = memory >= compute
        return (
            np.where(waits, memory, rest * memory),
            np.where(waits, rest * compute, compute),
        )
