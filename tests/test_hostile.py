"""Broken and hostile files: exit 2 at their place, soon, and in little memory; or the right number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from costmodel.cli import main
from costmodel.language.expressions import evaluate, fill

HEAD = "name: x\nsource: y\ninput: [3, 4, 4]\n"
ROW = "layers:\n  - g: {kind: relu}\n"
DOUBLING = "  a0: [1, 2]\n" + "".join(
    f"  a{n}: '${{[a{n - 1}, a{n - 1}]}}'\n" for n in range(1, 40)
)
TEXT = "  a0: abc\n" + "".join(f"  a{n}: '${{a{n - 1}}}${{a{n - 1}}}'\n" for n in range(1, 40))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEAD + 'layers:\n  - a: {kind: conv2d, kernel: !!int "", filters: 2}\n',
            ":5:31: '' is no int",
        ),
        (
            HEAD + "layers:\n  - ${[1] + [2]}: {kind: relu}\n",
            "'${[1] + [2]}' gives list [1, 2], no name",
        ),
        (
            HEAD + "vars: {a: \"${len('%2000000000d' % 1)}\"}\n" + ROW,
            "'%' is the remainder of numbers",
        ),
        (HEAD + "vars:\n" + DOUBLING + ROW, "gives over 100000 values"),
        (HEAD + "vars:\n" + TEXT + ROW, "characters; the limit is 10000"),
        (HEAD + "vars: {a: '${" + "9" * 400 + "}'}\n" + ROW, "bits, out of range"),
        (HEAD + "vars: {a: '${\"a\" * 1000000000}'}\n" + ROW, "'*' multiplies numbers only"),
        (HEAD + "vars: {a: '${" + "[" * 60 + "]" * 60 + "}'}\n" + ROW, "over 50 deep"),
    ],
    ids=["tag", "name", "format", "lists", "text", "digits", "repeated", "nested"],
)
def test_yaml_is_refused_at_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (tmp_path / "x.yaml").write_text(text)
    assert main(["simulate", str(tmp_path / "x.yaml"), "--hw", "accel_1tflops"]) == 2
    told = capsys.readouterr().err
    assert message in told
    # what follows from a mistake is not told
    assert len(told.splitlines()) == 1


def test_rounding_takes_no_time() -> None:
    """10^18 digits before the point leave nothing, behind it everything."""
    assert evaluate("round(5, -10**18)", {}) == 0
    assert evaluate("round(5.25, 10**18)", {}) == 5.25
    assert evaluate("round(5.25, 1)", {}) == 5.2
    assert evaluate("round(149, -2)", {}) == 100
    assert fill("${'a' + 'b'}", {}) == "ab"


def test_a_share_that_leaves_the_range_of_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.yaml").write_text(
        "name: m\nsource: s\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\n"
        "host: 1 GFLOPS\nefficiency: {default: {compute: 1.0e-320}}\n"
    )
    assert main(["simulate", "hairnet", "--hw", str(tmp_path / "m.yaml")]) == 2
    assert "m.yaml:7:33: 'efficiency.default.compute'" in capsys.readouterr().err


def _model(nodes: list[Any], weights: list[Any] | None = None, **more: Any) -> Any:
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
    leaves = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])
    graph = helper.make_graph(nodes, "g", [entry], [leaves], weights or [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], **more)


def _weight(dims: list[int], kind: int = TensorProto.FLOAT) -> Any:
    tensor = onnx.TensorProto(name="w", data_type=kind)
    tensor.dims.extend(dims)
    return tensor


def _relu(**attributes: Any) -> Any:
    return helper.make_node("Relu", ["x"], ["y"], **attributes)


def _twice() -> Any:
    made = helper.make_function(
        "my",
        "F",
        ["a"],
        ["b"],
        [helper.make_node("Relu", ["a"], ["b"])],
        [helper.make_opsetid("", 17)],
    )
    return _model([helper.make_node("F", ["x"], ["y"], domain="my")], functions=[made, made])


def _branches() -> Any:
    two = helper.make_graph(
        [helper.make_node("Relu", ["x"], [name]) for name in "ab"],
        "t",
        [],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in "ab"],
    )
    return _model([helper.make_node("If", ["x"], ["y"], then_branch=two, else_branch=two)])


MATMUL = helper.make_node("MatMul", ["x", "w"], ["y"])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (_model([MATMUL], [_weight([3, -8])]), "'w' has the sizes [3, -8]"),
        (_model([MATMUL], [_weight([3, 8], 49)]), "'w' has the unknown element type 49"),
        (_model([MATMUL], [_weight([2**62, 8])]), "beyond 2**53 elements"),
        (_model([helper.make_node("Relu", ["x"], [])]), "node 'Relu' has no output"),
        (_twice(), "function 'F' is defined twice"),
        (_branches(), "a branch of 'If' gives 2 maps, the node 1"),
        (
            _model([helper.make_node("Gradient", ["x"], ["y"], domain="ai.onnx.preview.training")]),
            "'Gradient' is an operator of training",
        ),
        # attributes that no shape inference expects
        (_model([helper.make_node("LSTM", ["x"], ["y"], hidden_size=4)]), "x.onnx"),
        (_model([helper.make_node("Transpose", ["x"], ["y"], perm=[7, 9])]), "x.onnx"),
    ],
    ids=["negative", "type", "large", "mute", "twice", "branches", "training", "lstm", "axes"],
)
def test_onnx_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], model: Any, message: str
) -> None:
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    assert main(["simulate", str(tmp_path / "x.onnx"), "--hw", "accel_1tflops"]) == 2
    assert message in capsys.readouterr().err


def test_any_cut_of_a_file_is_refused_or_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every twentieth prefix, and one flipped byte at each of these places: no traceback."""
    whole = _model([MATMUL, helper.make_node("Relu", ["y"], ["z"])], [_weight([3, 8])])
    content = whole.SerializeToString()
    for at in range(0, len(content), 5):
        for broken in (
            content[:at],
            content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :],
        ):
            (tmp_path / "x.onnx").write_bytes(broken)
            assert main(["simulate", str(tmp_path / "x.onnx"), "--hw", "accel_1tflops"]) in (0, 2)
    capsys.readouterr()


@pytest.mark.parametrize("option", ["--csv", "--json", "--plot", "--trace"])
def test_an_empty_path_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "hairnet", "--hw", "accel_1tflops", option, ""]) == 2
    assert f"{option}: the path is empty" in capsys.readouterr().err


def test_links_in_a_circle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    words = ["simulate", "hairnet", "--hw", "accel_1tflops", "--csv", str(tmp_path / "a")]
    assert main(words) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_closed_stdout_is_no_traceback() -> None:
    import subprocess
    import sys

    words = f"{sys.executable} -m costmodel simulate hairnet --hw accel_1tflops >&-"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # found by tests/fuzz/mutate.py
        ("name: x\nsource: y\nbase: decoder\nvars: [a, b]\n", "x.yaml:4:7"),
        (HEAD + "layers:\n  - 3: {kind: relu}\n  - g: {kind: relu, from: h}\n", "x.yaml:6"),
    ],
)
def test_mistakes_that_the_fuzzer_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (tmp_path / "x.yaml").write_text(text)
    assert main(["simulate", str(tmp_path / "x.yaml"), "--hw", "accel_1tflops"]) == 2
    assert message in capsys.readouterr().err


def test_a_group_is_a_whole_number_from_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
    leaves = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 8, 8])
    node = helper.make_node("Conv", ["x", "w"], ["y"], group=-1, kernel_shape=[1, 1])
    graph = helper.make_graph([node], "g", [entry], [leaves], [_weight([3, 3, 1, 1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    (tmp_path / "x.onnx").write_bytes(model.SerializeToString())
    assert main(["slope", str(tmp_path / "x.onnx")]) == 2
    assert "'group' of 'Conv' is [-1]" in capsys.readouterr().err


def test_axes_too_long_to_tile_stream(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """10^10 samples: each operand crosses once."""
    words = ["simulate", "hairnet", "--hw", "accel_1tflops", "--batch", "10000000"]
    assert main([*words, "--placement", "all_external", "--traffic", "tiled"]) == 0
    assert "Total" in capsys.readouterr().out


@pytest.mark.parametrize("sample", ["random", "sobol", "lhs"])
def test_a_sample_without_a_figure_of_the_machine(
    sample: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found by the fuzzer: what is drawn is dealt to the networks."""
    words = ["--axis", "arch.classes=[5, 6]", "--sample", sample, "--n", "5"]
    assert main(["scan", "hairnet", "--hw", "accel_1tflops", *words]) == 0
    assert "5 points" in capsys.readouterr().out


def test_a_network_without_work_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Found by a law: it takes no time, and numpy warned of the division."""
    (tmp_path / "x.yaml").write_text(HEAD + "layers:\n  - d: {kind: dropout}\n")
    words = [str(tmp_path / "x.yaml"), "--hw", "accel_1tflops"]
    assert main(["simulate", *words, "--plot", str(tmp_path / "p")]) == 0
    assert "WARNING: no row of this network computes or moves" in capsys.readouterr().out
    assert main(["scan", *words, "--axis", "hw.bandwidth=[1 GB/s, 2 GB/s]"]) == 0
    assert "inf" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["throughput >= 1e-320 /s", "total_time <= 1e-310 s"])
def test_a_target_out_of_range(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Found by the fuzzer: a division by nothing."""
    words = ["solve", "hairnet", "--hw", "accel_1tflops", "--for", "matrix", "--target", target]
    assert main(words) == 2
    assert "is out of the range of times" in capsys.readouterr().err


def test_a_product_of_an_empty_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of [1, 4, 3] is kept and multiplied: no loop to tile, and no division by its length."""
    ends = [
        helper.make_tensor(word, TensorProto.INT64, [1], [at]) for word, at in (("s", 0), ("a", 1))
    ]
    weights = helper.make_tensor("w", TensorProto.FLOAT, [3, 5], [0.0] * 15)
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 3])
    leaves = [helper.make_tensor_value_info(word, TensorProto.FLOAT, None) for word in ("y", "z")]
    nodes = [
        helper.make_node("Slice", ["x", "s", "s", "a"], ["e"]),
        helper.make_node("MatMul", ["e", "w"], ["y"]),
        helper.make_node("MatMul", ["x", "w"], ["z"]),
    ]
    graph = helper.make_graph(nodes, "g", [entry], leaves, [*ends, weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    path = tmp_path / "x.onnx"
    path.write_bytes(model.SerializeToString())
    assert main(["slope", str(path), "--hw", "a100"]) == 0
    assert "Traceback" not in capsys.readouterr().err
