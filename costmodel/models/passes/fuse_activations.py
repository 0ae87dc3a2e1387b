"""Elementwise functions of one map run in the row that writes it."""

from __future__ import annotations

from typing import ClassVar

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row
from costmodel.models.passes._draft import Draft


class FuseActivations(Pass):
    """An elementwise row with one map joins the row that writes that map, if nobody else reads it.

    Functions spelt out in several rows (a sigmoid and its product, a GELU by erf) are joined first.
    """

    source = (
        "operator fusion: Chen et al. 2018, TVM (arXiv 1802.04799), section 3 (injective operators)"
    )

    sweeps: ClassVar[tuple[bool, ...]] = (False,)
    """Whether rows may bring further maps along, for each sweep."""

    def apply(self, network: Network) -> Network:
        """Sweeps in execution order; a row that was joined is looked at again."""
        draft = Draft(network)
        for more in self.sweeps:
            for name in list(draft.rows):
                current: Row | None = draft.rows.get(name)
                while current is not None and current.elementwise:
                    current = _fused(draft, current, more)
        return draft.network()


def _fused(draft: Draft, row: Row, more_inputs: bool) -> Row | None:
    """`row` joined with one of its producers, or None where none may be.

    Its other maps must be read by that producer anyway (x * sigmoid(x)), unless `more_inputs` are
    allowed.
    """
    for tap in row.inputs:
        first = draft.feeds_only(tap, row)
        if first is None or first.outputs[0] != row.outputs[0]:
            continue
        others = {other for other in row.inputs if other != tap}
        alone = not others or (first.elementwise and others <= set(first.inputs))
        if alone or more_inputs:
            return draft.merge(first, row)
    return None
