"""Calibration: known machines recovered, honest errors by hand, bad measurements refused, profiles that work."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calibrated import MACHINES, ROOT, calibrated
from graphs import DATA
from scipy.stats import t as student

from costmodel import documents, shipped
from costmodel.calibration import folds, measurements, runtime_profile
from costmodel.calibration.additive import Additive
from costmodel.calibration.crossval import Options, choose, left_out, nested
from costmodel.calibration.design import Design
from costmodel.calibration.fit import fit
from costmodel.calibration.interval import spread
from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.hardware import load_profile
from costmodel.hardware.profile import Efficiency
from costmodel.run import run, simulate
from costmodel.timing import load as timing

NETWORKS = (
    "alexnet",
    "hairnet",
    "mobilenet_v2",
    "mobilenet_fmp",
    "resnet_cifar",
    "se_resnet_cifar",
    "shufflenet_v2",
    "mobilenet_mp3",
)
FAMILY = {
    "alexnet": "plain",
    "hairnet": "mobile",
    "resnet_cifar": "resnet",
    "se_resnet_cifar": "resnet",
    "shake_shake": "resnet",
}
BASE = """# A comment that stays.
name: base
source: made for the tests
bandwidth: 10 GB/s
on_chip_memory: 1 MB
matrix: 1 TFLOPS
host: 100 GFLOPS
placement: all_external
timing: serial
dtype: fp32
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


def write(folder: Path, rows: list[dict[str, Any]]) -> str:
    with (folder / "t.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(folder / "t.csv")


def truth(folder: Path, **traits: Any) -> list[dict[str, Any]]:
    """Times of every network at four batches on a machine that differs from the base by `traits`."""
    profile = load_profile(folder / "base.yaml").model_copy(update=traits)
    found = []
    for name in NETWORKS:
        network = simulate(name, str(folder / "base.yaml")).network
        for batch in (1, 2, 8, 32):
            done = run(network, profile, batch=batch, uniform=True)
            found.append({"network": name, "batch": batch, "dtype": "fp32", "seconds": repr(done.total_time),
                          "family": FAMILY.get(name, "mobile")})  # fmt: skip
    return found


# --- what is fitted ----------------------------------------------------------------------------------


def test_a_known_machine_is_recovered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Noiseless times of a machine that reaches shares of its peaks and launches rows: its own figures come out.

    To 3 %: the prior, 20 % wide, weighs like (0.05 / 0.2)^2 of a measurement that the term explains alone.
    """
    slow = {"default": Efficiency(compute=0.5, bandwidth=0.4)}
    file = write(folder, truth(folder, efficiency=slow, launch=20e-6))
    assert main(["calibrate", file, "--hw", str(folder / "base.yaml"), "--out", str(folder / "out.yaml"), "--pass", "none",
                 "--json", str(folder / "o.json"), "--plot", str(folder)]) == 0  # fmt: skip
    found = load_profile(folder / "out.yaml")
    assert isinstance(found.launch, dict)
    assert found.launch["matrix"] == pytest.approx(20e-6, rel=0.03)
    assert found.launch["host"] == pytest.approx(20e-6, rel=0.03)
    for word in ("dense", "window"):  # a third of the time
        assert found.efficiency[word].compute == pytest.approx(0.5, rel=0.03)
    assert found.efficiency["stream"].bandwidth == pytest.approx(0.4, rel=0.03)
    report = json.loads((folder / "o.json").read_text())
    assert report["errors"]["calibrated, families held out"]["mean"] < 0.02
    assert report["errors"]["base profile, nothing fitted"]["mean"] > 0.4
    assert (folder / "calibration.png").read_bytes().startswith(b"\x89PNG")
    assert "families held out" in capsys.readouterr().out


def test_what_was_measured_at_the_base_stays_there(folder: Path) -> None:
    """A machine that is its base: every share stays at 1, launches at nothing."""
    file = write(folder, truth(folder))
    assert (
        main(
            [
                "calibrate",
                file,
                "--hw",
                str(folder / "base.yaml"),
                "--out",
                str(folder / "out.yaml"),
                "--pass",
                "none",
            ]
        )
        == 0
    )
    found = load_profile(folder / "out.yaml")
    assert isinstance(found.launch, dict)
    assert all(
        share.compute > 0.99 and share.bandwidth > 0.99 for share in found.efficiency.values()
    )
    assert max(found.launch.values()) < 1e-7


def test_shares_that_the_base_states_are_the_prior(folder: Path) -> None:
    """A base that knows its shares and launches, and a machine that is like it: they come out again, unmeasured routines' too."""
    stated = "efficiency: {default: {compute: 0.5, bandwidth: 0.25}, norm: 0.125}\nlaunch: 30 us\n"
    rows = truth(
        folder, efficiency={"default": Efficiency(compute=0.5, bandwidth=0.25)}, launch=30e-6
    )
    (folder / "base.yaml").write_text(BASE + stated)
    few = [row for row in rows if row["network"] in ("hairnet", "alexnet")]
    assert (
        main(
            [
                "calibrate",
                write(folder, few),
                "--hw",
                str(folder / "base.yaml"),
                "--out",
                str(folder / "out.yaml"),
                "--pass",
                "none",
            ]
        )
        == 0
    )
    found = load_profile(folder / "out.yaml")
    assert isinstance(found.launch, dict)
    assert found.launch["matrix"] == pytest.approx(30e-6, rel=0.03)
    for word in ("default", "dense", "stream"):
        assert found.efficiency[word].compute == pytest.approx(0.5, rel=0.03)
        assert found.efficiency[word].bandwidth == pytest.approx(0.25, rel=0.03)


def one_column(measured: list[float], seconds: list[float]) -> Design:
    """Measurements whose time is one coefficient times a number, as a share of the bandwidth."""
    n = np.arange(len(measured))
    return Design((("bandwidth", "stream"),), np.array(measured), np.ones(len(n)), timing("serial"), n, np.ones(len(n)),
                  n, np.zeros(len(n), dtype=int), np.zeros(len(n), dtype=int), np.array(seconds), np.ones(1))  # fmt: skip


def test_the_fit_by_hand() -> None:
    """Twenty times at half the peak: u = ln 2 less what the prior takes; one outlier moves it by little; no share above 1."""
    exact = fit(one_column([2.0] * 20, [1.0] * 20), np.arange(20)).coefficients[0]
    # stationary: 20 (u - ln 2) / .05^2 + (u - g) / .2^2 = 0 and (g - u) / .2^2 + g = 0, so u = ln 2 * 8000 / (8000 + 1 / 1.04)
    assert math.log(exact) == pytest.approx(math.log(2) * 8000 / (8000 + 1 / 1.04), rel=1e-6)
    outlier = fit(one_column([2.0] * 19 + [20.0], [1.0] * 20), np.arange(20)).coefficients[0]
    assert exact < outlier < 1.02 * exact  # least squares would say 10 ** (1 / 20) = 1.12
    assert fit(one_column([0.5] * 20, [1.0] * 20), np.arange(20)).coefficients[0] == 1


def test_slopes_are_derivatives(folder: Path) -> None:
    """The analytic slopes of a design under partial overlap, against differences of its predictions."""
    rng = np.random.default_rng(3)
    rows, terms = 40, 150
    made = Design((("compute", "dense"), ("bandwidth", "dense"), ("parameters", ""), ("on_chip", ""), ("launch", "")),
                  np.ones(7), np.ones(7), timing("partial"), rng.integers(0, 7, rows), rng.integers(1, 4, rows).astype(float),
                  rng.integers(0, rows, terms), rng.integers(0, 5, terms), rng.integers(0, 4, terms), rng.random(terms), np.ones(5))  # fmt: skip
    at = rng.uniform(1, 3, 5)
    slopes = made.slopes(at)
    for column in range(5):
        step = np.exp(1e-5 * (np.arange(5) == column))
        numeric = (made.predict(at * step) - made.predict(at / step)) / 2e-5
        assert slopes[:, column] == pytest.approx(numeric, rel=1e-3, abs=1e-6)


def test_the_crude_model_by_hand() -> None:
    """Two kinds with 2 and 3 s an operation: recovered from three networks, never negative."""
    sums = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 5.0]])
    model = Additive(sums, np.array([2.0, 3.0, 5.0, 1.0]))
    assert model.predict(np.arange(3), np.array([3])) == pytest.approx([19.0])


# --- honest errors --------------------------------------------------------------------------------------


def test_intervals_by_hand() -> None:
    """Of 29 errors 1..29 % the rank is ceil(.9 * 30) = 27; of 4, Student's t with 4 degrees of freedom."""
    assert spread(np.arange(1, 30) / 100) == pytest.approx((math.exp(-0.27), math.exp(0.27)))
    half = student.ppf(0.95, 4) * math.sqrt(0.01 * 1.25)
    assert spread(np.array([0.1, -0.1, 0.1, -0.1])) == pytest.approx(
        (math.exp(-half), math.exp(half))
    )
    assert spread(np.zeros(0)) == pytest.approx((0.1, 10))


def test_intervals_cover_what_they_say() -> None:
    """Errors of one distribution: of further ones 90 % lie inside, in the mean over many draws."""
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        low, high = spread(rng.standard_t(3, 50) * 0.1)
        inside.append(
            np.mean((math.log(low) <= (e := rng.standard_t(3, 200) * 0.1)) & (e <= math.log(high)))
        )
    assert 0.89 < float(np.mean(inside)) < 0.92  # between 0.9 and 0.9 + 1 / 51


def test_folds() -> None:
    assert [list(map(int, fold)) for fold in folds.grouped(["b", "a", "b", "c"])] == [
        [1],
        [0, 2],
        [3],
    ]
    many = folds.grouped([str(n % 25) for n in range(100)])
    assert len(many) == 10
    assert sorted(int(n) for fold in many for n in fold) == list(range(100))
    assert all(
        len({n % 25 for n in fold} & {n % 25 for n in other}) == 0
        for fold in many
        for other in many
        if fold is not other
    )
    assert folds.groups(["a", "b"], ["x", "y"], [1, 1]) == ["a", "b"]
    dealt = folds.groups([""] * 6, ["x", "x", "y", "z", "u", "v"], [1] * 6)
    assert dealt[0] == dealt[1]
    assert len(set(dealt)) == 5


def test_nothing_of_a_family_is_seen() -> None:
    """A model that predicts the mean of what it was given: each family gets the others' mean, its own left out."""
    measured, groups = np.array([1.0, 2.0, 4.0, 8.0]), ["a", "a", "b", "c"]
    seen = left_out(
        lambda train, test: np.full(len(test), measured[train].mean()), groups, np.arange(4)
    )
    assert seen == pytest.approx([6, 6, 11 / 3, 7 / 3])


def _pick(designs: dict[str, Design], choice: tuple[str]) -> Design:
    return designs[choice[0]]


def test_the_first_choice_stays_unless_another_is_better() -> None:
    """A wrong model first and a right one second: the right one is taken; two right ones: the first."""
    right, wrong = one_column([2.0] * 8, [1.0] * 8), one_column([2.0] * 8, [1.0, 9.0] * 4)
    groups, measured = list("aabbccdd"), np.full(8, 2.0)
    for designs, expected in (
        ({"x": wrong, "y": right}, "y"),
        ({"x": right, "y": replace(right)}, "x"),
    ):
        options = Options({"which": list(designs)}, partial(_pick, designs))
        assert choose(options, measured, groups, np.arange(8))[0] == (expected,)
        found = nested(options, measured, groups, lambda _: groups)
        assert found.choices == ((expected,),) * 4
        assert found.predicted == pytest.approx(measured, rel=0.01)


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
    file = write(folder, [{**row, **({"layer": ""} if "layer" in change else {}), **change},
                          {**row, **({"layer": ""} if "layer" in change else {}), "network": "hairnet"}])  # fmt: skip
    assert (
        main(
            [
                "calibrate",
                file,
                "--hw",
                str(folder / "base.yaml"),
                "--out",
                str(folder / "out.yaml"),
            ]
        )
        == 2
    )
    told = capsys.readouterr().err
    assert words in told, told
    assert "Traceback" not in told
    assert not (folder / "out.yaml").exists()


def test_duplicates_that_disagree_and_a_single_network(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"network": "alexnet", "batch": "1", "dtype": "fp32", "seconds": "0.1"}
    for rows, words in (([row, {**row, "seconds": "0.2"}], "took 0.2 s, on line 2 0.1 s"),
                        ([row, {**row, "batch": "2"}], "of one network: nothing can be held out")):  # fmt: skip
        assert (
            main(
                [
                    "calibrate",
                    write(folder, rows),
                    "--hw",
                    str(folder / "base.yaml"),
                    "--out",
                    str(folder / "out.yaml"),
                ]
            )
            == 2
        )
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
    assert (
        main(
            [
                "calibrate",
                str(folder / "t.csv"),
                "--hw",
                str(folder / "base.yaml"),
                "--out",
                str(folder / "out.yaml"),
            ]
        )
        == 2
    )
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
    assert (
        main(
            [
                "calibrate",
                write(folder, rows),
                "--hw",
                str(folder / "base.yaml"),
                "--out",
                str(folder / "out.yaml"),
                "--pass",
                "none",
            ]
        )
        == 0
    )
    assert (
        "32 measurements are faster than half of what the machine's peaks allow"
        in capsys.readouterr().out
    )


def test_on_chip_time_is_fitted_and_written(folder: Path) -> None:
    """A base whose on-chip bandwidth was guessed too low, and one that is not there at all; placements that load and store."""
    rows = truth(folder, on_chip_bandwidth=20e9, placement="resident")
    for guess in ("", "on_chip_bandwidth: 2 GB/s\n"):
        (folder / "base.yaml").write_text(BASE.replace("all_external", "resident") + guess)
        words = [write(folder, rows), "--hw"]
        assert (
            main(
                [
                    "calibrate",
                    *words,
                    str(folder / "base.yaml"),
                    "--out",
                    str(folder / "out.yaml"),
                    "--pass",
                    "none",
                ]
            )
            == 0
        )
        assert load_profile(folder / "out.yaml").on_chip_bandwidth == pytest.approx(20e9, rel=0.05)
        assert (
            main(["evaluate", *words, str(folder / "out.yaml"), "--json", str(folder / "e.json")])
            == 0
        )
        assert json.loads((folder / "e.json").read_text())["mape"] < 0.01
    free = truth(folder, on_chip_bandwidth=None, placement="resident")
    words = [write(folder, free), "--hw"]
    assert (
        main(
            [
                "calibrate",
                *words,
                str(folder / "base.yaml"),
                "--out",
                str(folder / "out.yaml"),
                "--pass",
                "none",
            ]
        )
        == 0
    )
    assert (
        main(["evaluate", *words, str(folder / "out.yaml"), "--json", str(folder / "e.json")]) == 0
    )
    assert json.loads((folder / "e.json").read_text())["mape"] < 0.01


def test_calibrating_again_adds_no_text(folder: Path) -> None:
    """From its own result, with another convention: the name and the comments stay, evaluate counts as the profile says."""
    words = [
        "calibrate",
        write(folder, truth(folder)),
        "--pass",
        "none",
        "--convention",
        "hairnet",
        "--out",
        str(folder / "out.yaml"),
        "--hw",
    ]
    assert main([*words, str(folder / "base.yaml")]) == 0
    first = (folder / "out.yaml").read_text()
    assert main([*words, str(folder / "out.yaml")]) == 0
    again = (folder / "out.yaml").read_text()
    assert again.count("# Fitted") == first.count("# Fitted") == 2
    assert "name: base, measured\n" in again
    assert again.count("fitted to") == 1
    assert (
        main(
            [
                "evaluate",
                words[1],
                "--hw",
                str(folder / "out.yaml"),
                "--json",
                str(folder / "e.json"),
            ]
        )
        == 0
    )
    assert json.loads((folder / "e.json").read_text())["rows"]
    done = simulate("hairnet", str(folder / "out.yaml"))
    assert done.policies.timed_convention == "hairnet"


def test_few_measurements_help_already_and_say_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six measurements of a machine at half its peaks, and fewer of them than parameters."""
    slow = {"default": Efficiency(compute=0.5, bandwidth=0.5)}
    rows = [row for row in truth(folder, efficiency=slow) if row["batch"] == 8][:6]
    words = [
        "calibrate",
        write(folder, rows),
        "--hw",
        str(folder / "base.yaml"),
        "--out",
        str(folder / "out.yaml"),
        "--pass",
        "none",
    ]
    assert main([*words, "--json", str(folder / "o.json")]) == 0
    assert "note: 6 measurements for" in capsys.readouterr().out
    found = json.loads((folder / "o.json").read_text())["errors"]
    assert (
        found["calibrated, families held out"]["mean"]
        < 0.1
        < found["base profile, nothing fitted"]["mean"]
    )


def test_outliers_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = truth(folder)
    rows[5]["seconds"] = repr(3 * float(rows[5]["seconds"]))
    assert (
        main(
            [
                "calibrate",
                write(folder, rows),
                "--hw",
                str(folder / "base.yaml"),
                "--out",
                str(folder / "out.yaml"),
                "--pass",
                "none",
            ]
        )
        == 0
    )
    worst = capsys.readouterr().out.partition("Worst of the held out\n")[2].splitlines()[0]
    assert worst.startswith("hairnet")
    assert "-67 %" in worst
    assert "outside its interval" in worst


def test_a_timing_that_looks_ahead_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "calibrate",
        write(folder, truth(folder)),
        "--hw",
        str(folder / "base.yaml"),
        "--out",
        str(folder / "o.yaml"),
    ]
    assert main([*words, "--timing", "pipelined"]) == 2
    assert "'pipelined' cannot be fitted" in capsys.readouterr().err


def test_layers_help(folder: Path) -> None:
    """Per-layer times alone, of one network: the shares come out, the error is said to be of layers."""
    profile = load_profile(folder / "base.yaml").model_copy(
        update={"efficiency": {"default": Efficiency(compute=0.5, bandwidth=0.25)}}
    )
    done = run(simulate("mobilenet_v2", str(folder / "base.yaml")).network, profile, uniform=True)
    rows = [{"network": "mobilenet_v2", "batch": 1, "dtype": "fp32", "seconds": repr(float(time)), "layer": row.id}
            for row, time in zip(done.workload.rows, done.result.total, strict=True) if not row.view]  # fmt: skip
    words = [
        "calibrate",
        write(folder, rows),
        "--hw",
        str(folder / "base.yaml"),
        "--out",
        str(folder / "out.yaml"),
        "--pass",
        "none",
    ]
    assert main([*words, "--json", str(folder / "o.json")]) == 0
    found = load_profile(folder / "out.yaml")
    assert found.efficiency["stream"].bandwidth == pytest.approx(0.25, rel=0.1)
    assert any(
        "one network only" in note for note in json.loads((folder / "o.json").read_text())["notes"]
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
    ):  # of the latter too few nodes are left
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
    ("[]", ["--network", "tiny.onnx"], "holds no finished run"), ("[" * 9000, ["--network", "tiny.onnx"], "is no JSON"),
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


# --- what it writes -------------------------------------------------------------------------------------


def test_the_profile_predicts_what_was_fitted(folder: Path) -> None:
    """evaluate with the written profile gives the fit's own errors, up to its three digits; the base's comment stays."""
    slow = {
        "dense": Efficiency(compute=0.5, bandwidth=0.4, parameters=0.2),
        "stream": Efficiency(bandwidth=0.7),
    }
    rows = truth(folder, efficiency=slow, launch=20e-6)
    rng = np.random.default_rng(1)
    for row in rows:
        row["seconds"] = repr(float(row["seconds"]) * math.exp(0.05 * rng.standard_normal()))
    words = [write(folder, rows), "--hw"]
    assert (
        main(
            [
                "calibrate",
                *words,
                str(folder / "base.yaml"),
                "--out",
                str(folder / "out.yaml"),
                "--json",
                str(folder / "o.json"),
            ]
        )
        == 0
    )
    assert (
        main(["evaluate", *words, str(folder / "out.yaml"), "--json", str(folder / "e.json")]) == 0
    )
    fitted, shown = (json.loads((folder / name).read_text()) for name in ("o.json", "e.json"))
    assert shown["mape"] == pytest.approx(
        fitted["errors"]["calibrated, seen in the fit"]["mean"], rel=0.05
    )
    low, high = load_profile(folder / "out.yaml").calibration.interval_90  # type: ignore[union-attr]
    inside = [
        low * r["predicted_s"] <= r["measured_s"] <= high * r["predicted_s"] for r in shown["rows"]
    ]
    assert shown["coverage_90"] == pytest.approx(sum(inside) / len(inside))
    assert (folder / "out.yaml").read_text().startswith("# A comment that stays.")


@pytest.mark.parametrize("machine", MACHINES)
def test_the_shipped_profile_is_fresh(machine: str, tmp_path: Path) -> None:
    """Calibrated again from the committed times: the same figures to a hundredth, and the errors that the pages state."""
    assert (
        calibrated(tmp_path, machine, tmp_path / "again.yaml", "--json", str(tmp_path / "o.json"))
        == 0
    )
    again, stated = (
        documents.load(file).plain()
        for file in (tmp_path / "again.yaml", shipped.find(f"{machine}_measured", "hwprofiles"))
    )
    assert again.keys() == stated.keys()
    for word, shares in stated["efficiency"].items():
        assert again["efficiency"][word] == pytest.approx(shares, rel=0.011)
    for key in ("passes", "timing", "placement", "name", "bandwidth"):
        assert again[key] == stated[key]
    assert again["calibration"]["held_out"] == pytest.approx(
        stated["calibration"]["held_out"], rel=0.02
    )
    found = json.loads((tmp_path / "o.json").read_text())
    assert 0.85 <= found["held_out"]["coverage_90"] <= 0.95
    errors = found["errors"]
    ours, crude = (
        errors["calibrated, families held out"],
        errors["crude additive model, families held out"],
    )
    assert ours["mean"] < crude["mean"]
    assert ours["median"] < crude["median"]
    page = (ROOT / "docs" / "calibration.md").read_text()
    assert f"| {100 * ours['mean']:.1f} % | {100 * ours['median']:.1f} % |" in page
    assert f"| {100 * crude['mean']:.1f} % | {100 * crude['median']:.1f} % |" in page


def test_a_profile_says_where_it_is_no_guide(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "hairnet", "--hw", "rtx3090_measured"]) == 0
    shown = capsys.readouterr().out
    assert "90 % interval" in shown
    assert "FAR FROM MEASURED     batch 1: batches of 256 to 1024 were measured" in shown
