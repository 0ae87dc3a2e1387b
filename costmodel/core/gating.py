"""Multiply-adds that a machine gates because an operand is zero: they take time, and no energy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.density import DENSE, Density
from costmodel.core.network import Network, Row
from costmodel.core.workload import Workload
from costmodel.errors import BadValue


@dataclass(frozen=True, eq=False)
class GatedWorkload(Workload):
    """A workload of whose multiply-adds a share is awake."""

    awake: Floats | float = 1.0
    """(R,) the share of each row's multiply-adds neither of whose operands is zero."""

    @cached_property
    def row_amounts(self) -> dict[str, Any]:
        """The amounts of any workload, and the multiply-adds that take energy (R,)."""
        return {**super().row_amounts, "awake_macs": self.macs * self.awake}


def gated(workload: Workload, network: Network, written: Network) -> Workload:
    """Give a workload whose rows' multiply-adds are gated by the densities that their files say.

    Parameters
    ----------
    workload : Workload
        Of the R rows of `network`.
    network : Network
        As it runs, passes applied.
    written : Network
        As it was written, where the densities were said.

    Returns
    -------
    Workload
        The same one where no row says a density.

    Raises
    ------
    BadValue
        Where a pass took a row that says a density away, or put further products into it.

    """
    said, kept = _products(written.rows), _products(network.rows)
    if not said:
        return workload
    for density, count in said.items():
        if kept[density] != count:
            word = next(row.id for row in written.rows if row.density == density)
            raise BadValue(
                f"row '{word}' says a density, and a pass runs it together with other products",
                "leave the pass out, or the density",
            )
    awake = np.array([row.density.awake for row in network.rows])
    counted = {one.name: getattr(workload, one.name) for one in fields(Workload)}
    return GatedWorkload(**counted, awake=awake)


def _products(rows: Iterable[Row]) -> Counter[Density]:
    """How many parts multiply and add operands of each density but the dense ones."""
    sparse = (row for row in rows if row.density != DENSE)
    return Counter(row.density for row in sparse for part in row.parts if part.tally.macs)
