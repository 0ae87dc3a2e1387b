"""A what-if: the map between a depthwise and its pointwise convolution never leaves the chip."""

from __future__ import annotations

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row
from costmodel.models.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.models.passes._draft import Draft, fused


class FuseDepthwise(Pass):
    """A 1x1 convolution joins the depthwise row that feeds it alone.

    The map between them never moves. What stands between them (batch norm, activation) has to be
    fused into the depthwise row before.
    """

    source = (
        "a what-if, after the depthwise separable blocks of Howard et al. 2017 (arXiv 1704.04861)"
    )

    def apply(self, network: Network) -> Network:
        """One sweep over the 1x1 convolutions."""
        return fused(network, _depthwise)


def _depthwise(draft: Draft, row: Row) -> list[Row]:
    """The depthwise convolution that feeds a 1x1 convolution, if what follows it is elementwise."""
    pointwise = isinstance(row.layer, Conv2d) and row.layer.runs_as == "dense"
    first = draft.feeds_only(row.source_of(0, 0), row) if pointwise else None
    if first is None or not isinstance(first.layer, DepthwiseConv2d):
        return []
    return [first] if all(part.elementwise for part in first.parts[1:]) else []
