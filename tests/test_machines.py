"""The shipped machines: sourced, complete or honest about it, and against second sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.hardware.figures import NEEDED
from costmodel.hardware.read import load_profile
from costmodel.language import shipped
from costmodel.studies.scan import scan
from costmodel.studies.simulation import simulate

MACHINES = shipped.names("hwprofiles")
PAPER = ("accel_1tflops", "accel_1tflops_text")
ASKED = {"rtx3090", "rtx4090", "a100", "h100", "h200", "mi300x", "jetson_nano", "jetson_orin", "raspberry_pi_4",
         "raspberry_pi_5", "coral_edge_tpu", "ethos_u55", "ethos_u65", "hailo_8", "dpu_b4096_zcu102", "eyeriss", "tpu_v1",
         "nvdla_small", "nvdla_large", "stm32f746", "stm32h747", "stm32n6", "esp32_s3", "i9_10940x"}  # fmt: skip
# Ridge points [op/B] worked out from other documents than the profiles cite, which catches a sparse rate or
# a link's bandwidth: both are off by a factor of two or more.
RIDGES = {
    # NVIDIA A100 datasheet, 40 GB
    ("a100", "fp16"): 312e12 / 1.555e12,
    # NVIDIA V100 datasheet
    ("v100", "fp16"): 125e12 / 900e9,
    # NVIDIA H100 datasheet: 1979 with sparsity
    ("h100", "fp16"): 989.4e12 / 3.35e12,
    # NVIDIA T4 product brief
    ("t4", "fp16"): 65e12 / 320e9,
    ("tpu_v1", "int8"): 2
    # Jouppi et al. 2017, section 4: 1350 multiply-adds per byte of weights
    * 1350,
    # NVIDIA Jetson Nano data sheet
    ("jetson_nano", "fp16"): 472e9 / 25.6e9,
}
FASTEST = {
    "a100": ("fp16", 312e12),
    "h200": ("fp16", 990e12),
    "mi300x": ("fp16", 1308e12),
    "rtx4090": ("fp16", 331e12),
    "rtx3090": ("fp16", 143e12),
}
"""No dense rate is above these  # fmt: skip."""


def test_the_machines_that_were_asked_for() -> None:
    assert set(MACHINES) >= ASKED
    assert len(MACHINES) >= 20


@pytest.mark.parametrize("name", MACHINES)
def test_every_figure_has_its_source(name: str) -> None:
    """The comment block in front says where each figure was seen, or what nobody publishes."""
    text = shipped.find(name, "hwprofiles").read_text()
    head = text[: text.index("name:")]
    assert head.startswith("#")
    profile = load_profile(shipped.find(name, "hwprofiles"))
    if name not in PAPER:
        for word in NEEDED:
            assert re.search(rf"^# {word}\b", head, re.MULTILINE), f"{name}: no source of {word}"
    assert all(len(item.reason) > 20 for item in profile.assumed.values())


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_runs(name: str) -> None:
    dtype = load_profile(shipped.find(name, "hwprofiles")).dtype or "fp32"
    assert 0 < simulate("mobilenet_v2", name, dtype=dtype).total_time < 100


def test_a_memory_that_nobody_publishes_is_assumed_with_its_reason() -> None:
    """Hailo's model zoo runs MobileNetV2 2434 times a second, one image at a time.

    Over a link of 3.94 GB/s its 3.49 MB of weights could be brought 1129 times: they stay on chip.
    """
    run = simulate("mobilenet_v2", "hailo_8")
    assert "stay on chip in Hailo's model zoo" in run.provenance["assumed"]["on_chip_memory"]
    assert run.standing.grade == "assumed"
    assert 1129 < run.throughput < 2 * 2434


@pytest.mark.parametrize(("name", "dtype"), sorted(RIDGES))
def test_ridge_points(name: str, dtype: str) -> None:
    machine = load_profile(name).machine(dtype)
    assert machine.matrix / machine.bandwidth == pytest.approx(RIDGES[name, dtype], rel=0.02)


@pytest.mark.parametrize("name", sorted(FASTEST))
def test_no_sparse_rates(name: str) -> None:
    dtype, most = FASTEST[name]
    assert load_profile(name).machine(dtype).matrix <= most


def test_assumptions_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "hairnet", "--hw", "coral_edge_tpu", "--by", "kind"]) == 0
    shown = capsys.readouterr().out
    assert "assumed    bandwidth: USB 3.1 Gen 1" in shown
    assert "assumed    host: unpublished" in shown


def test_a_rate_that_is_not_published_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "hairnet", "--hw", "coral_edge_tpu", "--dtype", "fp32"]) == 2
    told = capsys.readouterr().err
    assert (
        "coral_edge_tpu.yaml: the profile has no 'matrix' rate for fp32 or a wider type; "
        "it has int8: use --dtype" in told
    )


def test_an_axis_gives_what_the_profile_leaves_open(tmp_path: Path) -> None:
    """A profile without bandwidth, scanned over it, is the same profile with each of its values."""
    text = (
        "name: m\nsource: t\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\nhost: 1 GFLOPS\nlaunch: 0 s\n"
    )
    (tmp_path / "m.yaml").write_text(text)
    frame = scan("hairnet", str(tmp_path / "m.yaml"), axes={"hw.bandwidth": ["1 GB/s", "2 GB/s"]})
    assert frame["total_time"].tolist() == [
        pytest.approx(simulate("hairnet", "accel_1tflops").total_time, rel=1e-12),
        pytest.approx(0.116901, abs=1e-6),
    ]
    with pytest.raises(InputError, match="the profile has no 'bandwidth'"):
        scan("hairnet", str(tmp_path / "m.yaml"), axes={"hw.matrix": ["1 TFLOPS"]})
