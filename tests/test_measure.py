"""Timing this machine: the files, the table, what is refused. No time decides anything."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.core.loading import load_network
from costmodel.errors import InputError
from costmodel.studies.calibration import measurements
from costmodel.studies.measuring import machine, networks, timing


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    return networks.write(tmp_path_factory.mktemp("networks"))


def test_fifteen_networks_of_five_families_are_understood(files: list[tuple[Path, str]]) -> None:
    """All of them import, none has an operator that is not known, and onnx accepts them."""
    import onnx

    assert len(files) == 15
    assert len({family for _, family in files}) == 5
    for path, _ in files:
        onnx.checker.check_model(str(path))
        network = load_network(path, strict=True)
        assert not network.facts.unknown
    # by hand: 4 products of 512 -> 256 -> 256 -> 256 -> 256 and one to 100, with biases
    perceptron = next(path for path, _ in files if path.name == "perceptron_small.onnx")
    params = 512 * 256 + 3 * 256 * 256 + 256 * 100 + 4 * 256 + 100
    assert cm.simulate(perceptron, "accel_1tflops").totals["params"] == params


def test_the_table_is_one_that_calibrate_reads(
    files: list[tuple[Path, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = next(path for path, _ in files if path.name == "mobile_small.onnx")
    out = tmp_path / "t.csv"
    assert (
        main(["measure", str(path), "--seconds", "0.1", "--threads", "1", "--out", str(out)]) == 0
    )
    printed = capsys.readouterr()
    assert "mobile_small.onnx" in printed.out
    assert "turn 3 of 3" in printed.err
    with out.open() as file:
        (row,) = csv.DictReader(file)
    assert 0 < float(row["seconds"]) <= float(row["median_s"])
    assert int(row["runs"]) >= timing.ROUNDS * timing.LEAST
    (read,) = measurements.read(str(out))
    assert read.seconds == float(row["seconds"])
    machine = cm.load_profile(tmp_path / "t_machine.yaml")
    assert machine.source == "measured by costmodel measure"
    assert cm.simulate(path, machine).total_time > 0
    # a peak stands at least a quarter above what the network reached
    macs = cm.simulate(path, machine).totals["macs"]
    assert machine.machine("fp32").matrix >= 0.999 * 1.25 * 2 * macs / read.seconds


def test_a_busy_machine_is_told() -> None:
    quiet = timing.Measured("a", "", [1.0, 1.1, 1.2])
    noisy = timing.Measured("b", "", [1.0, 6.0, 6.5])
    assert timing.busy([quiet]) == ""
    assert "1 of 2 medians lie over 1.5 times above the least time (most 6.0)" in timing.busy(
        [quiet, noisy]
    )


def test_what_does_not_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"x\.onnx: ONNX Runtime does not run it"):
        timing.measure([(tmp_path / "x.onnx", "")])
    words = ["measure", str(tmp_path / "y.onnx"), "--seconds", "0", "--threads", "0"]
    assert main([*words, "--out", str(tmp_path / "t.csv")]) == 2
    assert not (tmp_path / "t.csv").exists()


def test_a_machine_that_does_not_tell_its_cache_assumes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CACHES", tmp_path)
    monkeypatch.setattr(machine, "COPIED", 1 << 20)
    monkeypatch.setattr(machine, "SIDE", 64)
    (tmp_path / "m.yaml").write_text(machine.profile_text())
    assert "on_chip_memory" in cm.load_profile(tmp_path / "m.yaml").assumed
