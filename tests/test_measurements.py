"""Tables and runtime profiles of measured times: what is read, and every mistake told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphs import DATA
from measured import BASE, calibrate, truth, write

from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.hardware.read import load_profile
from costmodel.studies.calibration import measurements, runtime_profile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


# --- measurements ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "words"), [
    ({"network": "nowhere.onnx"}, "t.csv:2:1: 'nowhere.onnx': "), ({"seconds": "-1"}, "t.csv:2:16: seconds is '-1'"),
    ({"seconds": "nan"}, "seconds is 'nan'"), ({"seconds": "0"}, "seconds is '0'"), ({"dtype": "fp61"}, "t.csv:2:11: unknown dtype 'fp61'"),
    ({"batch": "0"}, "batch is '0'"), ({"seconds": "missing.json"}, "missing.json: "), ({"layer": "nolayer"}, "'alexnet' has no layer 'nolayer'"),
])  # fmt: skip
def test_bad_measurements(
    folder: Path, change: dict[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"network": "alexnet", "batch": "1", "dtype": "fp32", "seconds": "0.1", "family": "f"}
    file = write(
        folder,
        [
            {**row, **({"layer": ""} if "layer" in change else {}), **change},
            {**row, **({"layer": ""} if "layer" in change else {}), "network": "hairnet"},
        ],
    )
    assert calibrate(folder, file) == 2
    told = capsys.readouterr().err
    assert words in told, told
    assert "Traceback" not in told
    assert not (folder / "out.yaml").exists()


def test_duplicates_that_disagree_and_a_single_network(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"network": "alexnet", "batch": "1", "dtype": "fp32", "seconds": "0.1"}
    for rows, words in (
        ([row, {**row, "seconds": "0.2"}], "took 0.2 s, on line 2 0.1 s"),
        ([row, {**row, "batch": "2"}], "of one network: nothing can be held out"),
    ):
        assert calibrate(folder, write(folder, rows)) == 2
        assert words in capsys.readouterr().err
        assert not (folder / "out.yaml").exists()


@pytest.mark.parametrize(("text", "words"), [
    ("", "t.csv: is empty; a table in CSV is needed"), ("network,batch,dtype,seconds\n", "holds no measurements"),
    ("network,batch,dtype,seconds\nalexnet,\u00b2,fp32,1\n", "t.csv:2:9: batch is '\u00b2'"), ("network,batch,dtype,seconds\n,1,fp32,1\n", "names no network"),
    ("network,batch,dtype,seconds\nalexnet,1,fp32,1e-300\n", "seconds is '1e-300'"), ("network,batch,dtype,seconds,batch\na,1,fp32,1,2\n", "'batch' is there twice"),
    ("network,batch,dtype,seconds,layer\nalexnet,1,fp32,1,flatten\n", "is a view, which takes no time"),
    ("network,batch,dtype,seconds\n" + "\n".join(["alexnet,1,fp32,0.1"] * 6), "of one network: nothing can be held out"),
])  # fmt: skip
def test_odd_tables_are_refused(
    folder: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "t.csv").write_text(text)
    assert calibrate(folder, str(folder / "t.csv")) == 2
    assert words in capsys.readouterr().err
    assert not (folder / "out.yaml").exists()


def test_what_spreadsheets_write_is_read(folder: Path) -> None:
    """A byte order mark, CRLF or CR line ends, blanks after commas, quotes over two lines."""
    text = '\ufeffnetwork, batch, dtype, seconds, family\nalexnet, 1, fp32, 0.1, "a\nb"\n\nhairnet, 1, fp61, 0.2, c\n'
    for end in ("\n", "\r\n", "\r"):
        (folder / "t.csv").write_bytes(text.replace("\n", end).encode())
        with pytest.raises(InputError, match=r"t.csv:5:1\d: unknown dtype 'fp61'"):
            measurements.read(str(folder / "t.csv"))


def test_more_that_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(folder, truth(folder)[:6])
    words = [
        "calibrate",
        file,
        "--hw",
        str(folder / "base.yaml"),
        "--out",
        str(folder / "out.yaml"),
    ]
    for extra, told in (
        (["--timing", "sometimes"], "--timing: unknown timing 'sometimes'"),
        (["--pass", "nonsense"], "unknown pass 'nonsense'"),
    ):
        assert main([*words, *extra]) == 2
        assert told in capsys.readouterr().err
    (folder / "base.yaml").write_text(BASE + "efficiency: {conv2d: 0.5}\n")
    assert main(words) == 2
    assert "names layer kinds: conv2d" in capsys.readouterr().err
    assert not (folder / "out.yaml").exists()


def test_times_that_cannot_be_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Milliseconds taken for seconds, the wrong way round: a thousand times faster than the machine's peaks."""
    rows = [{**row, "seconds": repr(float(row["seconds"]) / 1000)} for row in truth(folder)]
    assert calibrate(folder, write(folder, rows), "--pass", "none") == 0
    assert (
        "32 measurements are faster than half of what the machine's peaks allow"
        in capsys.readouterr().out
    )


# --- ONNX Runtime profiles: tiny.onnx run four times by ONNX Runtime 1.31 (arguments cut down) ----------------------

TRACES = DATA / "onnxruntime"


def test_a_runtime_profile_is_read() -> None:
    """Medians of the runs but the first, by hand from the file: 591, 222 and one more; the convolution 109, 46, 20 us."""
    events = json.loads((TRACES / "as_written.json").read_text())
    runs = [e["dur"] for e in events if e["name"] == "model_run"]
    convs = [e["dur"] for e in events if e["name"] == "/conv1/Conv_kernel_time"]
    found = runtime_profile.read(str(TRACES / "as_written.json"))
    assert found.run == pytest.approx(sorted(runs[1:])[1] * 1e-6)
    assert found.nodes["/conv1/Conv"] == pytest.approx(sorted(convs[1:])[1] * 1e-6)


def test_nodes_that_the_runtime_made_are_left_out(folder: Path) -> None:
    """The optimised run's convolutions have other names; what kept its name is a layer's time, in a table or alone."""
    (folder / "t.csv").write_text(
        f"network,batch,dtype,seconds\n{TRACES / 'tiny.onnx'},1,fp32,{TRACES / 'optimised.json'}\n"
    )
    table = measurements.read(str(folder / "t.csv"))
    assert table[0].layer == ""
    assert {"Relu_1", "fc/Gemm", "Softmax"} <= {one.layer for one in table}
    for trace, code in (
        ("as_written.json", 0),
        ("optimised.json", 2),
        # of the latter too few nodes are left
    ):
        words = [
            "calibrate",
            str(TRACES / trace),
            "--network",
            str(TRACES / "tiny.onnx"),
            "--hw",
            str(folder / "base.yaml"),
        ]
        assert main([*words, "--out", str(folder / f"{trace}.yaml")]) == code
        assert (folder / f"{trace}.yaml").exists() == (code == 0)
    assert load_profile(folder / "as_written.json.yaml").calibration is not None


@pytest.mark.parametrize(("text", "extra", "words"), [
    ("[]", ["--network", "tiny.onnx"], "holds no finished run"), ("[" * 9000, ["--network", "tiny.onnx"], "is nested over 100 deep"),
    ('[{"cat": "Session", "name": "model_run", "dur": -5}]', ["--network", "tiny.onnx"], "holds no finished run"),
    ('[{"cat": "Session", "name": "model_run", "dur": 50}]', ["--network", str(TRACES / "tiny.onnx")], "of one network"), ("{", ["--network", "tiny.onnx"], "p.json:1:2: is no JSON"),
    ("{}", ["--network", "tiny.onnx"], "is no ONNX Runtime profile"), ("[]", [], "add --network"),
    ("[]", ["--network", "tiny.onnx", "--batch", "0"], "--batch: batch is 0"), ("[]", ["--network", "t", "--dtype", "x"], "--dtype: unknown dtype"),
])  # fmt: skip
def test_bad_profiles(
    folder: Path, text: str, extra: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "p.json").write_text(text)
    assert (
        main(
            [
                "calibrate",
                str(folder / "p.json"),
                "--hw",
                str(folder / "base.yaml"),
                "--out",
                str(folder / "o.yaml"),
                *extra,
            ]
        )
        == 2
    )
    assert words in capsys.readouterr().err
    assert not (folder / "o.yaml").exists()
