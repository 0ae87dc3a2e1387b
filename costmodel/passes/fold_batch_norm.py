"""Batch norm becomes part of the weights in front of it."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import ClassVar

from costmodel.arch.network import Constants, Network, Part, Row
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.conv_transpose import ConvTranspose2d
from costmodel.layers.linear import Linear
from costmodel.passes.base import Draft, Pass


class FoldBatchNorm(Pass):
    """A batch norm behind a convolution or dense layer goes into its weights and, if it had none, a new bias.

    w' = a w and b' = a b + s for y = a x + s: no operation is left, and one parameter per channel at most.
    """

    source: ClassVar[str] = "Jacob et al. 2018 (arXiv 1712.05877), section 3.2, eq. (14)"

    def apply(self, network: Network) -> Network:
        """One sweep; what stood behind the batch norm in a fused row stays behind the convolution."""
        draft = Draft(network)
        for row in network.rows:
            if row.parts[0].layer.kind == "batch_norm" and len(row.inputs) == 1:
                first = draft.feeds_only(row.inputs[0], row)
                if first is not None and foldable(first.parts[-1], row.parts[0]):
                    _fold(draft, first, row)
        return draft.network()


def foldable(part: Part, norm: Part) -> bool:
    """True where the norm's channels are those that the layer in front of it makes."""
    layer, channels = part.layer, int(norm.tally.in_channels)
    if isinstance(layer, Linear):  # of one vector: the channels of tokens are the tokens
        return channels == layer.features == prod(part.outputs[0])
    if isinstance(layer, DepthwiseConv2d):
        return channels == int(part.tally.in_channels) * layer.multiplier
    return isinstance(layer, Conv2d | ConvTranspose2d) and channels == layer.filters


def _fold(draft: Draft, first: Row, norm: Row) -> None:
    part, channels = first.parts[-1], int(norm.parts[0].tally.in_channels)
    held = (
        sum(p.tally.moved_params for p in first.parts)
        if first.constants is None
        else first.constants.elements
    )
    others = sum(p.tally.moved_params for p in first.parts[:-1])
    added = 0 if getattr(part.layer, "bias", False) else channels
    # what was shared with another row is no longer: the norms differ
    biases = channels if added or getattr(part.layer, "bias", False) else 0
    tally = part.tally
    if first.constants is None or not first.constants.fixed_bytes:
        tally = replace(tally, weights=held - others - (biases - added), biases=biases)
    row = draft.merge(first, norm, (*first.parts[:-1], replace(part, tally=tally), *norm.parts[1:]))
    if row.constants is not None:  # the batch norm's own have gone
        fixed = first.constants.fixed_bytes if first.constants else 0
        rest = sum(p.tally.moved_params for p in norm.parts[1:])
        draft.rows[row.id] = replace(row, constants=Constants(held + added + rest, fixed))
