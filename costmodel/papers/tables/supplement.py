"""The supplement "Diving models into blocks"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.network import Row
from costmodel.papers import model, pictures
from costmodel.papers.paper import Paper
from costmodel.papers.table import Cell, Explanation, Table

# Published: per network, its blocks in order and what each repeats. The unit is the part of the
# id that counts one repetition.
RESNET = ["conv1", "layer1", "layer2", "layer3", "fc"]
MOBILENET = ["conv2d1", "bottleneck1", "bottleneck2", "bottleneck3", "avg", "conv2d2"]
SHUFFLENET = ["conv1", "stage2", "stage3", "stage4", "conv5"]
TABLES: list[tuple[str, str, dict[str, Any], list[str], dict[str, int]]] = [
    (
        "Table 1, ResNet-20",
        "resnet_cifar",
        {"n": 3},
        RESNET,
        {"layer1": 3, "layer2": 3, "layer3": 3},
    ),
    (
        "Table 1, ResNet-32",
        "resnet_cifar",
        {"n": 5},
        RESNET,
        {"layer1": 5, "layer2": 5, "layer3": 5},
    ),
    (
        "Table 2, MobileNetV2",
        "mobilenet_v2",
        {},
        MOBILENET,
        {"bottleneck1": 1 + 2, "bottleneck2": 3 + 4, "bottleneck3": 3 + 3 + 1},
    ),
    (
        "Table 3, ShuffleNetV2",
        "shufflenet_v2",
        {},
        SHUFFLENET,
        {"stage2": 4, "stage3": 8, "stage4": 4},
    ),
]


def rows(arch: str, settings: dict[str, Any]) -> tuple[Row, ...]:
    """The rows of an architecture."""
    return model.run(arch, **settings).workload.rows


def units(arch: str, settings: dict[str, Any], block: str) -> int:
    """Repeated units in a block: distinct ids two levels down (three for settings)."""
    depth = 3 if block.startswith("bottleneck") else 2
    found = rows(arch, settings)
    return len({"/".join(r.id.split("/")[:depth]) for r in found if r.block == block})


def first_conv(arch: str) -> str:
    """The first layers as the supplement writes them: kernel x kernel x in x out, and a pool."""
    first = rows(arch, {})
    layer: Any = first[0].parts[0].layer
    text = f"{layer.kernel[0]}x{layer.kernel[1]}x{first[0].inputs[0].shape[0]}x{layer.filters} conv"
    pooled = any("max_pool" in r.kind for r in first if r.block == first[0].block)
    return text + (" + 3x3 max pool" if pooled else "")


class Blocks(Table):
    """Block names in order, and how often each repeats its unit."""

    name: ClassVar[str] = "supplement_blocks"
    title: ClassVar[str] = "Diving models into blocks, Tables 1-3"
    source: ClassVar[str] = "Supplement, Diving models into blocks, Tables 1-3"
    explanations: ClassVar[tuple[Explanation, ...]] = (
        Explanation(
            "The first rows of Tables 2 and 3 are swapped against the papers they cite "
            "(Sandler et al. 2018, Table 2; Ma et al. 2018, Table 5): this is the other network's. "
            "(Table 2 also prints 2 input channels for 3.)",
            covers=lambda cell: cell.column == "first row",
            figure=lambda cell: first_conv(
                "shufflenet_v2" if "MobileNetV2" in cell.row else "mobilenet_v2"
            ),
        ),
        Explanation(
            "MobileNetV2's 1x1 convolution to 1280 channels has no row in the supplement; it is a "
            "block of its own here, conv_last.",
            covers=lambda cell: cell.column == "blocks" and "MobileNetV2" in cell.row,
            figure=lambda cell: str(cell.value).replace("conv_last, ", ""),
        ),
    )

    def cells(self) -> Iterator[Cell]:
        """The order of blocks, and the repetitions of each."""
        for title, arch, settings, blocks, repeats in TABLES:
            ordered = list(dict.fromkeys(row.block for row in rows(arch, settings)))
            yield Cell(title, "blocks", ", ".join(blocks), ", ".join(ordered))
            for block, count in repeats.items():
                yield Cell(title, f"units of {block}", str(count), units(arch, settings, block))
        first = {
            "Table 2, MobileNetV2": ("mobilenet_v2", "3x3x3x24 conv + 3x3 max pool"),
            "Table 3, ShuffleNetV2": ("shufflenet_v2", "3x3x3x32 conv"),
        }
        for title, (arch, published) in first.items():
            yield Cell(title, "first row", published, first_conv(arch))


class Supplement(Paper):
    """A division of ResNet, MobileNetV2 and ShuffleNetV2 into blocks."""

    source: ClassVar[str] = Blocks.source
    tables: ClassVar[tuple[type[Table], ...]] = (Blocks,)

    def pictures(self, folder: Path) -> None:
        """Where to cut each network in two."""
        for title, name, settings, _, _ in TABLES:
            stem = "cuts_" + title.rsplit(" ", 1)[1].lower().replace("-", "")
            done = model.run(name, pictures.MACHINE, "flops", **settings)
            pictures.cut_in_two(folder, stem, done)
