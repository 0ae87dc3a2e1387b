"""Transfer and compute of a row overlap in part."""

from __future__ import annotations

from costmodel.core.timing import Timing


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
