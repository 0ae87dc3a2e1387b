"""A what-if: the map between a depthwise and its pointwise convolution never leaves the chip."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from costmodel.arch.network import Network, Row
from costmodel.layers.conv import Conv2d
from costmodel.passes.base import Draft, Pass, elementwise


class FuseDepthwise(Pass):
    """A 1x1 convolution joins the depthwise row that feeds it alone; the map between them never moves.

    What stands between them (batch norm, activation) has to be fused into the depthwise row before.
    """

    source: ClassVar[str] = (
        "a what-if, after the depthwise separable blocks of Howard et al. 2017 (arXiv 1704.04861)"
    )

    def apply(self, network: Network) -> Network:
        """One sweep over the 1x1 convolutions."""
        draft = Draft(network)
        for row in network.rows:
            layer = row.parts[0].layer
            if isinstance(layer, Conv2d) and (layer.kernel, layer.groups) == ((1, 1), 1):
                first = draft.feeds_only(row.inputs[0], row)
                if first is not None and separable(first):
                    draft.merge(first, row, (*first.parts, *row.parts))
        return draft.network()


def separable(row: Row) -> bool:
    """True for a depthwise convolution with nothing behind it but elementwise functions."""
    rest = replace(row, parts=row.parts[1:])
    return row.parts[0].layer.kind == "depthwise_conv2d" and elementwise(rest)
