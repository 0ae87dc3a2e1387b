"""A what-if: the map between a depthwise and its pointwise convolution never leaves the chip."""

from __future__ import annotations

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row
from costmodel.models.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.models.passes._draft import Draft


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
        draft = Draft(network)
        for row in network.rows:
            if isinstance(row.layer, Conv2d) and row.layer.runs_as == "dense":
                first = draft.feeds_only(row.source_of(0, 0), row)
                if first is not None and separable(first):
                    draft.merge(first, row)
        return draft.network()


def separable(row: Row) -> bool:
    """True for a depthwise convolution with nothing behind it but elementwise functions."""
    rest = row.parts[1:]
    return isinstance(row.layer, DepthwiseConv2d) and all(part.elementwise for part in rest)
