"""The bias of a convolution is added by a row of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from costmodel.core.builder import apply
from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row, changed
from costmodel.core.part import Constants
from costmodel.core.tally import Tally
from costmodel.models.layers.conv import Conv2d
from costmodel.models.layers.merge import Add


class BiasRows(Pass):
    """A convolution with a bias writes its sums; a second kernel adds the bias to them.

    It reads them and writes them again. The framework's depthwise kernels add theirs inside.
    """

    source = (
        "PyTorch, ATen/native/Convolution.cpp: behind a cuDNN convolution, "
        "output.add_(reshape_bias(...)); _conv_depthwise2d and linear layers take theirs as an "
        "argument"
    )

    def apply(self, network: Network) -> Network:
        """One sweep; readers of the convolution read the sum."""
        moved: dict[str, str] = {}
        rows = [done for row in network.rows for done in _parted(_reading(row, moved), moved)]
        outputs = tuple(changed(tap, node=moved.get(tap.node, tap.node)) for tap in network.outputs)
        return network.with_rows(rows, outputs=outputs)


def _reading(row: Row, moved: dict[str, str]) -> Row:
    inputs = tuple(changed(tap, node=moved.get(tap.node, tap.node)) for tap in row.inputs)
    return changed(row, inputs=inputs)


def _parted(row: Row, moved: dict[str, str]) -> Iterator[Row]:
    """The row, or two: the convolution without its bias, and a sum that reads it."""
    part = row.parts[-1]
    if not (isinstance(part.layer, Conv2d) and part.layer.bias):
        yield row
        return
    biases = part.tally.biases
    bare = apply(replace(part.layer, bias=False), part.inputs)
    bare = replace(bare, reads=part.reads, executed=part.executed)
    held = row.constants
    counted = biases
    if held is not None:
        counted = held.counted.biases
        rest = replace(held.counted, biases=0)
        held = replace(held, counted=rest, elements=max(held.elements - biases, 0))
    yield replace(row, parts=(*row.parts[:-1], bare), constants=held)
    (tap,) = row.taps
    moved[row.id] = f"{row.id}:bias"
    yield replace(
        row,
        id=moved[row.id],
        name="bias",
        parts=(apply(Add(bias=biases), row.outputs),),
        inputs=(tap,),
        # in place: it does not widen what it is added to, so it holds no tensor in autocast's sense
        constants=Constants(Tally(biases=counted), biases, 0),
    )
