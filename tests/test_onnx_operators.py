"""ONNX operators, one by one: what each counts by hand."""

from __future__ import annotations

import json
import re
from math import prod
from pathlib import Path
from typing import Any

import pytest
from graphs import bits, conv, totals, weight, write
from onnx import TensorProto, helper

from costmodel.cli import main
from costmodel.core.loading import load_network
from costmodel.errors import InputError
from costmodel.studies.simulation import simulate

FLOAT = TensorProto.FLOAT


@pytest.mark.parametrize(("shape", "window", "attributes", "params", "macs"), [
    # filters 8 * channels 4 / groups * window, a bias of 8; each weight meets every output position
    ([1, 4, 9], [8, 4, 3], {}, 8 * 4 * 3 + 8, 8 * 4 * 3 * 7),
    ([1, 4, 9, 9], [8, 2, 3, 3], {"group": 2}, 8 * 2 * 9 + 8, 8 * 2 * 9 * 49),
    ([1, 4, 9, 9], [8, 1, 3, 3], {"group": 4}, 8 * 9 + 8, 8 * 9 * 49),
    ([1, 4, 5, 6, 7], [8, 4, 2, 3, 3], {}, 8 * 4 * 18 + 8, 8 * 4 * 18 * 4 * 4 * 5),
    ([2, 4, 9], [8, 4, 3], {}, 8 * 4 * 3 + 8, 2 * 8 * 4 * 3 * 7),
])  # fmt: skip
def test_convolutions_of_any_rank(
    tmp_path: Path,
    shape: list[int],
    window: list[int],
    attributes: dict[str, int],
    params: int,
    macs: int,
) -> None:
    file = write(
        tmp_path / "m.onnx",
        [conv("x", "w", "b", **attributes)],
        {"x": (FLOAT, shape)},
        ["y"],
        (weight("w", *window), weight("b", 8)),
    )
    network = load_network(file)
    assert totals(network) == (params, macs)
    depthwise = attributes.get("group") == shape[1]
    axes = len(shape) - 2
    assert network.rows[0].kind == ("depthwise_" if depthwise else "") + f"conv{axes}d"


@pytest.mark.parametrize(("equation", "a", "b", "macs"), [
    ("bij,bjk->bik", [2, 3, 4], [2, 4, 5], 2 * 3 * 4 * 5), ("ij,jk", [3, 4], [4, 5], None),
    ("...ij,...kj->...ik", [2, 3, 4], [2, 5, 4], 2 * 3 * 4 * 5), ("bhid,bhjd->bhij", [1, 2, 3, 4], [1, 2, 5, 4], 2 * 3 * 5 * 4),
    ("i,j->ij", [3], [4], 12), ("dk,b...d->b...k", [4, 5], [2, 3, 4], 120), ("b...d,b...d->b...", [2, 3, 4], [2, 3, 4], 24),
])  # fmt: skip
def test_einsum(
    tmp_path: Path, equation: str, a: list[int], b: list[int], macs: int | None
) -> None:
    node = helper.make_node("Einsum", ["a", "b"], ["y"], equation=equation)
    file = write(tmp_path / "m.onnx", [node], {"a": (FLOAT, a), "b": (FLOAT, b)}, ["y"])
    assert totals(load_network(file))[1] == (macs if macs is not None else 3 * 4 * 5)


def test_recurrent_layers(tmp_path: Path) -> None:
    """5 steps, 3 features, 4 units, 4 gates: each step 16 * (3 + 4); weights 16 * 7 and two biases of 16."""
    node = helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=4, name="l")
    file = write(
        tmp_path / "m.onnx",
        [node],
        {"x": (FLOAT, [5, 1, 3])},
        ["y"],
        (weight("w", 1, 16, 3), weight("r", 1, 16, 4), weight("b", 1, 32)),
    )
    assert totals(load_network(file)) == (16 * 7 + 32, 5 * 16 * 7)


def test_onnx_runtimes_own_operators(tmp_path: Path) -> None:
    """A gelu keeps its shape; a product's is [1, 4] [4, 4], though nothing states it."""
    gelu = helper.make_node("FastGelu", ["x"], ["y"], domain="com.microsoft")
    fused = helper.make_node("FusedMatMul", ["x", "w"], ["y"], domain="com.microsoft")
    x = {"x": (FLOAT, [1, 4])}
    file = write(tmp_path / "g.onnx", [gelu], x, ["y"], domains=("com.microsoft",))
    assert [row.kind for row in load_network(file, strict=True).rows] == ["gelu"]
    file = write(
        tmp_path / "f.onnx", [fused], x, ["y"], (weight("w", 4, 4),), domains=("com.microsoft",)
    )
    network = load_network(file)
    assert totals(network) == (16, 16)
    assert network.outputs[0].shape == (4,)


@pytest.mark.parametrize(("a", "b", "flag", "weights", "out"), [
    # for each of two matrices: [4, 3]^T [4, 5], and [3, 4] [5, 4]^T
    ([2, 4, 3], [2, 4, 5], "transA", "a", [2, 3, 5]), ([2, 4, 3], [2, 4, 5], "transA", "b", [2, 3, 5]),
    ([2, 3, 4], [2, 5, 4], "transB", "a", [2, 3, 5]), ([2, 3, 4], [2, 5, 4], "transB", "b", [2, 3, 5]),
])  # fmt: skip
def test_turned_factors_of_which_one_holds_weights_for_each_matrix(
    tmp_path: Path, a: list[int], b: list[int], flag: str, weights: str, out: list[int]
) -> None:
    """Two products of 3 x 5 outputs with 4 terms each: 2 * 3 * 5 * 4 multiply-adds."""
    shapes, turned = {"a": a, "b": b}, dict[str, Any]({flag: 1})
    held = shapes.pop(weights)
    graph = helper.make_graph(
        [helper.make_node("FusedMatMul", ["a", "b"], ["y"], domain="com.microsoft", **turned)],
        "made",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info("y", FLOAT, out)],
        initializer=[weight(weights, *held)],
    )
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    file = tmp_path / "m.onnx"
    file.write_bytes(helper.make_model(graph, opset_imports=sets).SerializeToString())
    assert totals(load_network(file)) == (prod(held), 2 * 3 * 5 * 4)


@pytest.mark.parametrize(("nodes", "words"), [
    ([helper.make_node("Relu", ["nowhere"], ["y"])], "reads 'nowhere', which nothing writes before it"),
    ([helper.make_node("MatMul", ["a", "w"], ["y"]), helper.make_node("Relu", ["x"], ["a"])], "reads 'a', which nothing writes"),
    ([helper.make_node("Relu", ["x"], ["z"])], "nothing writes the output 'y'"),
    ([helper.make_node("Flatten", ["x"], ["y"])], "computes nothing from its inputs"),
])  # fmt: skip
def test_nothing_is_dropped_in_silence(tmp_path: Path, nodes: list[Any], words: str) -> None:
    file = write(tmp_path / "m.onnx", nodes, bits([1, 4], FLOAT), ["y"], (weight("w", 4, 4),))
    with pytest.raises(InputError, match=re.escape(words)):
        load_network(file)


def test_the_mask_of_a_dropout_can_be_read(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Dropout", ["x"], ["d", "m"]),
        helper.make_node("Cast", ["m"], ["f"], to=FLOAT),
        helper.make_node("Mul", ["d", "f"], ["y"]),
    ]
    assert [
        row.kind
        for row in load_network(write(tmp_path / "m.onnx", nodes, bits([1, 4], FLOAT), ["y"])).rows
    ] == ["mul"]


def odd(tmp_path: Path) -> Path:
    """An operator that nobody knows, on 4 elements, with a matrix and a vector beside them."""
    node = helper.make_node("Frobnicate", ["x", "w", "v"], ["y"], name="f", domain="acme")
    graph = helper.make_graph(
        [node],
        "made",
        [helper.make_tensor_value_info("x", FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", FLOAT, [1, 4])],
        initializer=[weight("w", 1, 4), weight("v", 7)],
    )
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("acme", 1)]
    file = tmp_path / "m.onnx"
    file.write_bytes(helper.make_model(graph, opset_imports=sets).SerializeToString())
    return file


def test_unknown_operators_are_named_and_move(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """4 + 4 elements, 4 weights and 7 other numbers of 4 B, all external; a vector is no parameter."""
    file = odd(tmp_path)
    words = ["simulate", str(file), "--hw", "accel_1tflops", "--placement", "all_external"]
    assert main(words) == 0
    total = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Total"))
    assert total.endswith("; incomplete: no rule counts the work of acme:Frobnicate (1)")
    done = simulate(str(file), "accel_1tflops", placement="all_external")
    assert done.totals["external_bytes"] == 4 * (4 + 4 + 4 + 7)
    assert done.totals["params"] == 4
    assert done.workload.rows[0].kind == "unknown"
    assert main([*words, "--strict"]) == 2
    assert "unknown operators: acme:Frobnicate (1)" in capsys.readouterr().err


def test_the_shape_of_what_is_not_known_is_never_guessed(tmp_path: Path) -> None:
    node = helper.make_node("Frobnicate", ["x"], ["y"], name="f", domain="acme")
    file = write(tmp_path / "m.onnx", [node], {"x": (FLOAT, [1, 4])}, ["y"], domains=("acme",))
    with pytest.raises(InputError, match="Frobnicate"):
        load_network(file)


def test_every_door_says_that_a_total_is_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, told = str(odd(tmp_path)), "incomplete: no rule counts the work of acme:Frobnicate (1)"
    out = tmp_path / "out"
    words = [file, "--hw", "accel_1tflops"]
    assert main(["simulate", *words, "--json", f"{out}.json", "--html", f"{out}.html"]) == 0
    provenance = json.loads(Path(f"{out}.json").read_text())["provenance"]
    assert provenance["incomplete"] == [{"operator": "acme:Frobnicate", "count": 1}]
    assert told in Path(f"{out}.html").read_text()
    capsys.readouterr()
    for asked in (
        ["compare", *words],
        ["sensitivity", *words],
        ["slope", *words, "--json", f"{out}.json", "--html", f"{out}.html"],
        ["solve", *words, "--for", "bandwidth", "--target", "total_time <= 1 ms"],
        ["scan", *words, "--axis", "hw.bandwidth=[1 GB/s, 2 GB/s]", "--out", str(out)],
    ):
        assert main(asked) == 0
        assert told in capsys.readouterr().out, asked
    assert json.loads(Path(f"{out}.json").read_text())["marks"] == [told]
    assert (
        told in Path(f"{out}.html").read_text().partition('id="standing"')[2].partition("</p>")[0]
    )
    assert told in "".join(json.loads((out / "summary.json").read_text())["marks"])
