"""Channels are padded to what a matrix engine takes at once."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, log2

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, changed
from costmodel.core.part import Part
from costmodel.models.layers.conv import Conv2d

STEP = 8
"""[channels] of 16 bits that a tensor core's instruction takes: 16 bytes."""


class PadChannels(Pass):
    """A convolution computes with its input and output channels rounded up to multiples of 8.

    In groups it is the channels of each group, up to the next power of two. What is multiplied by
    zero takes time all the same; the multiply-adds that are reported stay those of the network.
    Only for dtypes of 16 bits.
    """

    source = (
        "NVIDIA Deep Learning Performance documentation, 'Convolutional Layers User's Guide', "
        "channels in and out: cuDNN pads to multiples of 8 in fp16"
    )
    bits = 16

    def apply(self, network: Network) -> Network:
        """Every convolution; parameters and maps stay as they are."""
        return network.with_rows(
            changed(row, parts=tuple(map(_padded, row.parts))) for row in network.rows
        )


def _padded(part: Part) -> Part:
    """A convolution that executes more multiply-adds than it counts; another part as it is."""
    layer = part.layer
    if not isinstance(layer, Conv2d):
        return part
    filters, channels = layer.filters // layer.groups, part.tally.in_channels // layer.groups
    if channels == 1 and layer.groups > 1:
        return part
    done = _up(filters, layer.groups > 1) * _up(channels, layer.groups > 1)
    macs = part.tally.macs * done // (filters * channels)
    return replace(part, executed=replace(part.tally, macs=macs))


def _up(count: int, grouped: bool) -> int:
    """The channels that are computed for `count`."""
    return max(STEP, 2 ** ceil(log2(count))) if grouped else ceil(count / STEP) * STEP
