"""The supplement "Diving models into blocks"."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.network import Row
from costmodel.papers import model, pictures
from costmodel.papers.paper import Paper
from costmodel.papers.stated import tables_of
from costmodel.papers.table import Table

NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "resnet20": ("resnet_cifar", {"n": 3}),
    "resnet32": ("resnet_cifar", {"n": 5}),
    "mobilenetv2": ("mobilenet_v2", {}),
    "shufflenetv2": ("shufflenet_v2", {}),
}


def rows(arch: str, n: int) -> tuple[Row, ...]:
    """The rows of an architecture, of ResNets with `n` units in a stage."""
    settings: dict[str, Any] = {"n": n} if n else {}
    return model.run(arch, **settings).workload.rows


def blocks(arch: str, n: int) -> str:
    """The names of its blocks in order."""
    return ", ".join(dict.fromkeys(row.block for row in rows(arch, n)))


def units(arch: str, n: int, block: str) -> int:
    """Repeated units in a block: distinct ids two levels down (three for settings)."""
    depth = 3 if block.startswith("bottleneck") else 2
    ids = (row.id.split("/") for row in rows(arch, n) if row.block == block)
    return len({"/".join(path[:depth]) for path in ids})


def first_conv(arch: str) -> str:
    """The first layers as the supplement writes them: kernel x kernel x in x out, and a pool."""
    every = rows(arch, 0)
    first = every[0]
    layer: Any = first.layer
    text = f"{layer.kernel[0]}x{layer.kernel[1]}x{first.inputs[0].shape[0]}x{layer.filters} conv"
    pooled = any("max_pool" in row.kind for row in every if row.block == first.block)
    return text + (" + 3x3 max pool" if pooled else "")


class SupplementPaper(Paper):
    """A division of ResNet, MobileNetV2 and ShuffleNetV2 into blocks."""

    source: ClassVar[str] = "Supplement, Diving models into blocks, Tables 1-3"
    tables: ClassVar[tuple[type[Table], ...]] = tables_of(
        "supplement", {"blocks": blocks, "units": units, "first_conv": first_conv}
    )

    def pictures(self, folder: Path) -> None:
        """Where to cut each network in two."""
        for stem, (arch, settings) in NETWORKS.items():
            run = model.run(arch, pictures.MACHINE, "flops", **settings)
            pictures.cut_in_two(folder, f"cuts_{stem}", run)
