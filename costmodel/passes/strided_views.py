"""Transpositions, slices and broadcasts move nothing where their readers take strides."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from costmodel import layout as lay
from costmodel.arch.network import Network, Part, Row, Tap
from costmodel.layers.move import Copy, Piece, StridedView, Transpose
from costmodel.layout import Layout
from costmodel.passes.base import Pass, rebuilt
from costmodel.tally import Shape, Tally

BATCH = 2  # stands for any batch above 1: the exporter's 1 would hide that axes cannot be merged
Key = tuple[str, int]


class StridedViews(Pass):
    """A map is its memory and its strides; a copy is made only where a kernel needs another order.

    Convolutions need and write channels innermost, dense layers and norms rows one after the other, products a batch
    of matrices; elementwise kernels, pools and fused attention take any strides. Pieces of a map that all its readers
    cut out are written by its writer one by one; other pieces stay copies.
    """

    source: ClassVar[str] = (
        "PyTorch documentation, 'Tensor Views' and 'Channels Last Memory Format'; numpy's rule for reshaping without a copy"
    )

    def apply(self, network: Network) -> Network:
        """Layouts forward, one row after the other; then views and pieces replace rows."""
        found = _Layouts(network)
        rows = [_as_view(row) if row.id in found.free and not isinstance(row.parts[0].layer, Piece) else row
                for row in network.rows]  # fmt: skip
        return _cut(rebuilt(network, rows), found.free)


def _as_view(row: Row) -> Row:
    return replace(row, parts=(replace(row.parts[0], layer=StridedView()),))


def movable(row: Row) -> bool:
    """A row that could be a view: it selects or orders elements of one map, or repeats them."""
    layer = row.parts[0].layer
    expands = type(layer) is Copy and _broadcast(row)
    return (
        len(row.parts) == 1
        and len(row.inputs) == 1
        and (isinstance(layer, Transpose | Piece) or expands)
    )


def _broadcast(row: Row) -> bool:
    """An expansion of axes of size 1."""
    small, large = row.parts[0].inputs[0], row.outputs[0]
    return (
        len(small) == len(large)
        and small != large
        and all(a in (1, b) for a, b in zip(small, large, strict=True))
    )


class _Layouts:
    """The layout of every map, and the rows that need not copy (`free`)."""

    def __init__(self, network: Network) -> None:
        self.free: set[str] = set()
        self.readers: dict[Key, list[tuple[Row, int]]] = {}
        for row in network.rows:
            for place, tap in enumerate(row.inputs):
                self.readers.setdefault((tap.node, tap.port), []).append((row, place))
        self.of: dict[Key, Layout] = {
            (tap.node, 0): lay.channels_last(_batched(tap.shape)) for tap in network.inputs
        }
        for row in network.rows:
            outputs = self._moved(row) if movable(row) else None
            if outputs is not None:
                self.free.add(row.id)
            for tap, out in zip(row.taps, outputs or self._written(row), strict=True):
                self.of[tap.node, tap.port] = out

    def _source(self, row: Row, place: int = 0) -> Layout | None:
        """An input as the row sees it."""
        tap = row.inputs[place]
        return _shown(self.of[tap.node, tap.port], row, place)

    def _moved(self, row: Row) -> list[Layout] | None:
        """The outputs of a movable row as views, if every reader takes them; else None."""
        source = self._source(row)
        if source is None:
            return None
        found = [_view(row, source, shape) for shape in row.outputs]
        if any(out is None for out in found):
            return None
        outputs = [out for out in found if out is not None]
        for tap, out in zip(row.taps, outputs, strict=True):
            for reader, place in self.readers.get((row.id, tap.port), []):
                shown = _shown(out, reader, place)
                if shown is None or not _takes(reader, shown):
                    return None
        return outputs

    def _written(self, row: Row) -> list[Layout]:
        """The outputs of a row that writes memory of its own."""
        layer, shapes = row.parts[0].layer, [_batched(shape) for shape in row.outputs]
        if layer.runs_as in ("dense", "window", "grouped", "depthwise"):
            if layer.kind in ("conv2d", "depthwise_conv2d", "conv_transpose2d"):
                return [lay.channels_last(shape) for shape in shapes]
            if attends(row) and len(shapes[0]) == 4:
                return [lay.dense(shapes[0], (0, 2, 1, 3))]  # heads inside tokens
            return [lay.row_major(shape) for shape in shapes]
        if layer.kind in ("layer_norm", "group_norm", "transpose") or not row.inputs:
            return [lay.row_major(shape) for shape in shapes]
        sources = [
            source
            for place in range(len(row.inputs))
            if (source := self._source(row, place)) is not None
        ]
        if not sources:
            return [lay.row_major(shape) for shape in shapes]
        return [lay.alike(max(sources, key=lambda one: one.size), shape) for shape in shapes]


def _shown(layout: Layout, reader: Row, place: int) -> Layout | None:
    """A map as its reader sees it, behind the reshapes between them; None where these take a copy."""
    shapes, written = reader.parts[0].inputs, reader.inputs[place].shape
    if place >= len(shapes) or shapes[place] == written:
        return layout
    return lay.seen(layout, shapes[place])


def _batched(shape: Shape) -> Shape:
    """A shape with the exporter's batch of 1 as any batch."""
    return (BATCH, *shape[1:]) if len(shape) > 1 and shape[0] == 1 else shape


def _view(row: Row, source: Layout, shape: Shape) -> Layout | None:
    """One output of a movable row as a view of its source."""
    layer, given = row.parts[0].layer, row.parts[0].inputs[0]
    if isinstance(layer, Transpose):
        return source.transpose(layer.axes)
    if isinstance(layer, Piece):
        if layer.axis is not None:
            return np.asarray(source[(slice(None),) * layer.axis + (slice(0, 1),)]).squeeze(
                layer.axis
            )
        if len(shape) != len(given):
            return None
        return source[
            tuple(slice(None) if a == b else slice(b) for a, b in zip(given, shape, strict=True))
        ]
    sizes = [b if a != b else size for a, b, size in zip(given, shape, source.shape, strict=True)]
    return np.broadcast_to(source, sizes)


def _takes(reader: Row, shown: Layout) -> bool:
    """True where the reader's kernel works on such strides."""
    layer = reader.parts[0].layer
    if attends(reader) or movable(reader):
        return True
    if layer.kind in ("conv2d", "depthwise_conv2d", "conv_transpose2d"):
        return shown.strides == lay.channels_last(shown.shape).strides
    if layer.kind == "matmul":
        return lay.merged(shown)
    if layer.kind in ("linear", "layer_norm", "group_norm", "softmax"):
        return bool(shown.flags.c_contiguous)
    return True


def attends(row: Row) -> bool:
    """True for attention that runs as one kernel."""
    kinds = {part.layer.kind for part in row.parts}
    return "attention" in kinds or {"matmul", "softmax"} <= kinds


def _cut(network: Network, free: set[str]) -> Network:
    """Pieces that are free, and whose map nobody reads whole, become outputs of the row that writes the map."""
    rows = {row.id: row for row in network.rows}
    readers: dict[str, list[Row]] = {}
    for row in network.rows:
        for tap in row.inputs:
            readers.setdefault(tap.node, []).append(row)
    kept = {tap.node for tap in network.outputs}
    moved: dict[Key, Tap] = {}
    gone: set[str] = set()
    for name, cuts in _pieces(rows, free).items():
        inside = {name, *(view.id for _, path in cuts for view in path)}
        allowed = {row.id for row, _ in cuts} | inside
        if (
            name in gone
            or len(rows[name].outputs) > 1
            or allowed & kept
            or any(r.id not in allowed for i in inside for r in readers[i])
        ):
            continue
        written = [tap for row, _ in cuts for tap in row.taps]
        moved |= {
            (tap.node, tap.port): replace(tap, node=name, port=port)
            for port, tap in enumerate(written)
        }
        gone |= allowed - {name}
        shapes = tuple(tap.shape for tap in written)
        part = Part(StridedView(), rows[name].outputs, shapes, Tally.of(rows[name].outputs, shapes))
        rows[name] = replace(
            rows[name], parts=(*rows[name].parts, part), out_bits=tuple(tap.bits for tap in written)
        )
    left = [replace(row, inputs=tuple(moved.get((t.node, t.port), t) for t in row.inputs))
            for row in rows.values() if row.id not in gone]  # fmt: skip
    return rebuilt(network, left)


def _pieces(rows: dict[str, Row], free: set[str]) -> dict[str, list[tuple[Row, list[Row]]]]:
    """The free pieces of what each row writes, and the views on the way to each."""
    found: dict[str, list[tuple[Row, list[Row]]]] = {}
    for row in rows.values():
        if row.id in free and isinstance(row.parts[0].layer, Piece):
            path, writer = [], rows.get(row.inputs[0].node)
            while writer is not None and writer.view and len(writer.inputs) == 1:
                path.append(writer)
                writer = rows.get(writer.inputs[0].node)
            if writer is not None:
                found.setdefault(writer.id, []).append((row, path))
    return found
