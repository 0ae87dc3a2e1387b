"""Concatenations that copy nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from costmodel.arch.network import Network, Row
from costmodel.layers.merge import Concat, ConcatInPlace
from costmodel.passes.base import Draft, Pass


class ViewConcat(Pass):
    """Readers of a concatenation read its parts where they lie, so that joining them moves nothing."""

    source: ClassVar[str] = (
        "Pleiss et al. 2017 (arXiv 1707.06990), section 4 (shared storage of DenseNet)"
    )

    def apply(self, network: Network) -> Network:
        """Every row that only concatenates maps becomes a view of them; one with constants stays."""
        draft = Draft(network)
        for row in network.rows:
            if len(row.parts) == 1 and isinstance(row.parts[0].layer, Concat) and not _stored(row):
                part = replace(row.parts[0], layer=ConcatInPlace(axis=row.parts[0].layer.axis))
                draft.rows[row.id] = replace(row, parts=(part,))
        return draft.network()


def _stored(row: Row) -> bool:
    constants = row.constants
    return constants is not None and bool(constants.elements or constants.fixed_bytes)
