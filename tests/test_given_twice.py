"""What is given twice, or overrules what is asked for, is refused at every door, never passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import BadValue, InputError
from costmodel.language import dtypes

SCAN = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis"]


@pytest.mark.parametrize(("line", "told"), [
    ("scan hairnet hairnet --hw accel_1tflops", "arch: 'hairnet' is given twice; give it once"),
    ("scan hairnet --hw a100 a100", "hw: 'a100' is given twice; give it once"),
    ("scan hairnet --hw a100 --hw a100", "hw: 'a100' is given twice; give it once"),
    ("scan hairnet --hw a100 --axis batch=[1,1]", "axis 'batch' has 1 twice; give it once"),
    ("scan hairnet --hw a100 --axis timing=[serial,overlap,serial]", "axis 'timing' has serial twice"),
    ("scan hairnet --hw a100 --axis dtype=[fp16,fp16]", "axis 'dtype' has fp16 twice"),
    ("scan hairnet --hw a100 --pareto total_time,total_time", "'total_time' is given twice"),
    ("compare hairnet hairnet --hw a100", "ARCH: 'hairnet' is given twice; give it once"),
    ("compare hairnet --hw a100 a100", "--hw: 'a100' is given twice; give it once"),
    ("compare resnet_cifar:n=1,n=2 --hw a100", "'n' is given twice; give it once"),
    ("validate hairnet hairnet", "ARCH: 'hairnet' is given twice; give it once"),
    ("measure a.onnx a.onnx --out t.csv", "NETWORK: 'a.onnx' is given twice; give it once"),
    ("reproduce hairnet hairnet", "TABLE: 'hairnet' is given twice; give it once"),
    ("simulate resnet_cifar --hw a100 --set n=1 --set n=2", "'n' is given twice; give it once"),
    ("generate gpt2 --hw a100 --hw a100 --prompt 8", "--hw: 'a100' is given twice; give it once"),
    ("simulate hairnet --hw a100 --pass fold_batch_norm --pass none", "'none' stands beside fold_batch_norm"),
    ("simulate hairnet --hw a100 --dtype {weights:int4,weights:fp8}", "'weights' is given twice"),
    ("simulate gpt2 --hw a100 --pass tensor_parallel", "costmodel generate --tensor-parallel"),
    ("generate gpt2 --hw a100 --prompt 8 --set context=5", "--set context: is overruled by --prompt"),
    ("generate gpt2 --hw a100 --prompt 8 --set tokens=5", "--set tokens: is overruled by --prompt"),
    ("generate mixtral-8x7b --hw a100 --prompt 8 --expert-parallel 2",
     "--expert-parallel: 2 devices for the experts are no part of 1"),
])  # fmt: skip
def test_given_twice_on_the_command_line(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("word", ["context", "prompt"])
def test_what_is_solved_for_cannot_be_set(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    variable = {"context": "context", "prompt": "tokens"}[word]
    words = ["solve", "gpt2", "--hw", "a100", "--for", word, "--target", "total_time <= 1 s"]
    assert main([*words, "--set", f"{variable}=5"]) == 2
    assert f"'{variable}' is set, and solved for" in capsys.readouterr().err
    with pytest.raises(InputError, match=f"'{variable}' is set, and solved for"):
        cm.solve("gpt2", "a100", word, "total_time <= 1 s", settings={variable: 5})
    with pytest.raises(InputError, match="'batch' is set, and solved for"):
        cm.solve("gpt2", "a100", "batch", "total_time <= 1 s", batch=4)


def test_given_twice_in_python() -> None:
    network, profile = cm.load_network("hairnet"), cm.load_profile("accel_1tflops")
    pairs: tuple[tuple[Any, Any], ...] = (
        (["hairnet", "hairnet"], "accel_1tflops"), ([network, network], profile),
        (network, [profile, profile]), ("hairnet", ["a100", Path("a100")]),
    )  # fmt: skip
    for archs, machines in pairs:
        with pytest.raises(InputError, match="is given twice; give it once"):
            cm.scan(archs, machines)
        with pytest.raises(InputError, match="is given twice; give it once"):
            cm.compare(archs, machines)
    with pytest.raises(InputError, match="axis 'batch' has 2 twice"):
        cm.scan(network, profile, axes={"batch": [1, 2, 2]})
    with pytest.raises(InputError, match=r"axis 'hw\.bandwidth' has 1e\+09 twice"):
        cm.scan(network, profile, axes={"hw.bandwidth": ["1 GB/s", "1000 MB/s"]})
    with pytest.raises(InputError, match="context"):
        cm.generate("gpt2", "a100", 8, settings={"context": 3})


def test_a_scan_file_with_none_beside_a_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.yaml"
    text = "arch: hairnet\nhw: a100\naxes: {batch: [1, 2]}\npasses: [fold_batch_norm, none]\n"
    file.write_text(text)
    assert main(["scan", str(file)]) == 2
    assert "'none' stands beside fold_batch_norm" in capsys.readouterr().err


def test_an_element_type_is_given_once_for_each_class() -> None:
    with pytest.raises(BadValue, match="'weights' is given twice"):
        dtypes.types("{weights: int4, maps: fp16, weights: int4}")


MIXED: Any = {"weights": "int4", "maps": "fp16"}


def test_element_types_by_class_are_values_of_an_axis(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a dict, as its text, in a list, in a file: the same run as `simulate` with that text."""
    text = "{weights: int4, maps: fp16}"
    alone = cm.simulate("hairnet", "accel_1tflops", dtype=text).total_time
    values: list[Any] = [MIXED, [MIXED, "fp32"], [text], text, f"[{text}, fp32]"]
    for value in values:
        table = cm.scan("hairnet", "accel_1tflops", axes={"dtype": value})
        assert (table.dtype[0], table.total_time[0]) == (text, pytest.approx(alone, rel=1e-12))
    fixed = cm.scan("hairnet", "accel_1tflops", dtype=MIXED)
    assert fixed.total_time[0] == pytest.approx(alone, rel=1e-12)
    assert main([*SCAN, f"dtype=[{text}, fp32]"]) == 0
    assert text in capsys.readouterr().out
    file = tmp_path / "s.yaml"
    top = "arch: hairnet\nhw: accel_1tflops\n"
    for rest in (f"axes: {{dtype: [{text}]}}", f"dtype: {text}\naxes: {{batch: [1]}}"):
        file.write_text(top + rest + "\n")
        assert main(["scan", str(file)]) == 0
        assert f"{alone:.7g}" in capsys.readouterr().out
    with pytest.raises(InputError, match="'weigths' is no class of tensors"):
        cm.scan("hairnet", "accel_1tflops", axes={"dtype": [{"weigths": "int4"}]})
    with pytest.raises(InputError, match="is no word"):
        cm.scan("hairnet", "accel_1tflops", axes={"timing": [{"a": 1}]})


@pytest.mark.parametrize("values", [
    [1e9, 2e9], (1e9, 2e9), np.array([1e9, 2e9]), [1_000_000_000, np.float64(2e9)],
    [np.int64(10**9), "2 GB/s"],
])  # fmt: skip
def test_plain_numbers_from_python_are_in_si_units(values: Any) -> None:
    table = cm.scan("hairnet", "accel_1tflops", axes={"hw.bandwidth": values})
    assert table["hw.bandwidth"].tolist() == [1e9, 2e9]
    assert cm.scan("hairnet", "accel_1tflops", axes={"hw.launch": [0.0]}).total_time[0] > 0
    counts = cm.scan("hairnet", "accel_1tflops", axes={"batch": np.array([1, 2])})
    assert counts["batch"].tolist() == [1, 2]
    ranged = cm.scan("hairnet", "accel_1tflops", axes={"batch": range(1, 3)})
    assert ranged["batch"].tolist() == [1, 2]


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), True, 1e31, None])
def test_plain_numbers_that_are_no_figures(value: Any) -> None:
    with pytest.raises(InputError, match=r"hw\.bandwidth"):
        cm.scan("hairnet", "accel_1tflops", axes={"hw.bandwidth": [value]})


def test_text_wants_units(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for value in ("[1e9]", "1e9", "[1000000000]", ["1e9"], "linear(1, 2, 2)"):
        with pytest.raises(InputError, match="no unit"):
            cm.scan("hairnet", "accel_1tflops", axes={"hw.bandwidth": value})
    assert main([*SCAN, "hw.bandwidth=[1.0e+9]"]) == 2
    file = tmp_path / "s.yaml"
    file.write_text("arch: hairnet\nhw: accel_1tflops\naxes: {hw.bandwidth: [1.0e+9]}\n")
    assert main(["scan", str(file)]) == 2
    assert capsys.readouterr().err.count("has no unit") == 2
