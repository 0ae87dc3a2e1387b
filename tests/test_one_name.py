"""Networks and machines that share a name stay two: scanned, compared and shown apart."""

from __future__ import annotations

from pathlib import Path

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.core.network import Network
from costmodel.errors import InputError
from costmodel.hardware.profile import HardwareProfile
from costmodel.report.generation_plot import trade_off
from costmodel.studies.labels import unique

MACHINE = "accel_1tflops"
SLOW = cm.load_profile(MACHINE)
FAST = SLOW.model_copy(update={"bandwidth": 1e10})
LARGE, SMALL = (cm.load_network("hairnet", {"classes": classes}) for classes in (1000, 10))


def _time(network: str | Network, machine: str | HardwareProfile) -> float:
    """What `simulate` says under the convention of a comparison [s]."""
    return cm.simulate(network, machine, convention="flops").total_time


def test_profiles_of_one_name_are_scanned_each() -> None:
    points = cm.scan("hairnet", [SLOW, FAST], convention="flops")
    expected = [_time("hairnet", machine) for machine in (SLOW, FAST)]
    assert points["total_time"].tolist() == pytest.approx(expected, rel=1e-14)
    assert points["hw"].tolist() == ["HairNet accelerator", "HairNet accelerator (2)"]


def test_networks_of_one_name_are_scanned_each() -> None:
    points = cm.scan([SMALL, "hairnet", LARGE], MACHINE)
    assert points["arch"].tolist() == ["HairNet", "hairnet", "HairNet (2)"]
    expected = [_time(network, MACHINE) for network in (SMALL, LARGE, LARGE)]
    assert points["total_time"].tolist() == pytest.approx(expected, rel=1e-14)


def test_an_object_called_like_a_file_is_not_taken_for_it() -> None:
    """An axis of profiles, one of which bears the name of a shipped one."""
    alias = FAST.model_copy(update={"name": MACHINE})
    points = cm.scan("hairnet", [], axes={"hw": [alias, MACHINE]}, convention="flops")
    assert points["hw"].tolist() == [f"{MACHINE} (2)", MACHINE]
    expected = [_time("hairnet", machine) for machine in (FAST, SLOW)]
    assert points["total_time"].tolist() == pytest.approx(expected, rel=1e-14)


def test_a_network_called_like_its_machine() -> None:
    alias = SLOW.model_copy(update={"name": LARGE.name})
    points = cm.scan(LARGE, alias, convention="flops", axes={"hw.bandwidth": ["1 GB/s"]})
    assert points["total_time"].tolist() == pytest.approx([_time(LARGE, SLOW)], rel=1e-14)


def test_pairs_of_one_name_are_compared_under_labels_of_their_own() -> None:
    table = cm.compare([LARGE, SMALL], [SLOW, FAST])
    pairs = list(zip(table["architecture"], table["hardware"], strict=True))
    assert len(set(pairs)) == 4
    expected = [_time(network, machine) for network in (LARGE, SMALL) for machine in (SLOW, FAST)]
    assert table["total_time_s"].tolist() == expected


def test_assumptions_of_machines_of_one_name_are_told_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two files say `name: M`, each assumes another figure."""
    text = "name: M\nsource: s\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\n"
    assumed = "assumed:\n  {}: {{value: {}, reason: guessed}}\n"
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(f"{text}host: 1 GFLOPS\n{assumed.format('matrix', '1 TFLOPS')}")
    other.write_text(f"{text}matrix: 1 TFLOPS\n{assumed.format('host', '1 GFLOPS')}")
    assert main(["compare", "hairnet", "--hw", str(one), str(other)]) == 0
    shown = capsys.readouterr().out
    assert "assumed of M: matrix" in shown
    assert "assumed of M (2): host" in shown


def test_generations_on_machines_of_one_name_are_drawn_apart(tmp_path: Path) -> None:
    """Throughput against latency on a machine and on one of twice its bandwidth, both called M."""
    text = "name: M\nsource: s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\nhost: 1 TFLOPS\n"
    for name, bandwidth in (("one", "1 GB/s"), ("other", "2 GB/s")):
        (tmp_path / f"{name}.yaml").write_text(f"{text}bandwidth: {bandwidth}\ncapacity: 2 GB\n")
    files = [str(tmp_path / f"{name}.yaml") for name in ("one", "other")]
    rows = trade_off(files, lambda file, batch: cm.generate("gpt2", file, 8, 2, batch=batch))
    lines = {row["machine"] for row in rows}
    assert lines == {"M", "M (2)"}


def test_a_word_too_long_for_a_file_is_no_file() -> None:
    with pytest.raises(InputError, match="no such file"):
        cm.simulate("hairnet", "a" * 5000)


def test_labels() -> None:
    """Words keep theirs, the same thing again has the same one, and no label is given twice."""
    one, other = object(), object()
    named = [("a", one), ("a (2)", other), ("a", other), ("a", "a"), ("a", one)]
    assert unique(named) == ["a (2)", "a (2) (2)", "a (3)", "a", "a (2)"]
