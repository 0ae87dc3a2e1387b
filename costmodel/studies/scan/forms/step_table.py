"""Amounts of all rows together as step functions of a memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from costmodel.core.arrays import Ints
from costmodel.core.terms import Amount, amount_of, every_amount
from costmodel.studies.scan.forms.surface import Surface


def step_table(
    inside: Mapping[str, Any],
    memory: Ints,
    outside: Mapping[str, Any],
    least: int = 0,
    words: Collection[Amount] | None = None,
) -> Surface:
    """The amounts of all rows together: `inside` an endless memory, and what is asked for besides.

    That is `outside` (N,) in any memory that is smaller than `memory` (N,). With a `least` memory
    the table begins there. Three maps of 4, 8 and 8 B that are read once give the `sizes` [4, 8],
    and `read` [20, 16, 0]. The `words` are those of the amounts, by default of all terms.
    """
    order = np.argsort(memory, kind="stable")
    sizes, first = np.unique(memory[order], return_index=True)
    begins, kept = np.append(first, len(order)), sizes >= least
    tables: dict[Amount, Any] = {}
    for amount in every_amount() if words is None else words:
        constant = float(np.sum(amount_of(amount, inside)))
        more = amount_of(amount, outside)
        if not np.any(more) and amount != "external_bytes":
            tables[amount] = constant
            continue
        more = np.broadcast_to(more, len(order))[order]
        # from the largest down nothing is subtracted: where all is inside, exactly nothing is left
        sums = np.append(np.cumsum(more[::-1])[::-1], 0)[begins] + constant
        if least:
            # below the least memory nothing is asked for
            sums = sums[1:][kept]
            sums = np.append(sums[:1], sums)
        tables[amount] = sums.astype(float)
    return Surface(sizes[kept].astype(float), tables, float(least))
