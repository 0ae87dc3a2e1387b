"""The shipped networks: against torch over a grid of their variables, against published counts, and by block."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from costmodel.core.loading import load_network
from costmodel.core.network import Network
from costmodel.errors import InputError
from costmodel.language import shipped
from costmodel.studies.records import block_records
from costmodel.studies.simulation import simulate
from costmodel.studies.validate import validate

CONVS = ["standard", "dsconv", "mixconv", "multiception"]
GRIDS: dict[str, dict[str, list[Any]]] = {
    "hairnet": {"pools": [1, 2], "classes": [10, 1000], "resolution": [96, 224]},
    "hairnet_table1": {"last": [1000, 1024], "dense": [False, True], "classes": [1000]},
    "alexnet": {"groups": [1, 2], "classes": [10, 1000]},
    "mobilenet_delta": {"alpha": [0.25, 0.5, 1], "delta": [1, 2, 4], "classes": [10, 100]},
    "mobilenet_mp3": {"alpha": [0.25, 0.5, 1], "delta": [1, 2, 4], "classes": [10, 100]},
    "mobilenet_fmp": {"alpha": [0.25, 0.5, 1], "delta": [1, 2, 4], "classes": [10, 100]},
    "resnet_cifar": {"n": [1, 3], "conv": CONVS, "classes": [10, 100], "resolution": [32, 96]},
    "se_resnet_cifar": {"n": [1, 2], "conv": CONVS, "reduction": [4, 8], "resolution": [32, 64]},
    "shake_shake": {"n": [1, 2], "width": [32, 96], "conv": CONVS, "everywhere": [True, False]},
    "mobilenet_v2": {"conv": ["standard", "dsconv", "multiception"], "width": [0.5, 1, 1.4],
                     "resolution": [96, 224], "first_stride": [1, 2]},
    "gpt-j-6b": {"tokens": [1, 5], "layers": [2]}, "vit-b-16": {"resolution": [224, 384]}, "bert-base": {"tokens": [5, 128]},
    "decoder": {"layers": [2], "tokens": [1, 7], "mlp": ["gated", "gelu"], "kv_heads": [4, 32],
                "experts": [0, 8], "qk_norm": [False, True], "window": [0, 4]},
    **{name: {"tokens": [5], "layers": [2]} for name in (
        "llama-2-7b", "llama-2-13b", "llama-2-70b", "llama-3.1-8b", "llama-3.1-70b", "mistral-7b",
        "mixtral-8x7b", "qwen3-0.6b", "qwen3-32b", "gpt-oss-120b", "gpt2")},
    "shufflenet_v2": {"width": [0.5, 1, 1.5, 2], "resolution": [96, 224], "classes": [10, 1000]},
}  # fmt: skip
CASES = [
    pytest.param(name, dict(zip(grid, values, strict=True)), id=f"{name}-{'-'.join(map(str, values))}")
    for name, grid in GRIDS.items() for values in product(*grid.values())
]  # fmt: skip


def load(name: str, settings: dict[str, Any]) -> Network:
    return load_network(shipped.find(name, "archs"), settings)


def test_every_shipped_architecture_is_validated() -> None:
    assert set(GRIDS) == set(shipped.names("archs"))


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_against_torch(name: str, settings: dict[str, Any]) -> None:
    wrong = [c.line() for c in validate(load(name, settings)) if not c.agrees]
    assert wrong == []


# Parameters that the networks' authors, or the reference notes, state (trainable, BN 2 per channel).
COUNTS: list[tuple[str, dict[str, Any], int]] = [
    # EleutherAI/gpt-j-6b
    ("gpt-j-6b", {}, 6_050_882_784),
    # torchvision, vit_b_16
    ("vit-b-16", {}, 86_567_656),
    # google-bert/bert-base-uncased without a head
    ("bert-base", {}, 109_482_240),
    # reference notes; dense layers 58 631 144
    ("alexnet", {}, 62_378_344),
    # Krizhevsky 2012: "60 million parameters"; Caffe's count
    ("alexnet", {"groups": 2}, 60_965_224),
    # torchvision
    ("mobilenet_v2", {}, 3_504_872),
    ("mobilenet_v2", {"conv": "multiception", "classes": 10, "resolution": 96, "first_stride": 1}, 2_252_634),
    ("mobilenet_v2", {"conv": "dsconv", "classes": 10, "resolution": 96, "first_stride": 1}, 2_236_330),
    # torchvision, four widths
    ("shufflenet_v2", {"width": 0.5}, 1_366_792),
    ("shufflenet_v2", {}, 2_278_604),
    ("shufflenet_v2", {"width": 1.5}, 3_503_624),
    ("shufflenet_v2", {"width": 2}, 7_393_996),
    # He et al. 2016: 0.27 M
    ("resnet_cifar", {}, 272_474),
    # Gastaldi 2017: 26.2 M
    ("shake_shake", {"everywhere": False}, 26_192_906),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "count"), COUNTS)
def test_published_counts(name: str, settings: dict[str, Any], count: int) -> None:
    assert simulate(name, "accel_1tflops", settings=settings).totals["params"] == count


@pytest.mark.parametrize(("name", "settings", "macs"), [
    # Sandler et al. 2018: 300 M multiply-adds
    ("mobilenet_v2", {}, 0.301e9),
    # Ma et al. 2018: 146 M
    ("shufflenet_v2", {}, 0.145e9),
    # Sandler et al. 2018: 585 M
    ("mobilenet_v2", {"width": 1.4}, 0.583e9),
])  # fmt: skip
def test_published_multiply_adds(name: str, settings: dict[str, Any], macs: float) -> None:
    found = simulate(name, "accel_1tflops", settings=settings).totals["macs"]
    # the sources print three digits
    assert found == pytest.approx(macs, rel=0.01)


# Block names in order, from the supplement's tables; conv_last has no row there.
BLOCKS = {
    "resnet_cifar": ["conv1", "layer1", "layer2", "layer3", "fc"],
    "mobilenet_v2": [
        "conv2d1",
        "bottleneck1",
        "bottleneck2",
        "bottleneck3",
        "conv_last",
        "avg",
        "conv2d2",
    ],
    "shufflenet_v2": ["conv1", "stage2", "stage3", "stage4", "conv5"],
}


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_blocks_are_the_supplements(name: str) -> None:
    run = simulate(name, "accel_1tflops")
    records = block_records(run)
    assert [r["block"] for r in records] == BLOCKS[name]
    for record in records:
        assert record["time_before_s"] + record["time_after_s"] == pytest.approx(
            run.total_time, rel=1e-12
        )
    assert records[-1]["time_after_s"] == pytest.approx(0, abs=1e-15)


def test_cuts_by_hand() -> None:
    """ResNet-20, fp32: 16x32x32 after layer1, 32x16x16 after layer2, 64x8x8 after layer3."""
    cuts = {
        r["block"]: r["cut_bytes"] for r in block_records(simulate("resnet_cifar", "accel_1tflops"))
    }
    assert cuts == {"conv1": 65536, "layer1": 65536, "layer2": 32768, "layer3": 16384, "fc": 0}


@pytest.mark.parametrize(("name", "settings", "message"), [
    ("shufflenet_v2", {"width": 0.7}, "0.7 is none of [0.5, 1, 1.5, 2]; choose one of them"),
    ("resnet_cifar", {"conv": "mixcon"}, "unknown block 'mixcon'; did you mean 'mixconv'?"),
    ("mobilenet_delta", {"alpha": 0.3}, "'filters' must be a whole number, got 9.6"),
    ("mobilenet_v2", {"conv": "mixconv"}, "unknown block 'project_mixconv'"),
])  # fmt: skip
def test_bad_settings_are_told_at_their_place(
    name: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as error:
        load(name, settings)
    assert message in str(error.value)
    assert f"{name}.yaml:" in str(error.value)
