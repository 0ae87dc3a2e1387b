"""Small networks with random weights, written as ONNX files: fifteen of five families.

They cover what a calibration asks about: dense, windowed and depthwise convolutions, products,
norms, and maps that fit a cache or do not.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.errors import MissingExtra

OPSET = 17
SIZES = {"small": 1, "medium": 2, "large": 4}
"""Widths as multiples of each family's base."""


class _Graph:
    """An ONNX graph as it grows; weights are random."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.shape, self.last = shape, "input"
        self.channels = shape[1]
        self.draw = np.random.default_rng(1)

    def weight(self, *shape: int) -> str:
        """A stored tensor of random numbers; its name."""
        scale = 1 / np.sqrt(np.prod(shape[1:]) or 1)
        return self.stored((self.draw.standard_normal(shape) * scale).astype(np.float32))

    def stored(self, values: Any) -> str:
        """A tensor of given values; its name."""
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(values, f"w{len(self.weights)}"))
        return str(self.weights[-1].name)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node behind the last one, or behind `inputs`; what it gives is the last now."""
        from onnx import helper

        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs or [self.last], [name], **attributes))
        self.last = name
        return name

    def conv(self, filters: int, kernel: int, stride: int = 1, *, depthwise: bool = False) -> None:
        """A convolution, padded to keep its size, and a ReLU."""
        groups = self.channels if depthwise else 1
        held = self.weight(filters, self.channels // groups, kernel, kernel)
        shape = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [kernel // 2] * 4}
        self.add("Conv", self.last, held, self.weight(filters), **shape, group=groups)
        self.add("Relu")
        self.channels = filters

    def dense(self, given: int, features: int) -> None:
        """A product with stored weights and a bias, on the last axis."""
        self.add("MatMul", self.last, self.weight(given, features))
        self.add("Add", self.last, self.weight(features))

    def classes(self, count: int = 100) -> None:
        """The mean over positions, and a score for each class."""
        self.add("GlobalAveragePool")
        self.add("Flatten")
        self.add("Gemm", self.last, self.weight(self.channels, count), self.weight(count))


def _plain(graph: _Graph, width: int) -> None:
    for stage in range(4):
        graph.conv(16 * width * 2**stage, 3)
        graph.conv(16 * width * 2**stage, 3, 2)
    graph.classes()


def _residual(graph: _Graph, width: int) -> None:
    graph.conv(16 * width, 3, 2)
    for stage in range(3):
        graph.conv(16 * width * 2**stage, 3, 2)
        for _ in range(2):
            kept = graph.last
            graph.conv(graph.channels, 3)
            graph.conv(graph.channels, 3)
            graph.add("Add", kept, graph.last)
    graph.classes()


def _mobile(graph: _Graph, width: int) -> None:
    graph.conv(8 * width, 3, 2)
    for stage in range(5):
        graph.conv(graph.channels, 3, 2 if stage % 2 else 1, depthwise=True)
        graph.conv(16 * width * (1 + stage), 1)
    graph.classes()


def _perceptron(graph: _Graph, width: int) -> None:
    features = graph.shape[-1]
    for _ in range(4):
        graph.dense(features, 256 * width)
        graph.add("Relu")
        features = 256 * width
    graph.dense(features, 100)


def _attention(graph: _Graph, width: int) -> None:
    features, heads = graph.shape[-1], 4
    for _ in range(2):
        kept = graph.last
        graph.add("LayerNormalization", kept, graph.weight(features), graph.weight(features))
        normed, parts = graph.last, []
        for turned in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]):
            graph.last = normed
            graph.dense(features, features)
            shape = np.array([1, graph.shape[1], heads, features // heads])
            graph.add("Reshape", graph.last, graph.stored(shape))
            parts.append(graph.add("Transpose", graph.last, perm=turned))
        graph.add("MatMul", parts[0], parts[1])
        graph.add("Softmax", graph.last, axis=-1)
        graph.add("MatMul", graph.last, parts[2])
        graph.add("Transpose", graph.last, perm=[0, 2, 1, 3])
        graph.add("Reshape", graph.last, graph.stored(np.array(graph.shape)))
        graph.dense(features, features)
        kept = graph.add("Add", kept, graph.last)
        graph.dense(features, 4 * features)
        graph.add("Relu")
        graph.dense(4 * features, features)
        graph.add("Add", kept, graph.last)


IMAGE = (1, 3, 96, 96)
FAMILIES: dict[str, tuple[Callable[[_Graph, int], None], Callable[[int], tuple[int, ...]]]] = {
    "plain": (_plain, lambda width: IMAGE),
    "residual": (_residual, lambda width: IMAGE),
    "mobile": (_mobile, lambda width: IMAGE),
    "perceptron": (_perceptron, lambda width: (64, 512)),
    "attention": (_attention, lambda width: (1, 64, 64 * width)),
}
"""What builds a network of a width, and the shape of its input."""


def write(folder: Path) -> list[tuple[Path, str]]:
    """Every network as a file in `folder`: (path, family). Raises MissingExtra without onnx."""
    try:
        import onnx
        from onnx import TensorProto, helper
    except ImportError:
        raise MissingExtra("onnx", "measure", "measure") from None
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for (family, (build, shape)), (word, width) in product(FAMILIES.items(), SIZES.items()):
        graph = _Graph(shape(width))
        build(graph, width)
        entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, graph.shape)
        open_axes = [None] * (3 if len(graph.shape) == 3 else 2)
        leaves = helper.make_tensor_value_info(graph.last, TensorProto.FLOAT, open_axes)
        name = f"{family}_{word}"
        whole = helper.make_graph(graph.nodes, name, [entry], [leaves], graph.weights)
        model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 9
        path = folder / f"{name}.onnx"
        onnx.save(model, str(path))
        written.append((path, family))
    return written
