"""Concatenations that copy nothing."""

from __future__ import annotations

from dataclasses import replace

from costmodel.core.builder import apply
from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row
from costmodel.models.layers.merge import Concat, ConcatInPlace


class ViewConcat(Pass):
    """Readers of a concatenation read its parts where they lie, so that joining moves nothing."""

    source = "Pleiss et al. 2017 (arXiv 1707.06990), section 4 (shared storage of DenseNet)"

    def apply(self, network: Network) -> Network:
        """Make every row that only concatenates maps a view of them.

        A row with constants stays as it is.
        """
        return network.with_rows(map(_as_view, network.rows))


def _as_view(row: Row) -> Row:
    """A row that only concatenates maps as a view of them; another as it is."""
    layer = row.layer
    if len(row.parts) > 1 or not isinstance(layer, Concat) or layer.constants:
        return row
    return replace(row, parts=(apply(ConcatInPlace(layer.axis), row.parts[0].inputs),))
