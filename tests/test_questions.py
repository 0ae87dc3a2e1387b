"""Questions at the edges: the answers by hand arithmetic, the refusals by their words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.studies.scan import scan
from costmodel.studies.simulation import simulate

# A relu over 4*8*8 fp32 elements: 1024 B in, 1024 B out, 256 comparisons on the host.
RELU = "name: relu\nsource: made for the tests\ninput: [4, 8, 8]\nlayers:\n  - r: {kind: relu}\n"
FREE = RELU.replace("kind: relu", "kind: flatten")
# 1 kB: nothing fits. Transfer 2048 B / 1 MB/s = 2.048 ms; host 256 / 1 MFLOPS = 0.256 ms.
MACHINE = ("name: m\nsource: made for the tests\nbandwidth: 1 MB/s\non_chip_memory: 1 kB\n"
           "matrix: 1 TFLOPS\nhost: 1 MFLOPS\n")  # fmt: skip
SCAN = ["scan", "hairnet", "--hw", "accel_1tflops"]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    written = {}
    for name, text in {"relu": RELU, "free": FREE, "machine": MACHINE}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
        written[name] = str(tmp_path / f"{name}.yaml")
    return written


def ask(files: dict[str, str], network: str, target: str, *resources: str) -> dict[str, Any]:
    """The JSON of `solve`."""
    out = Path(files["machine"]).with_name("answer.json")
    words = [
        "solve",
        files[network],
        "--hw",
        files["machine"],
        "--target",
        target,
        "--json",
        str(out),
    ]
    assert main([*words, *(w for r in resources for w in ("--for", r))]) == 0
    return dict(json.loads(out.read_text()))


@pytest.mark.parametrize(("resources", "target", "possible", "words"), [
    (["bandwidth", "matrix"], "total_time <= 1 s", True, "nothing depends on matrix; bandwidth alone decides"),
    (["matrix", "bandwidth"], "total_time <= 1 us", False, "even with both infinite the run takes 0.000256 s"),
    (["bandwidth", "host"], "external_bytes <= 3 kB", True, "do not depend on bandwidth or host; they are 2048 B"),
    (["bandwidth", "host"], "external_bytes <= 2 kB", False, "do not depend on bandwidth or host"),
    (["bandwidth", "matrix"], "total_time >= 1 us", True, "any values meet it"),
    (["bandwidth"], "external_bytes <= 2 kB", False, "do not depend on bandwidth"),
    (["matrix"], "total_time <= 1 s", True, "nothing depends on matrix"),
    (["batch"], "total_time >= 1 s", True, "the smallest batch"),
])  # fmt: skip
def test_answers(
    files: dict[str, str], resources: list[str], target: str, possible: bool, words: str
) -> None:
    answer = ask(files, "relu", target, *resources)
    assert words in answer["reason"]
    assert answer["possible"] is possible


@pytest.mark.parametrize(("target", "batch"), [
    # A sample takes 2.048 + 0.256 = 2.304 ms; 10 of them 23.04 ms
    ("total_time <= 23.04 ms", 10), ("total_time < 23.04 ms", 9), ("total_time >= 23.04 ms", 10),
    ("total_time > 23.04 ms", 11), ("external_bytes <= 4096 B", 2), ("external_bytes < 4096 B", 1),
    ("external_bytes >= 4096 B", 2), ("external_bytes > 4096 B", 3), ("throughput >= 1 /s", None),
])  # fmt: skip
def test_batches_by_hand(files: dict[str, str], target: str, batch: int | None) -> None:
    assert ask(files, "relu", target, "batch")["value"] == batch


def test_a_strict_bound_is_strict(files: dict[str, str]) -> None:
    """2048 B in 1 s less the host's 0.256 ms; below that the time reaches 1 s."""
    loose = ask(files, "relu", "total_time <= 1 s", "bandwidth")
    strict = ask(files, "relu", "total_time < 1 s", "bandwidth")
    assert loose["value"] == pytest.approx(2048 / (1 - 256e-6), rel=1e-12)
    assert strict["value"] > loose["value"]
    assert strict["achieved_total_time_s"] < 1 <= loose["achieved_total_time_s"]


def test_a_network_that_costs_nothing(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No time, no bytes, no division by zero."""
    assert "every batch" in ask(files, "free", "throughput >= 1 /s", "batch")["reason"]
    assert main(["compare", files["free"], files["relu"], "--hw", files["machine"]]) == 0
    assert "inf" in capsys.readouterr().out


def test_nothing_is_left_behind_the_last_block(tmp_path: Path) -> None:
    out = tmp_path / "b.csv"
    words = ["--hw", "accel_1tflops", "--by", "block", "--csv", str(out)]
    assert main(["simulate", "shufflenet_v2", *words]) == 0
    assert out.read_text().splitlines()[-1].endswith(",0.0")


@pytest.mark.parametrize(("words", "messages"), [
    (["--where", "total_time <= 3"], ["compared with a bare 3", "write a time like '10 ms'"]),
    (["--where", "__import__('os')"], ["Function '__import__' not defined"]),
    (["--derive", "a=1 << 40"], ["no operator LShift here"]),
    (["--axis", "dtype=[fp32, fp16]", "--by", "dtype"], ["objective 'dtype' is text"]),
    (["--axis", "dtype=[fp32, fp16]", "--derive", "q=dtype * 2"], ["'*' multiplies numbers only"]),
    (["--axis", "batch=[1]", "--axis", "batch=[2]"], ["'batch' is given twice"]),
    (["--axis", "batch=[1]", "--batch", "2", "--axis", "arch.pools=[1]", "--set", "pools=2"],
     ["--batch: 'batch' is fixed, and an axis too", "'arch.pools' is fixed"]),
    (["--n", "5"], ["a grid has as many points as its axes make"]),
    (["--sample", "lhs", "--n", "3000000000"], ["--n: a Latin hypercube of 3000000000 points"]),
    (["--address", "tcp://1.2.3.4:5"], ["--address: is given without --engine dask"]),
    (["--timing", "seriel", "--placement", "x"], ["--timing: unknown", "--placement: unknown"]),
    (["--axis", "arch=[alexnet]"], ["'arch' is named, and an axis too"]),
])  # fmt: skip
def test_refusals(
    words: list[str], messages: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SCAN, "--axis", "hw.host=linear(1 GFLOPS, 2 GFLOPS, 3)", *words]) == 2
    told = capsys.readouterr().err
    assert all(message in told for message in messages), told


def test_a_second_target_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["solve", "hairnet", "--hw", "accel_1tflops", "--for", "host"]
    assert main([*words, "--target", "total_time <= 1 s", "--target", "total_time <= 2 s"]) == 2
    assert "given 2 times" in capsys.readouterr().err


def test_logic_goes_element_by_element() -> None:
    """Of 1, 2, 3, 4 GB/s those in 1.5..3.5 or above 3.9; a choice by value."""
    frame = scan(
        "hairnet",
        "accel_1tflops",
        axes={"hw.bandwidth": "linear(1 GB/s, 4 GB/s, 4)"},
        where="1.5 GB/s < hw.bandwidth < 3.5 GB/s or not hw.bandwidth <= 3.9 GB/s",
        derive={"fast": "1 if hw.bandwidth > 2 GB/s and hw.bandwidth < 4 GB/s else 0"},
    )
    assert frame["hw.bandwidth"].tolist() == [2e9, 3e9, 4e9]
    assert frame["fast"].tolist() == [0, 1, 0]


def test_axes_of_batches_and_arrays() -> None:
    frame = scan("hairnet", "accel_1tflops", axes={"batch": "linear(1, 4, 7)"})
    assert frame["batch"].tolist() == [1, 2, 3, 4]
    assert len(scan("hairnet", "accel_1tflops", axes={"batch": np.array([1, 2])})) == 2
    assert len(scan("hairnet", "accel_1tflops")) == 1


@pytest.mark.parametrize("wrong", [{"batch": 1.5}, {"batch": "2"}, {"derive": ["a"]}])
def test_wrong_types_from_python(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        scan("hairnet", "accel_1tflops", **wrong)
    with pytest.raises(TypeError):
        simulate("hairnet", "accel_1tflops", foo=3)  # type: ignore[call-arg]


def test_objectives_led_by_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main([*SCAN, "--axis", "batch=[1, 2]", "--by", "-batch", "--pareto", "-throughput,batch"])
        == 0
    )
    assert capsys.readouterr().out.split("best\n")[1].splitlines()[1].split()[:3] == ["1", "1", "2"]


def test_an_objective_that_is_no_number_somewhere() -> None:
    """sqrt of a negative number is none: the point is left out, not best."""
    frame = scan(
        "hairnet", "accel_1tflops", axes={"batch": [1, 4]}, derive={"q": "sqrt(batch - 2)"}
    )
    assert np.isnan(frame["q"]).tolist() == [True, False]


def test_a_scan_file_tells_places_and_finds_files_beside_it(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scan.yaml"
    file.write_text("arch: relu.yaml\nhw: machine.yaml\naxes: {batch: [1, 2]}\n")
    assert main(["scan", str(file)]) == 0
    assert main(["scan", str(file), "--hw", "accel_1tflops"]) == 0
    file.write_text(
        "arch: relu.yaml\nhw: machine.yaml\nbogus: 3\naxes: {timing: [foo], dtype: [fp13]}\nn: x\n"
    )
    capsys.readouterr()
    assert main(["scan", str(file)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0].removeprefix(f"{file}:") for line in told] == [
        "3:1",
        "4:16",
        "4:30",
        "5:4",
    ]
    file.write_text("arch: nope\nhw: machine.yaml\naxes: {batch: [1]}\n")
    assert main(["scan", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"{file}:1:7: ")
    file.write_text("arch: relu.yaml\nhw: machine.yaml\nset: {nope: 3}\naxes: {batch: [1]}\n")
    assert main(["scan", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"{file}:3:13: ")


def test_another_plan_says_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCAN, "--axis", "batch=[1, 2]", "--out", str(tmp_path / "o")]) == 0
    assert main([*SCAN, "--axis", "batch=[1, 3]", "--best", "5", "--out", str(tmp_path / "o")]) == 2
    told = capsys.readouterr().err
    assert "batch was '1, 2' and is '1, 3'" in told
    assert "best was '10' and is '5'" in told


def test_links_and_devices_are_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    for place in (str(link), "/dev/null"):
        assert main(["simulate", "hairnet", "--hw", "accel_1tflops", "--csv", place]) == 0
    assert link.is_symlink()
    assert len(target.read_text().splitlines()) == 67
    assert Path("/dev/null").is_char_device()
