"""Transpositions, slices and broadcasts move nothing where their readers take strides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from costmodel.core.builder import apply
from costmodel.core.graph_pass import Pass
from costmodel.core.layer import Layer
from costmodel.core.network import Key, Network, Row
from costmodel.core.part import OUTSIDE, Source
from costmodel.core.tally import Shape
from costmodel.models.layers.activation import Softmax
from costmodel.models.layers.attention import Attention
from costmodel.models.layers.matmul import Matmul
from costmodel.models.layers.move import Copy, Pieces, StridedView, Transpose
from costmodel.models.passes import _layout as lay
from costmodel.models.passes._cut_pieces import cut
from costmodel.models.passes._layout import Layout


class StridedViews(Pass):
    """A map is its memory and its strides; a copy is made only where a kernel needs another order.

    Convolutions need and write channels innermost, dense layers and norms rows one after the other,
    products a batch of matrices; elementwise kernels, pools and fused attention take any strides.
    Pieces of a map that all its readers cut out are written by its writer one by one; other pieces
    stay copies.
    """

    source = (
        "PyTorch documentation, 'Tensor Views' and 'Channels Last Memory Format'; numpy's rule for "
        "reshaping without a copy"
    )

    def apply(self, network: Network) -> Network:
        """Layouts forward, one row after the other; then views and pieces replace rows."""
        free = _Layouts(network).free
        rows = [_as_view(row) if row.id in free else row for row in network.rows]
        return cut(network.with_rows(rows), free)


def _as_view(row: Row) -> Row:
    """A row that moves nothing; pieces are dealt with together."""
    if isinstance(row.layer, Pieces):
        return row
    return replace(row, parts=(apply(StridedView(row.outputs), row.parts[0].inputs),))


def movable(row: Row) -> bool:
    """A row that could be a view: it selects or orders elements of one map, or repeats them."""
    expands = type(row.layer) is Copy and _broadcast(row)
    alone = len(row.parts) == len(row.inputs) == 1
    return alone and (isinstance(row.layer, Transpose | Pieces) or expands)


def _broadcast(row: Row) -> bool:
    """An expansion of axes of size 1."""
    small, large = row.parts[0].inputs[0], row.outputs[0]
    if len(small) != len(large) or small == large:
        return False
    return all(a in (1, b) for a, b in zip(small, large, strict=True))


def attends(row: Row) -> bool:
    """True for attention that runs as one kernel."""
    layers = [part.layer for part in row.parts]
    if any(isinstance(layer, Attention) for layer in layers):
        return True
    return all(any(isinstance(layer, kind) for layer in layers) for kind in (Matmul, Softmax))


class _Layouts:
    """The layout of every map, and the rows that need not copy (`free`)."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.free: set[str] = set()
        self.of: dict[Key, Layout] = {}
        for tap in network.inputs:
            image = len(tap.shape) >= 3
            laid = lay.channels_last(tap.shape, 0) if image else lay.row_major(tap.shape)
            self.of[tap.key] = laid
        for row in network.rows:
            outputs = self._moved(row) if movable(row) else None
            if outputs is not None:
                self.free.add(row.id)
            for tap, out in zip(row.taps, outputs or self._written(row), strict=True):
                self.of[tap.key] = out

    def _moved(self, row: Row) -> list[Layout] | None:
        """The outputs of a movable row as views, if every reader takes them; else None."""
        source = lay.seen(self.of[row.inputs[0].key], row.parts[0].inputs[0])
        if source is None:
            return None
        outputs = []
        for tap in row.taps:
            out = _view(row, source, tap.shape)
            if out is None or not self._taken(tap.key, out):
                return None
            outputs.append(out)
        return outputs

    def _taken(self, key: Key, out: Layout) -> bool:
        """True where every reader's kernel takes a map with this layout."""
        return all(
            _takes(reader, layer, shown)
            for reader in self.network.readers(key)
            for place, tap in enumerate(reader.inputs)
            if tap.key == key
            for layer, shown in _shown(out, reader, place)
        )

    def _written(self, row: Row) -> list[Layout]:
        """The outputs of a row that writes memory of its own."""
        layer = row.layer
        if layer.writes == "channels_last":
            return [lay.channels_last(s, layer.channel_axis(s)) for s in row.outputs]
        if layer.writes == "row_major" or not row.inputs:
            if attends(row):
                return [_heads_inside_tokens(row, shape) for shape in row.outputs]
            return [lay.row_major(shape, row.samples_at) for shape in row.outputs]
        known = [
            shown
            for place, tap in enumerate(row.inputs)
            for _, shown in _shown(self.of[tap.key], row, place)
            if shown is not None
        ]
        if not known:
            return [lay.row_major(shape) for shape in row.outputs]
        largest = max(known, key=lambda shown: shown.size)
        return [lay.alike(largest, shape) for shape in row.outputs]


def _heads_inside_tokens(row: Row, shape: Shape) -> Layout:
    """What one kernel of attention writes: the heads of a token side by side."""
    axes = list(range(len(shape)))
    if len(shape) - row.pieces == 3:
        axes[-3:-1] = axes[-2], axes[-3]
    return lay.dense(shape, axes)


def _shown(layout: Layout, reader: Row, place: int) -> Iterator[tuple[Layer, Layout | None]]:
    """The layers of a row that read an input, and the input as each sees it.

    That is behind the reshapes between; None where these take a copy.
    """
    for part, operand in reader.readers(Source(OUTSIDE, place)):
        yield part.layer, lay.seen(layout, part.inputs[operand])


def _view(row: Row, source: Layout, shape: Shape) -> Layout | None:
    """One output of a movable row as a view of its source."""
    layer, given = row.layer, row.parts[0].inputs[0]
    if isinstance(layer, Transpose):
        return source.transpose((0, *(axis + 1 for axis in layer.axes)))
    if isinstance(layer, Pieces):
        return _piece(layer, source, given, shape)
    return np.broadcast_to(source, (source.shape[0], *shape))


def _piece(layer: Pieces, source: Layout, given: Shape, shape: Shape) -> Layout | None:
    """A range of each axis, or one position of one axis."""
    if layer.axis is not None:
        before = (slice(None),) * (layer.axis + 1)
        return np.asarray(source[(*before, slice(0, 1))]).squeeze(layer.axis + 1)
    if len(shape) != len(given):
        return None
    return source[(slice(None), *map(slice, shape))]


def _takes(reader: Row, layer: Layer, shown: Layout | None) -> bool:
    """True where the kernel of a row works on such strides of what its `layer` reads."""
    if shown is None or attends(reader) or movable(reader):
        return shown is not None
    if layer.reads == "channels_last":
        shape = shown.shape[1:]
        return shown.strides == lay.channels_last(shape, layer.channel_axis(shape)).strides
    if layer.reads == "matrices":
        return lay.merged(shown)
    return layer.reads != "row_major" or bool(shown.flags.c_contiguous)
