"""ONNX in: totals against torch's counter and published figures, and the rules one by one by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from graphs import LIGHT, chain, totals, weight, write
from modules import MODULES, Vit, counts, export, made
from onnx import TensorProto, helper
from torch import nn, randn

from costmodel.cli import main
from costmodel.core.loading import load_network
from costmodel.errors import InputError
from costmodel.studies.simulation import simulate

FLOAT, INT8, INT64 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.INT64
# Parameters of torchvision's or Caffe's models; multiply-adds of the convolutions and dense layers.
# source of the figures
SHIPPED = {
    # torchvision, ResNet50_Weights.IMAGENET1K_V1
    "light_resnet50": (25_557_032, 4.089e9),
    # torchvision, VGG19_Weights
    "light_vgg19": (143_667_240, 19.632e9),
    # torchvision, SqueezeNet1_1_Weights
    "light_squeezenet": (1_235_496, 0.349e9),
    "light_bvlc_alexnet": (
        60_965_224,
        0.654e9,
        # Caffe's bvlc_reference; torch's AlexNet lacks the groups
    ),
    # Szegedy et al. 2015: 7 M parameters, 1.5 G
    "light_inception_v1": (6_998_552, 1.43e9),
    # torchvision's 7 978 856 and, per batch norm, Caffe's second scale and shift: 2 * 41 824 channels
    "light_densenet121": (7_978_856 + 2 * 41_824, 2.834e9),
    # Ioffe & Szegedy 2015: about 2 G
    "light_inception_v2": (None, 2.02e9),
    # no figure is published for this variant
    "light_shufflenet": (None, None),
    "light_zfnet512": (None, None),
}


def rows(file: Path) -> dict[str, tuple[int, int, int]]:
    """Parameters, multiply-adds and parameter bytes of each row by its name."""
    done = simulate(str(file), "accel_1tflops")
    return {
        row.name: (int(p), int(m), int(b))
        for row, p, m, b in zip(
            done.workload.rows,
            done.workload.params,
            done.workload.macs,
            done.workload.param_bytes,
            strict=True,
        )
    }


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_networks_that_onnx_ships(name: str) -> None:
    network = load_network(LIGHT / f"{name}.onnx")
    params, macs = totals(network)
    expected = SHIPPED[name]
    assert not network.facts.unknown
    assert expected[0] in (None, params)
    assert expected[1] is None or macs == pytest.approx(expected[1], rel=3e-3)


def test_every_shipped_network_is_listed() -> None:
    assert sorted(SHIPPED) == sorted(p.stem for p in LIGHT.glob("*.onnx"))


@pytest.mark.parametrize("dynamo", [False, True], ids=["torchscript", "dynamo"])
@pytest.mark.parametrize("name", sorted(MODULES))
def test_exports_count_what_torch_counts(name: str, dynamo: bool, tmp_path: Path) -> None:
    module, x = made(name)
    with warnings.catch_warnings():
        # the exporter's own
        warnings.simplefilter("ignore")
        file = export(module, x, tmp_path / f"{name}.onnx", dynamo)
    network = load_network(file)
    assert totals(network) == counts(module, x)
    assert not network.facts.unknown


def test_vit_b_16(tmp_path: Path) -> None:
    """Torchvision's vit_b_16: 86 567 656 parameters and 17.564 G; its weights' file is taken away first."""
    module = Vit(768, 12, 12, 224, 1000).eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = export(module, randn(1, 3, 224, 224), tmp_path / "vit.onnx", dynamo=True)
    (tmp_path / "vit.onnx.data").unlink()
    params, macs = totals(load_network(file))
    assert params == 86_567_656
    assert macs == pytest.approx(17.564e9, rel=1e-4)


def test_the_command_line_takes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(LIGHT / "light_resnet50.onnx")
    assert main(["simulate", file, "--hw", "accel_1tflops", "--batch", "2", "--by", "kind"]) == 0
    # a batch multiplies work alone
    assert "25557032 params, 8.18E+09 macs" in capsys.readouterr().out
    assert main(["compare", file, "hairnet", "--hw", "accel_1tflops"]) == 0
    assert (
        main(
            ["scan", file, "--hw", "accel_1tflops", "--axis", "hw.bandwidth=log(1 GB/s, 9 GB/s, 5)"]
        )
        == 0
    )
    assert main(["validate", file]) == 2


def conv(*names: str, **attributes: Any) -> Any:
    return helper.make_node("Conv", list(names), ["y"], name="c", **attributes)


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
    """A gelu keeps its shape; a product's shape must be stated."""
    gelu = helper.make_node("FastGelu", ["x"], ["y"], domain="com.microsoft")
    fused = helper.make_node("FusedMatMul", ["x", "w"], ["y"], domain="com.microsoft")
    x = {"x": (FLOAT, [1, 4])}
    file = write(tmp_path / "g.onnx", [gelu], x, ["y"], domains=("com.microsoft",))
    assert [row.kind for row in load_network(file, strict=True).rows] == ["gelu"]
    file = write(
        tmp_path / "f.onnx", [fused], x, ["y"], (weight("w", 4, 4),), domains=("com.microsoft",)
    )
    with pytest.raises(InputError, match="states no shape"):
        load_network(file)


def bits(shape: list[int], kind: int) -> dict[str, tuple[int, list[Any]]]:
    return {"x": (kind, shape)}


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
    """576 of them beside a small initialiser."""
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
        == 577
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


def branching(condition: list[Any], name: str) -> list[Any]:
    branches = {}
    for word, op in (("then_branch", "Relu"), ("else_branch", "Sigmoid")):
        out = helper.make_empty_tensor_value_info(f"{word}_y")
        branches[word] = helper.make_graph(
            [helper.make_node(op, ["x"], [f"{word}_y"], name=op)], word, [], [out]
        )
    return [*condition, helper.make_node("If", ["c"], ["y"], name=name, **branches)]


def test_a_branch_whose_condition_folds_is_taken(tmp_path: Path) -> None:
    condition = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Size", ["s"], ["n"]),
        helper.make_node("Equal", ["n", "two"], ["c"]),
    ]
    two = onnx.numpy_helper.from_array(np.array(2), "two")
    file = write(
        tmp_path / "m.onnx", branching(condition, "if"), {"x": (FLOAT, [1, 4])}, ["y"], (two,)
    )
    assert [row.kind for row in load_network(file).rows] == ["relu"]


def test_what_depends_on_the_data_is_refused_by_name(tmp_path: Path) -> None:
    """A condition on the data, and a shape that follows from it; both in one run."""
    condition = [
        helper.make_node("Cast", ["f"], ["c"], to=TensorProto.BOOL),
        helper.make_node("NonZero", ["x"], ["z"], name="nz"),
    ]
    nodes = [*branching(condition, "choice"), helper.make_node("Cast", ["z"], ["w"], to=FLOAT)]
    file = write(tmp_path / "m.onnx", nodes, {"x": (FLOAT, [1, 4]), "f": (FLOAT, [])}, ["y", "w"])
    with pytest.raises(InputError) as refused:
        load_network(file)
    told = [str(problem) for problem in refused.value.problems]
    assert len(told) == 2
    assert "node 'nz' (NonZero): the shape of its output depends on the data" in "".join(told)
    assert "node 'choice' (If): control flow that depends on the data" in "".join(told)


def test_unknown_operators_are_named_and_move(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """4 + 4 elements and 4 weights of 4 B at 1 GB/s, all external under all_external."""
    node = helper.make_node("Frobnicate", ["x", "w"], ["y"], name="f", domain="acme")
    file = write(
        tmp_path / "m.onnx",
        [node],
        {"x": (FLOAT, [1, 4])},
        ["y"],
        (weight("w", 4),),
        domains=("acme",),
    )
    words = ["simulate", str(file), "--hw", "accel_1tflops", "--placement", "all_external"]
    assert main(words) == 0
    assert "Frobnicate (1 rows): counted as data movement" in capsys.readouterr().out
    done = simulate(str(file), "accel_1tflops", placement="all_external")
    assert done.totals["external_bytes"] == 48
    assert done.workload.rows[0].kind == "unknown"
    assert main([*words, "--strict"]) == 2
    assert "unknown operators: Frobnicate (1)" in capsys.readouterr().err


def test_open_dimensions_are_asked_for_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    file = write(
        tmp_path / "m.onnx",
        [node],
        {"x": (FLOAT, ["batch", "tokens", 4])},
        ["y"],
        (weight("w", 4, 4),),
    )
    words = ["simulate", str(file), "--hw", "accel_1tflops"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "--dim batch=1" in told
    assert "--dim tokens=1" in told
    assert main([*words, "--dim", "batch=1", "--dim", "tokens=7"]) == 0
    # 7 * 4 * 4
    assert "112 macs" in capsys.readouterr().out
    assert main([*words, "--dim", "batch=0", "--dim", "tokens=1"]) == 2
    capsys.readouterr()
    assert main([*words, "--dim", "batch=1", "--dim", "tokens=1", "--dim", "token=3"]) == 2
    assert "did you mean 'tokens'?" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "words"), [
    (b"", "holds no ONNX graph"), (b"name: x\n", "is no ONNX file"), (None, "no such file"),
])  # fmt: skip
def test_files_that_are_no_models(
    tmp_path: Path, content: bytes | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.onnx"
    if content is not None:
        file.write_bytes(content)
    assert main(["simulate", str(file), "--hw", "accel_1tflops"]) == 2
    assert words in capsys.readouterr().err


def test_without_onnx_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "onnx.py").write_text("raise ModuleNotFoundError('no onnx', name='onnx')\n")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "costmodel",
            "simulate",
            str(LIGHT / "light_vgg19.onnx"),
            "--hw",
            "accel_1tflops",
        ],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr == (
        "reading .onnx files needs onnx, which is not installed; pip install 'nn-costmodel[onnx]', "
        "or in a clone of the project: pip install '.[onnx]'\n"
    )


def test_long_graphs_are_walked_once(tmp_path: Path) -> None:
    """The rows are all there; how long it takes is printed, and measured in tests/bench."""
    started = time.perf_counter()
    assert len(load_network(chain(tmp_path / "m.onnx", 10_000)).rows) == 10_000
    print(f"10 000 nodes in {time.perf_counter() - started:.2f} s")
