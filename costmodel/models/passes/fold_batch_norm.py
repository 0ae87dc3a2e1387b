"""Batch norm becomes part of the weights in front of it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from costmodel.core.builder import work_out
from costmodel.core.draft import Draft
from costmodel.core.graph_pass import Pass
from costmodel.core.network import Constants, Network, Part, Row
from costmodel.core.tally import Tally
from costmodel.models.layers.norm import BatchNorm


class FoldBatchNorm(Pass):
    """A batch norm behind a convolution or dense layer goes into its weights and a bias.

    w' = a w and b' = a b + s for y = a x + s: no operation is left, and one parameter per channel
    at most. It may stand in a row of its own, or be fused into the layer's row already.
    """

    source: ClassVar[str] = "Jacob et al. 2018 (arXiv 1712.05877), section 3.2, eq. (14)"

    def apply(self, network: Network) -> Network:
        """One sweep; what stood behind the batch norm in a fused row stays behind the layer."""
        draft = Draft(network)
        for row in network.rows:
            if isinstance(row.layer, BatchNorm) and len(row.inputs) == 1:
                first = draft.feeds_only(row.inputs[0], row)
                if first is not None and foldable(first.parts[-1], row.parts[0]) is not None:
                    draft.merge(first, row)
        for name, row in draft.rows.items():
            draft.rows[name] = folded(row)
        return draft.network()


def foldable(part: Part, norm: Part) -> Part | None:
    """The layer with the norm in it; None where the norm's channels are not those that it makes."""
    found = part.layer.folded(part.inputs, part.outputs)
    if found is None or not isinstance(norm.layer, BatchNorm):
        return None
    channels, layer = found
    return work_out(layer, part.inputs) if channels == norm.tally.in_channels else None


def folded(row: Row) -> Row:
    """A row with each batch norm inside it folded into the part in front of it."""
    parts, held = list(row.parts), row.constants
    place = 1
    while place < len(parts):
        before, norm = parts[place - 1], parts[place]
        after = foldable(before, norm)
        if after is None:
            place += 1
            continue
        parts[place - 1 : place + 1] = [after]
        held = held and _without(held, before, norm, after)
    return replace(row, parts=tuple(parts), constants=held)


def _without(held: Constants, before: Part, norm: Part, after: Part) -> Constants:
    """What a row holds once the norm's scale and shift are folded away, and a bias is there."""
    bias = after.tally.biases - before.tally.biases
    gone = norm.tally.bn_scale + norm.tally.bn_shift
    if held.fixed_bytes:
        norms = dict.fromkeys(("bn_scale", "bn_shift", "bn_mean", "bn_variance"), 0)
        counted = replace(held.counted, biases=held.counted.biases + bias, **norms)
    else:
        # what was shared with another row is no longer: the norms differ
        weights = held.elements - gone - before.tally.biases
        counted = Tally(weights=weights, biases=after.tally.biases)
    return replace(held, counted=counted, elements=held.elements - gone + bias)
