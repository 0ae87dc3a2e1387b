"""Calibration: known machines recovered, errors stated, profiles that predict."""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured import BASE, calibrate, truth, write

import costmodel as cm
from costmodel.cli import main
from costmodel.core.loading import load_network
from costmodel.hardware.entries import Efficiency
from costmodel.hardware.read import load_profile
from costmodel.studies.calibration.candidates import Bench
from costmodel.studies.simulation import simulate, simulated


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    return tmp_path


# --- what is fitted ----------------------------------------------------------------------------------


def test_a_known_machine_is_recovered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Noiseless times of a machine that reaches shares of its peaks and launches rows: its own figures come out.

    To 3 %: the prior, 20 % wide, weighs like (0.05 / 0.2)^2 of a measurement that the term explains alone.
    """
    slow = {"default": Efficiency(compute=0.5, bandwidth=0.4)}
    file = write(folder, truth(folder, efficiency=slow, launch=20e-6))
    assert (
        calibrate(
            folder, file, "--pass", "none", "--json", str(folder / "o.json"), "--plot", str(folder)
        )
        == 0
    )
    found = load_profile(folder / "out.yaml")
    assert isinstance(found.launch, dict)
    assert found.launch["matrix"] == pytest.approx(20e-6, rel=0.03)
    assert found.launch["host"] == pytest.approx(20e-6, rel=0.03)
    # a third of the time
    for word in ("dense", "window"):
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
    assert calibrate(folder, file, "--pass", "none") == 0
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
    assert calibrate(folder, write(folder, few), "--pass", "none") == 0
    found = load_profile(folder / "out.yaml")
    assert isinstance(found.launch, dict)
    assert found.launch["matrix"] == pytest.approx(30e-6, rel=0.03)
    for word in ("default", "dense", "stream"):
        assert found.efficiency[word].compute == pytest.approx(0.5, rel=0.03)
        assert found.efficiency[word].bandwidth == pytest.approx(0.25, rel=0.03)


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
    assert calibrate(folder, write(folder, rows), "--pass", "none") == 0
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
    done = simulated(
        simulate("mobilenet_v2", str(folder / "base.yaml")).network, profile, uniform=True
    )
    rows = [
        {
            "network": "mobilenet_v2",
            "batch": 1,
            "dtype": "fp32",
            "seconds": repr(float(time)),
            "layer": row.id,
        }
        for row, time in zip(done.workload.rows, done.result.total, strict=True)
        if not row.view
    ]
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


@pytest.mark.parametrize("layers", [False, True])
def test_the_file_and_the_object_are_one_profile(folder: Path, layers: bool) -> None:
    """Figure by figure, up to the file's three digits; what was found is assumed by neither.

    Of layers alone no overhead can be fitted: the base's stays in both.
    """
    assumed = "overhead: 1 ms\nassumed:\n  launch: {value: 90 us, reason: a guess}\n"
    (folder / "base.yaml").write_text(BASE + assumed)
    rows = truth(folder, overhead=1e-3, launch=0.0)
    if layers:
        network = load_network(rows[0]["network"])
        run = simulate(network, load_profile(folder / "base.yaml"))
        rows = [
            {**rows[0], "layer": row.id, "seconds": repr(float(time))}
            for row, time in zip(network.rows, run.result.total, strict=True)
            if time > 0
        ]
    file = write(folder, rows)
    assert calibrate(folder, file, "--pass", "none") == 0
    written = load_profile(folder / "out.yaml").model_dump()
    held = cm.calibrate(file, folder / "base.yaml", passes=[]).model_dump()
    own = ("name", "source", "calibration")
    assert _numbers(written, own) == pytest.approx(_numbers(held, own), rel=5.1e-3)
    assert written["assumed"] == held["assumed"] == {}
    assert written["overhead"] == pytest.approx(1e-3, rel=0.05)
    assert [written[word] for word in ("dtype", "placement", "timing", "convention")] == [
        held[word] for word in ("dtype", "placement", "timing", "convention")
    ]


def _numbers(value: Any, without: Collection[str] = (), path: str = "") -> dict[str, float]:
    """Every number in a mapping of mappings, by its path."""
    if isinstance(value, dict):
        parts = [
            _numbers(item, (), f"{path}/{key}") for key, item in value.items() if key not in without
        ]
        return {key: number for part in parts for key, number in part.items()}
    return {path: float(value)} if isinstance(value, int | float) else {}


def test_an_overhead_that_the_base_states_is_fitted(folder: Path) -> None:
    """4 ms a run where the base has 1 ms; what the base assumes of launches is found anew."""
    (folder / "base.yaml").write_text(
        BASE + "overhead: 1 ms\nassumed:\n  launch: {value: 90 us, reason: a guess}\n"
    )
    file = write(folder, truth(folder, overhead=4e-3, launch=20e-6))
    assert calibrate(folder, file, "--pass", "none") == 0
    found = load_profile(folder / "out.yaml")
    assert found.overhead == pytest.approx(4e-3, rel=0.03)
    assert isinstance(found.launch, dict)
    assert found.launch["matrix"] == pytest.approx(20e-6, rel=0.05)


def test_calibrations_do_not_pile_up(folder: Path) -> None:
    """A process may calibrate all day: the last one alone is kept, for who asks about it again."""
    file = write(folder, truth(folder))
    for _ in range(3):
        assert calibrate(folder, file, "--pass", "none") == 0
    gc.collect()
    assert sum(type(kept) is Bench for kept in gc.get_objects()) <= 1
