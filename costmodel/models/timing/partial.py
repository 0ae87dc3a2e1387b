"""Transfer and compute of a row overlap in part."""

from __future__ import annotations

import numpy as np

from costmodel.core.timing import Floats, Load, Timing


class Partial(Timing):
    """A row takes the root of the sum of the squares of its transfer and its compute.

    This lies between `serial` and `overlap`: near the ridge point neither hides the other. A kernel
    fills and drains its pipeline, and its loads and its arithmetic stall one another most where
    they take equally long: there a row takes 1.41 times either, against 2 (serial) and 1 (overlap);
    far from it all three agree.
    """

    source = (
        "generalised mean of the roofline's two times; exponent 2, "
        "the smooth knee that measured rooflines show (Williams et al. 2009, Figure 3)"
    )

    exponent = 2.0

    def row_times(self, load: Load) -> Floats:
        """hypot(transfer, matrix + host)."""
        return np.asarray(np.hypot(load.memory, load.compute))

    def exposed_times(self, load: Load) -> tuple[Floats, Floats]:
        """Each side's square over the row's time: what the total loses per per cent of that side.

        A transfer of 3 s and a compute of 4 s take 5 s, of which 9 / 5 and 16 / 5 s are exposed.
        """
        times = self.row_times(load)
        over = np.where(times > 0, times, 1.0)
        return np.asarray(load.memory**2 / over), np.asarray(load.compute**2 / over)
