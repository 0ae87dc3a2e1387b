"""Batch norm becomes part of the weights in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from costmodel.core.builder import apply
from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row, changed
from costmodel.core.part import OUTSIDE, Constants, Part, Source
from costmodel.core.tally import Tally
from costmodel.models.layers.norm import BatchNorm
from costmodel.models.passes._draft import Draft, fused, joined


class FoldBatchNorm(Pass):
    """A batch norm behind a convolution or dense layer goes into its weights and a bias.

    w' = a w and b' = a b + s for y = a x + s: no operation is left, and one parameter per channel
    at most. It may stand in a row of its own, or be fused into the layer's row already.
    """

    source = "Jacob et al. 2018 (arXiv 1712.05877), section 3.2, eq. (14)"

    def apply(self, network: Network) -> Network:
        """One sweep; what stood behind the batch norm in a fused row stays behind the layer."""
        network = fused(network, _normalised)
        return network.with_rows(map(folded, network.rows))


def _normalised(draft: Draft, row: Row) -> Iterator[Row]:
    """The row in front of a batch norm that the norm can be folded into."""
    if isinstance(row.layer, BatchNorm) and len(row.inputs) == 1:
        first = draft.feeds_only(row.inputs[0], row)
        if first is not None and foldable(joined(first, row), len(first.parts)):
            yield first


def foldable(row: Row, place: int) -> Part | None:
    """The layer with the batch norm behind it folded in, where the part at `place` is that norm.

    None where it is no norm, where others read what it normalises, or where its channels are not
    those that the layer makes.
    """
    norm = row.parts[place]
    if not isinstance(norm.layer, BatchNorm) or norm.reads[0].part == OUTSIDE:
        return None
    before = row.parts[norm.reads[0].part]
    foldings = before.layer.folded(before.inputs, before.outputs)
    if foldings is None or len(list(row.readers(norm.reads[0]))) > 1:
        return None
    channels, layer = foldings
    after = changed(apply(layer, before.inputs), reads=before.reads)
    return after if channels == norm.tally.in_channels else None


def folded(row: Row) -> Row:
    """A row with each batch norm inside it folded into the part that it reads."""
    place = 1
    while place < len(row.parts):
        after = foldable(row, place)
        row = row if after is None else _folded_at(row, place, after)
        place += after is None
    return row


def _folded_at(row: Row, place: int, after: Part) -> Row:
    """The row without the norm at `place`, whose readers read the layer `after` instead."""
    norm = row.parts[place]
    (given,) = norm.reads

    def kept(source: Source) -> Source:
        further = source.part > place
        return given if source.part == place else Source(source.part - further, source.port)

    parts = [changed(part, reads=tuple(map(kept, part.reads))) for part in row.parts]
    parts[given.part] = after
    del parts[place]
    held = row.constants and _without(row.constants, row.parts[given.part], norm, after)
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
