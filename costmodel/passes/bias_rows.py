"""The bias of a convolution is added by a row of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from costmodel.arch.network import Constants, Network, Part, Row, Tap
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
    """The row, or two: the bias stays counted with the convolution, whose tally holds it."""
    yield row
    layer = row.parts[-1].layer
    if isinstance(layer, Conv2d | DepthwiseConv2d) and layer.bias:
        (tap,) = row.taps
        part = Part(Add(), (tap.shape,), row.outputs, Tally.of((tap.shape,), row.outputs))
        moved[row.id] = f"{row.id}:bias"
        yield Row(moved[row.id], "bias", row.block, row.place, (part,), (Tap(row.id, 0, tap.shape, tap.bits),),
                  row.out_bits, Constants(0, 0))  # fmt: skip
