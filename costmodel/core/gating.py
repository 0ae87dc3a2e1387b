"""Multiply-adds that a machine gates because an operand is zero: they take time, and no energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.density import DENSE
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
    said = {row.id: row for row in written.rows if row.density != DENSE}
    if not said:
        return workload
    _check_kept(said, {row.id: row for row in network.rows})
    awake = np.array([row.density.awake for row in network.rows])
    kept = {one.name: getattr(workload, one.name) for one in fields(Workload)}
    return GatedWorkload(**kept, awake=awake)


def _check_kept(said: Mapping[str, Row], runs: Mapping[str, Row]) -> None:
    """Raise BadValue where a pass put products with a density beside others."""
    for word, row in said.items():
        kept = runs.get(word)
        if kept is None or _products(kept) > _products(row):
            raise BadValue(
                f"row '{word}' says a density, and a pass runs it together with other products",
                "leave the pass out, or the density",
            )


def _products(row: Row) -> int:
    """How many parts of a row multiply and add."""
    return sum(bool(part.tally.macs) for part in row.parts)
