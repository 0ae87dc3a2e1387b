"""The bias of a convolution is added by a row of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from costmodel.arch.network import Constants, Network, Part, Row
from costmodel.layers.conv import Conv2d, DepthwiseConv2d
from costmodel.layers.merge import Add
from costmodel.passes.base import Pass, rebuilt
from costmodel.tally import Tally


class BiasRows(Pass):
    """A convolution with a bias writes its sums, and a second kernel reads them, adds the bias and writes them again."""

    source: ClassVar[str] = (
        "PyTorch, ATen/native/Convolution.cpp: behind a cuDNN convolution, output.add_(reshape_bias(...)); linear layers add theirs inside"
    )

    def apply(self, network: Network) -> Network:
        """One sweep; readers of the convolution read the sum."""
        moved: dict[str, str] = {}
        rows = [done for row in network.rows for done in _parted(_reading(row, moved), moved)]
        outputs = tuple(replace(tap, node=moved.get(tap.node, tap.node)) for tap in network.outputs)
        return rebuilt(network, rows, outputs=outputs)


def _reading(row: Row, moved: dict[str, str]) -> Row:
    return replace(
        row, inputs=tuple(replace(tap, node=moved.get(tap.node, tap.node)) for tap in row.inputs)
    )


def _parted(row: Row, moved: dict[str, str]) -> Iterator[Row]:
    """The row, or two: the convolution without its bias, and a sum that reads it."""
    part = row.parts[-1]
    if not (isinstance(part.layer, Conv2d | DepthwiseConv2d) and part.layer.bias):
        yield row
        return
    biases = part.tally.biases
    bare = replace(part, layer=replace(part.layer, bias=False), tally=replace(part.tally, biases=0))
    held = row.constants and replace(
        row.constants, elements=max(row.constants.elements - biases, 0)
    )
    yield replace(row, parts=(*row.parts[:-1], bare), constants=held)
    (tap,) = row.taps
    summed = Part(
        Add(), row.outputs, row.outputs, Tally.of(row.outputs, row.outputs, biases=biases)
    )
    moved[row.id] = f"{row.id}:bias"
    # in place: it does not widen what it is added to, so it holds no tensor in autocast's sense
    yield Row(
        moved[row.id],
        "bias",
        row.block,
        row.place,
        (summed,),
        (tap,),
        row.out_bits,
        Constants(biases, 0),
    )
