"""ONNX in: totals against torch's counter and published figures."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import pytest
from graphs import LIGHT, chain, totals
from modules import MODULES, Vit, counts, export, made
from torch import nn, randn

from costmodel.cli import main
from costmodel.core.loading import load_network

# Parameters of torchvision's or Caffe's models; multiply-adds of the convolutions and dense layers.
# source of the figures
SHIPPED = {
    # torchvision, ResNet50_Weights.IMAGENET1K_V1
    "light_resnet50": (25_557_032, 4.089e9),
    # torchvision, VGG19_Weights
    "light_vgg19": (143_667_240, 19.632e9),
    # torchvision, SqueezeNet1_1_Weights
    "light_squeezenet": (1_235_496, 0.349e9),
    "light_bvlc_alexnet": (
        60_965_224,
        0.654e9,
        # Caffe's bvlc_reference; torch's AlexNet lacks the groups
    ),
    # Szegedy et al. 2015: 7 M parameters, 1.5 G
    "light_inception_v1": (6_998_552, 1.43e9),
    # torchvision's 7 978 856 and, per batch norm, Caffe's second scale and shift: 2 * 41 824 channels
    "light_densenet121": (7_978_856 + 2 * 41_824, 2.834e9),
    # Ioffe & Szegedy 2015: about 2 G
    "light_inception_v2": (None, 2.02e9),
    # no figure is published for this variant
    "light_shufflenet": (None, None),
    "light_zfnet512": (None, None),
}


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_networks_that_onnx_ships(name: str) -> None:
    network = load_network(LIGHT / f"{name}.onnx")
    params, macs = totals(network)
    expected = SHIPPED[name]
    assert not network.facts.unknown
    assert expected[0] in (None, params)
    assert expected[1] is None or macs == pytest.approx(expected[1], rel=3e-3)


def test_every_shipped_network_is_listed() -> None:
    assert sorted(SHIPPED) == sorted(p.stem for p in LIGHT.glob("*.onnx"))


@pytest.mark.parametrize("dynamo", [False, True], ids=["torchscript", "dynamo"])
@pytest.mark.parametrize("name", sorted(MODULES))
def test_exports_count_what_torch_counts(name: str, dynamo: bool, tmp_path: Path) -> None:
    module, x = made(name)
    with warnings.catch_warnings():
        # the exporter's own
        warnings.simplefilter("ignore")
        file = export(module, x, tmp_path / f"{name}.onnx", dynamo)
    network = load_network(file)
    assert totals(network) == counts(module, x)
    assert not network.facts.unknown


def test_vit_b_16(tmp_path: Path) -> None:
    """Torchvision's vit_b_16: 86 567 656 parameters and 17.564 G; its weights' file is taken away first."""
    module = Vit(768, 12, 12, 224, 1000).eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = export(module, randn(1, 3, 224, 224), tmp_path / "vit.onnx", dynamo=True)
    (tmp_path / "vit.onnx.data").unlink()
    params, macs = totals(load_network(file))
    assert params == 86_567_656
    assert macs == pytest.approx(17.564e9, rel=1e-4)


def test_the_command_line_takes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(LIGHT / "light_resnet50.onnx")
    assert main(["simulate", file, "--hw", "accel_1tflops", "--batch", "2", "--by", "kind"]) == 0
    # a batch multiplies work alone
    assert "25557032 params, 8.18E+09 macs" in capsys.readouterr().out
    assert main(["compare", file, "hairnet", "--hw", "accel_1tflops"]) == 0
    assert (
        main(
            ["scan", file, "--hw", "accel_1tflops", "--axis", "hw.bandwidth=log(1 GB/s, 9 GB/s, 5)"]
        )
        == 0
    )
    assert main(["validate", file]) == 2


def test_long_graphs_are_walked_once(tmp_path: Path) -> None:
    """The rows are all there; how long it takes is printed, and measured in tests/bench."""
    started = time.perf_counter()
    assert len(load_network(chain(tmp_path / "m.onnx", 10_000)).rows) == 10_000
    print(f"10 000 nodes in {time.perf_counter() - started:.2f} s")
