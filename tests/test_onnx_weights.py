"""What is a parameter of an ONNX graph, how large it is, and how often it moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import bits, conv, rows, totals, weight, write
from onnx import TensorProto, helper

from costmodel.core.loading import load_network
from costmodel.studies.simulation import simulate

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


@pytest.mark.parametrize(
    ("kind", "size"), [(TensorProto.UINT8, 1), (INT64, 8), (TensorProto.FLOAT16, 2)]
)
def test_inputs_keep_their_element_size(tmp_path: Path, kind: int, size: int) -> None:
    """100 elements of the file's type read, 100 floats written: fp32 unless the input itself is the main float."""
    node = helper.make_node("Cast", ["x"], ["y"], to=FLOAT)
    done = simulate(
        str(write(tmp_path / "m.onnx", [node], bits([1, 100], kind), ["y"])),
        "accel_1tflops",
        placement="all_external",
    )
    assert done.totals["external_bytes"] == 100 * size + 400


def test_a_batch_norm_used_twice_counts_once(tmp_path: Path) -> None:
    """Scale and shift of 8 channels."""
    norms = [
        helper.make_node("BatchNormalization", [a, *"sbmv"], [b])
        for a, b in (("x", "h"), ("h", "y"))
    ]
    file = write(
        tmp_path / "m.onnx",
        norms,
        bits([1, 8, 3, 3], FLOAT),
        ["y"],
        tuple(weight(n, 8) for n in "sbmv"),
    )
    assert totals(load_network(file))[0] == 16
    assert simulate(str(file), "accel_1tflops", convention="keras").totals["params"] == 32


def test_weights_written_as_constants(tmp_path: Path) -> None:
    """576 of them beside a small initialiser, a scalar that no module holds."""
    nodes = [
        helper.make_node("Constant", [], ["w"], value=weight("w", 16, 4, 3, 3)),
        conv("x", "w"),
        helper.make_node("Mul", ["y", "k"], ["z"]),
    ]
    assert (
        totals(
            load_network(
                write(
                    tmp_path / "m.onnx",
                    nodes,
                    bits([1, 4, 8, 8], FLOAT),
                    ["z"],
                    (weight("k", 1, 1, 1, 1),),
                )
            )
        )[0]
        == 576
    )


def test_dequantised_weights_keep_their_size_elsewhere(tmp_path: Path) -> None:
    """128 x 64 bytes, transposed on the way."""
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s"], ["f"]),
        helper.make_node("Transpose", ["f"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["y"], name="m"),
    ]
    file = write(
        tmp_path / "m.onnx",
        nodes,
        bits([1, 64], FLOAT),
        ["y"],
        (weight("w", 128, 64, kind=np.int8), weight("s")),
    )
    assert rows(file)["m"] == (8192, 8192, 8192)


def test_stripped_weights_and_vectors(tmp_path: Path) -> None:
    """An initialiser without its data, and the product of two vectors."""
    bare = TensorProto(name="w", data_type=FLOAT, dims=[8])
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    assert totals(
        load_network(write(tmp_path / "m.onnx", [node], bits([8], FLOAT), ["y"], (bare,)))
    ) == (
        8,
        8,
    )


def test_shared_weights_count_once_and_move_twice(tmp_path: Path) -> None:
    """w of 4 * 4 elements and 4 B each, read by both rows."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], name="a"),
        helper.make_node("MatMul", ["h", "w"], ["y"], name="b"),
    ]
    file = write(tmp_path / "m.onnx", nodes, {"x": (FLOAT, [1, 4])}, ["y"], (weight("w", 4, 4),))
    assert rows(file) == {"a": (16, 16, 64), "b": (0, 16, 64)}


def test_tables_are_looked_up_not_streamed(tmp_path: Path) -> None:
    """Three rows of 8 elements are read of a table of 100."""
    node = helper.make_node("Gather", ["w", "x"], ["y"], name="e")
    file = write(tmp_path / "m.onnx", [node], {"x": (INT64, [1, 3])}, ["y"], (weight("w", 100, 8),))
    assert rows(file) == {"e": (800, 0, 96)}


def test_what_is_no_parameter(tmp_path: Path) -> None:
    """Running statistics, the bounds of a clip, a constant's elements, and integer tables."""
    nodes = [
        helper.make_node("BatchNormalization", ["x", "s", "b", "m", "v"], ["h"], name="bn"),
        helper.make_node("Clip", ["h", "lo", "hi"], ["c"], name="clip"),
        helper.make_node("Constant", [], ["k"], value=weight("k", 4, 5, 5)),
        helper.make_node("Add", ["c", "k"], ["a"], name="add"),
        helper.make_node("Reshape", ["a", "to"], ["y"], name="view"),
    ]
    stored = (
        *(weight(n, 4) for n in "sbmv"),
        weight("lo"),
        weight("hi"),
        onnx.numpy_helper.from_array(np.array([1, 100]), "to"),
    )
    file = write(tmp_path / "m.onnx", nodes, {"x": (FLOAT, [1, 4, 5, 5])}, ["y"], stored)
    assert {name: found[0] for name, found in rows(file).items()} == {"bn": 8, "clip": 0, "add": 0}


def test_quantised_forms_keep_their_sizes(tmp_path: Path) -> None:
    """Eight-bit weights and maps move one byte an element, whatever the dtype of the run."""
    scale = (weight("s"), weight("z", kind=np.int8))
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"], name="q"),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xf"], name="dq"),
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["wf"], name="dw"),
        helper.make_node("Conv", ["xf", "wf"], ["h"], name="qdq"),
        helper.make_node("QuantizeLinear", ["h", "s", "z"], ["hq"], name="r"),
        helper.make_node(
            "QLinearConv", ["hq", "s", "z", "v", "s", "z", "s", "z"], ["y"], name="ql"
        ),
    ]
    file = write(
        tmp_path / "m.onnx",
        nodes,
        {"x": (FLOAT, [1, 4, 6, 6])},
        ["y"],
        (weight("w", 8, 4, 3, 3, kind=np.int8), weight("v", 2, 8, 1, 1, kind=np.int8), *scale),
    )
    done = simulate(str(file), "accel_1tflops")
    found = {
        row.name: (int(i), int(o))
        for row, i, o in zip(
            done.workload.rows, done.workload.in_bytes, done.workload.out_bytes, strict=True
        )
    }
    assert found == {
        "q": (4 * 36 * 4, 4 * 36),
        "qdq": (4 * 36, 8 * 16 * 4),
        "r": (8 * 16 * 4, 8 * 16),
        "ql": (8 * 16, 2 * 16),
    }
    assert rows(file)["qdq"] == (288, 288 * 16, 288)
    assert rows(file)["ql"] == (16, 16 * 16, 16)
