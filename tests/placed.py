"""Nodes of one operator whose samples lie along any axis of what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from contrib_graphs import FLOAT, INT64, Case, zeros
from onnx import helper

from costmodel.frontends.onnx.unroll import Unrolled
from costmodel.frontends.onnx.values import shape_in

LENGTHS = ("macs", "adds", "muls", "divs", "exps", "compares")
KERNEL: dict[str, Any] = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
IMAGE = [4, 4, 4, 4]
NEWEST = onnx.defs.onnx_opset_version()


def case(
    op: str, *shapes: list[int], held: tuple[object, ...] = (), least: int = 0, **given: object
) -> Case:
    """A standard operator that reads maps of these shapes, then what is held."""
    maps = {name: (FLOAT, shape) for name, shape in zip("abcde", shapes, strict=False)}
    constants = {f"w{n}": array for n, array in enumerate(held) if array is not None}
    names = [f"w{n}" if array is not None else "" for n, array in enumerate(held)]
    return Case(
        op, maps, constants, (*maps, *names), given, ("y",), max(least, min(21, NEWEST)), ""
    )


def numbers(*values: int) -> Any:
    """A list of whole numbers."""
    return np.array(values, dtype=np.int64)


CACHE: dict[str, Any] = {"q_num_heads": 4, "kv_num_heads": 4}
CELL: dict[str, Any] = {"hidden_size": 4}
CASES = [
    case("Attention", *[[4, 4, 16]] * 3, least=23, **CACHE),
    case("Attention", *[[4, 4, 4, 4]] * 3, least=23),
    case("Attention", *[[4, 4, 4, 4]] * 3, held=(None, zeros(4, 4, 2, 4), zeros(4, 4, 2, 4)), least=23),
    case("RotaryEmbedding", [4, 4, 4, 4], held=(zeros(4, 4, 2), zeros(4, 4, 2)), least=23),
    case("TensorScatter", IMAGE, IMAGE, least=24),
    case("Conv", IMAGE, held=(zeros(4, 4, 3, 3),), pads=[1, 1, 1, 1]),
    case("Conv", IMAGE, held=(zeros(4, 1, 3, 3),), pads=[1, 1, 1, 1], group=4),
    case("ConvTranspose", IMAGE, held=(zeros(4, 4, 3, 3),), pads=[1, 1, 1, 1]),
    Case("DeformConv", {"a": (FLOAT, IMAGE), "b": (FLOAT, [4, 18, 4, 4])}, {"w": zeros(4, 4, 3, 3)}, ("a", "w", "b"),
         {"pads": [1, 1, 1, 1]}, domain=""),
    *(case(op, IMAGE, **KERNEL) for op in ("MaxPool", "AveragePool", "LpPool")),
    *(case(f"Global{kind}Pool", IMAGE) for kind in ("Average", "Lp", "Max")),
    case("BatchNormalization", IMAGE, held=(zeros(4),) * 4),
    case("InstanceNormalization", IMAGE, held=(zeros(4), zeros(4))),
    case("GroupNormalization", IMAGE, held=(zeros(4), zeros(4)), num_groups=2),
    *(case("LayerNormalization", IMAGE, held=(zeros(*IMAGE[axis:]),), axis=axis) for axis in range(4)),
    *(case("RMSNormalization", IMAGE, held=(zeros(*IMAGE[axis:]),), axis=axis, least=23) for axis in range(4)),
    case("LRN", IMAGE, size=3),
    case("MeanVarianceNormalization", IMAGE),
    case("MeanVarianceNormalization", IMAGE, axes=[2, 3]),
    *(case(op, [4, 4, 4], axis=axis) for op in ("Softmax", "LogSoftmax", "Hardmax", "LpNormalization",
                                              "ArgMax", "ArgMin") for axis in range(3)),
    *(case("TopK", [4, 4, 4], held=(numbers(4),), axis=axis)._replace(outputs=("y", "i")) for axis in range(3)),
    *(case(op, [4, 4, 4], held=(numbers(axis),)) for op in ("CumSum", "ReduceSum", "ReduceMax") for axis in range(3)),
    *(case("Concat", [4, 4, 4], [4, 4, 4], axis=axis) for axis in range(3)),
    *(case("Split", [4, 4, 4], held=(numbers(4),), axis=axis) for axis in range(3)),
    *(case("DFT", [4, 4, 4, 2], held=(None, numbers(axis)[0])) for axis in range(3)),
    case("STFT", [4, 16], held=(numbers(4)[0], zeros(4))),
    case("Det", [4, 4, 4]),
    case("Resize", IMAGE, held=(None, None, numbers(4, 4, 8, 8)), mode="linear"),
    case("Resize", IMAGE, held=(None, None, numbers(8, 4, 4, 4)), mode="linear"),
    case("GridSample", IMAGE, [4, 4, 4, 2]),
    case("GridSample", IMAGE, [4, 4, 4, 2], mode="nearest"),
    case("RoiAlign", IMAGE, [4, 4], held=(numbers(0, 1, 2, 3),), output_height=4, output_width=4),
    case("Col2Im", [4, 16, 4], held=(numbers(4, 4), numbers(2, 2)), strides=[2, 2]),
    case("AffineGrid", [4, 2, 3], held=(numbers(4, 1, 4, 4),), least=20),
    case("DepthToSpace", IMAGE, blocksize=2),
    case("SpaceToDepth", IMAGE, blocksize=2),
    case("Transpose", IMAGE, perm=[2, 0, 3, 1]),
    *(case("Pad", [4, 4, 4], held=(numbers(*[0] * axis, 4, *[0] * (5 - axis)),)) for axis in range(3)),
    *(case(op, [4, 4, 4], held=(zeros(1, gates * 4, 4), zeros(1, gates * 4, 4)), **CELL)
      for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1))),
    case("MatMul", [4, 4, 4], [4, 4, 4]), case("Gemm", [4, 4], [4, 4], transA=1),
    *(case("Einsum", [4, 4, 4], [4, 4, 4], equation=e) for e in ("bij,bjk->bik", "bii,bij->bij", "bij,kjl->bikl")),
    Case("Gather", {"a": (FLOAT, [4, 4, 4]), "b": (INT64, [4, 4])}, {}, ("a", "b"), {"axis": 1}, domain=""),
    Case("OneHot", {"a": (INT64, [4, 4])}, {"d": numbers(4), "v": zeros(2)}, ("a", "d", "v"), {"axis": 0}, domain=""),
]  # fmt: skip


def counts(walk: Unrolled, runs: int) -> dict[str, int]:
    """Operations of so many samples, without the transpositions that put them in their place."""
    tallies = [
        part.tally for row in walk.builder.rows if row.kind != "transpose" for part in row.parts
    ]
    return {name: runs * sum(getattr(tally, name) for tally in tallies) for name in LENGTHS}


def sizes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """The shapes of a graph's inputs."""
    return {value.name: shape_in(value.type) for value in model.graph.input}


def placings(model: onnx.ModelProto) -> Iterator[tuple[int, dict[str, int]]]:
    """Every way in which samples may lie in all inputs: how many, and along which axis of each."""
    shapes = sizes(model)
    for many in {size for size in next(iter(shapes.values())) if size > 1}:
        held = [
            [axis for axis, size in enumerate(shape) if size == many] for shape in shapes.values()
        ]
        for axes in product(*held):
            yield many, dict(zip(shapes, axes, strict=True))


def moved(model: onnx.ModelProto, axes: Mapping[str, int]) -> onnx.ModelProto:
    """The model behind transpositions: its inputs have their samples in front."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    front = []
    for value in made.graph.input:
        name, shape = value.name, list(shape_in(value.type))
        axis = axes[name]
        if axis:
            perm = [*range(1, axis + 1), 0, *range(axis + 1, len(shape))]
            front.append(helper.make_node("Transpose", [f"{name}~"], [name], perm=perm))
            shape.insert(0, shape.pop(axis))
            kind = value.type.tensor_type.elem_type
            value.CopyFrom(helper.make_tensor_value_info(f"{name}~", kind, shape))
    nodes = [*front, *made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def walked(model: onnx.ModelProto, axis: int | None) -> Unrolled:
    """The model, walked with its samples along an axis, or as one run."""
    walk = Unrolled(model, Path("m.onnx"), axis)
    walk.run()
    return walk
