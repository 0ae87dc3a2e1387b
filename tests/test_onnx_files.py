"""What an ONNX file may leave open, and what is refused by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from graphs import LIGHT, weight, write
from onnx import TensorProto, helper

from costmodel.cli import main
from costmodel.core.loading import load_network
from costmodel.errors import InputError

FLOAT = TensorProto.FLOAT


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
    assert "node 'choice' (If): which branch runs depends on the data" in "".join(told)


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
