"""Operators that onnx defines by others: the shapes of its reference, the work of their bodies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from graphs import totals, weight, write
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from costmodel.core.loading import load_network
from costmodel.frontends.onnx.bodies import opened

FLOAT = TensorProto.FLOAT
NEWEST = onnx.defs.onnx_opset_version()
ALONE = (
    *("Celu", "Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "LogSoftmax", "Mish"),
    *("Relu", "Selu", "Shrink", "Softmax", "Softplus", "Softsign", "Swish", "ThresholdedRelu"),
    *("ReduceL1", "ReduceLogSumExp", "ReduceSumSquare"),
)
CASES: list[tuple[str, list[list[int]], list[tuple[int, ...]], dict[str, Any], int]] = [
    *((op, [[2, 4, 6]], [], {}, 0) for op in ALONE),
    ("MeanVarianceNormalization", [[2, 4, 6, 6]], [], {}, 0),
    ("SwiGLU", [[2, 4, 6], [2, 4, 6]], [], {}, 28),
    ("PRelu", [[2, 4, 6]], [(4, 1)], {}, 0),
    ("GreaterOrEqual", [[2, 4, 1], [2, 1, 6]], [], {}, 0),
    ("GroupNormalization", [[2, 4, 6]], [(4,), (4,)], {"num_groups": 2}, 21),
    ("LayerNormalization", [[2, 4, 6]], [(6,), (6,)], {}, 17),
    ("RMSNormalization", [[2, 4, 6]], [(6,)], {}, 23),
    ("RotaryEmbedding", [[2, 4, 3, 8]], [(2, 3, 4), (2, 3, 4)], {}, 23),
    ("DepthToSpace", [[2, 4, 6, 6]], [], {"blocksize": 2}, 0),
    ("SpaceToDepth", [[2, 4, 6, 6]], [], {"blocksize": 2}, 0),
    ("CausalConvWithState", [[2, 4, 6]], [(4, 1, 3)], {}, 27),
    ("LinearAttention", [[2, 5, 32], [2, 5, 16], [2, 5, 12]], [],
     {"q_num_heads": 4, "kv_num_heads": 2, "update_rule": "linear"}, 27),
]  # fmt: skip


def made(
    op: str, maps: list[list[int]], held: list[tuple[int, ...]], given: dict[str, Any], out: Path
) -> Path:
    """A file of one node."""
    names = [*"abcdefgh"[: len(maps)]]
    weights = tuple(weight(f"w{n}", *shape) for n, shape in enumerate(held))
    node = helper.make_node(op, [*names, *(w.name for w in weights)], ["y"], **given)
    inputs = {name: (FLOAT, shape) for name, shape in zip(names, maps, strict=True)}
    return write(out, [node], inputs, ["y"], weights, NEWEST)


@pytest.mark.parametrize(
    ("op", "maps", "held", "given"), [case[:4] for case in CASES if case[4] <= NEWEST]
)
def test_shapes_are_the_references(
    tmp_path: Path,
    op: str,
    maps: list[list[int]],
    held: list[tuple[int, ...]],
    given: dict[str, Any],
) -> None:
    file = made(op, maps, held, given, tmp_path / "m.onnx")
    feeds = {
        name: np.ones(shape, np.float32) for name, shape in zip("abcdefgh", maps, strict=False)
    }
    (wanted,) = ReferenceEvaluator(str(file)).run(None, feeds)
    network = load_network(file)
    (tap,) = network.outputs
    samples = (network.samples,) if network.samples > 1 else ()
    assert (*samples, *tap.shape) == np.shape(wanted)
    assert not network.facts.unknown


def test_an_operator_without_a_rule_is_its_body(tmp_path: Path) -> None:
    """A loss is a softmax, a look-up and a mean; it knows its default, `reduction: mean`."""
    file = tmp_path / "m.onnx"
    node = helper.make_node("SoftmaxCrossEntropyLoss", ["x", "l"], ["y"])
    inputs = {"x": (FLOAT, [4, 10]), "l": (TensorProto.INT64, [4])}
    write(file, [node], inputs, ["y"], (), 17)
    network = load_network(file)
    assert {"softmax", "gather", "reduce"} <= {row.kind for row in network.rows}
    assert not network.facts.unknown
    assert [one.op_type for one in opened(onnx.load(file)).graph.node].count(node.op_type) == 0


def test_what_has_a_rule_is_not_opened(tmp_path: Path) -> None:
    """A relu is defined by a maximum, and stays a relu."""
    file = made("Relu", [[2, 4]], [], {}, tmp_path / "m.onnx")
    assert [row.kind for row in load_network(file).rows] == ["relu"]


def test_a_grid_of_positions_is_a_product(tmp_path: Path) -> None:
    """2 samples of 5 x 6 positions [x, y, 1] by [3, 2]: 2 * 30 * 3 * 2."""
    node = helper.make_node("AffineGrid", ["t", "s"], ["y"])
    size = numpy_helper.from_array(np.array([2, 3, 5, 6]), "s")
    file = write(tmp_path / "m.onnx", [node], {"t": (FLOAT, [2, 2, 3])}, ["y"], (size,), 20)
    network = load_network(file)
    assert network.outputs[0].shape == (5, 6, 2)
    assert totals(network) == (0, 360)


def test_elements_that_a_constant_chooses_have_a_shape(tmp_path: Path) -> None:
    node = helper.make_node("Compress", ["x", "c"], ["y"], axis=1)
    chosen = numpy_helper.from_array(np.array([True, False, True]), "c")
    file = write(tmp_path / "m.onnx", [node], {"x": (FLOAT, [1, 3, 4])}, ["y"], (chosen,))
    assert load_network(file).outputs[0].shape in ((2, 4), (1, 2, 4))
