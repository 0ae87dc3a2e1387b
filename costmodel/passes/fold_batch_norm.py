"""Batch norm becomes part of the weights in front of it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from costmodel.arch.network import Constants, Network, Part, Row
from costmodel.passes.base import Draft, Pass
from costmodel.tally import Tally

LINEAR = ("conv2d", "depthwise_conv2d", "conv_transpose2d", "linear")


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
                if first is not None and first.parts[-1].layer.kind in LINEAR:
                    _fold(draft, first, row)
        return draft.network()


def _fold(draft: Draft, first: Row, norm: Row) -> None:
    folded = with_bias(first.parts[-1])
    added = folded.tally.biases - first.parts[-1].tally.biases
    row = draft.merge(first, norm, (*first.parts[:-1], folded, *norm.parts[1:]))
    if row.constants is not None:  # the batch norm's own have gone
        kept = first.constants or Constants(sum(p.tally.moved_params for p in first.parts), 0)
        rest = sum(part.tally.moved_params for part in norm.parts[1:])
        draft.rows[row.id] = replace(
            row, constants=Constants(kept.elements + added + rest, kept.fixed_bytes)
        )


def with_bias(part: Part) -> Part:
    """A convolution or dense layer with a bias per output channel; as it is if it has one."""
    tally: Tally = part.tally
    if tally.biases:
        return part
    shape = part.outputs[0]
    channels = shape[0] if len(shape) != 4 else shape[1]  # imported maps bear their batch axis
    return replace(
        part, tally=replace(tally, biases=shape[-1] if part.layer.kind == "linear" else channels)
    )
