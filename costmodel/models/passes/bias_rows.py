"""The bias of a convolution is added by a row of its own."""

from __future__ import annotations

from dataclasses import replace

from costmodel.core.builder import apply
from costmodel.core.graph_pass import Pass
from costmodel.core.layer import Layer
from costmodel.core.network import Network, Row, changed
from costmodel.core.part import Constants
from costmodel.core.tally import Tally
from costmodel.models.layers.conv import Conv2d
from costmodel.models.layers.merge import Add
from costmodel.models.passes._draft import renamed


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
        sums: dict[str, str] = {}
        rows: list[Row] = []
        for row in network.rows:
            done = changed(row, inputs=renamed(row.inputs, sums))
            layer = row.parts[-1].layer
            if isinstance(layer, Conv2d) and layer.bias:
                sums[row.id] = f"{row.id}:bias"
                rows += _parted(done, replace(layer, bias=False), sums[row.id])
            else:
                rows.append(done)
        return network.with_rows(rows, outputs=renamed(network.outputs, sums))


def _parted(row: Row, layer: Layer, name: str) -> tuple[Row, Row]:
    """The row with a last `layer` without a bias, and a sum called `name` that reads it."""
    part, held = row.parts[-1], row.constants
    biases = counted = part.tally.biases
    bare = replace(apply(layer, part.inputs), reads=part.reads, executed=part.executed)
    if held is not None:
        counted = held.counted.biases
        rest = replace(held.counted, biases=0)
        held = replace(held, counted=rest, elements=max(held.elements - biases, 0))
    unbiased = replace(row, parts=(*row.parts[:-1], bare), constants=held)
    return unbiased, replace(
        row,
        id=name,
        name="bias",
        parts=(apply(Add(bias=biases), row.outputs),),
        inputs=row.taps,
        # in place: it does not widen what it is added to, so it holds no tensor in autocast's sense
        constants=Constants(Tally(biases=counted), biases, 0),
    )
