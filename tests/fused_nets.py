"""Networks of the oracles of rows that run depth first (tests/data/fusion.csv), and a machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import costmodel as cm
from costmodel.core import kinds
from costmodel.core.builder import Builder
from costmodel.core.layer import make
from costmodel.core.network import Facts, Network, Tap
from costmodel.errors import Place
from costmodel.studies.run import Run


class Drawing:
    """A network row by row."""

    def __init__(self, *shape: int) -> None:
        self.builder = Builder()
        self.x = self.builder.input("x", shape)

    def add(self, kind: str, *maps: Tap, **attributes: Any) -> Tap:
        """Add a row, and give the map that it writes."""
        layer = make(kinds.get(kind), attributes)
        number = len(self.builder.rows) + 1
        return self.builder.row(f"{number}", kind, "", Place(""), [layer], maps)[0]

    def conv(self, x: Tap, filters: int, kernel: int = 3, stride: int = 1) -> Tap:
        """Add a convolution whose map is as large as the stride leaves it."""
        return self.add("conv2d", x, filters=filters, kernel=kernel, stride=stride, padding="same")

    def network(self, *outputs: Tap) -> Network:
        """Give the network of everything added."""
        return self.builder.network(Facts("drawn", outputs=outputs))


def machine(memory: float, **more: Any) -> cm.HardwareProfile:
    """A machine whose memory on chip has so many bytes."""
    stated = {"bandwidth": "1 B/s", "matrix": "1 FLOPS", "host": "1 FLOPS", "dtype": "int8"}
    models = {"placement": "all_external", "traffic": "fused"}
    memories = {"on_chip_memory": f"{memory} B"}
    return cm.HardwareProfile(name="M", source="none", **(stated | models | memories | more))


def spans(run: Run) -> str:
    """The groups of a run: 1-4 5-6."""
    rows: dict[int, list[int]] = {}
    for row, group in enumerate(run.groups, 1):
        if group:
            rows.setdefault(group, []).append(row)
    return " ".join(f"{members[0]}-{members[-1]}" for members in rows.values())


def column() -> Network:
    """Two convolutions of 3 taps over a column of 4 words: maps of 4 bytes, weights of 3."""
    net = Drawing(1, 4, 1)
    taps = {"filters": 1, "kernel": [3, 1], "padding": [1, 1, 0, 0]}
    return net.network(net.add("conv2d", net.add("conv2d", net.x, **taps), **taps))


def residual(channels: int, size: int) -> Network:
    """Two residual blocks of two 3x3 convolutions each."""
    net = Drawing(channels, size, size)
    x = net.x
    for _ in range(2):
        x = net.add("add", x, net.conv(net.conv(x, channels), channels))
    return net.network(x)


def vgg(*stages: tuple[int, int], last_pool: bool = True) -> Network:
    """3x3 convolutions, (how many, filters) a stage, and a 2x2 pool behind each stage."""
    net = Drawing(3, 224, 224)
    x = net.x
    for number, (count, filters) in enumerate(stages, 1):
        for _ in range(count):
            x = net.conv(x, filters)
        if last_pool or number < len(stages):
            x = net.add("max_pool", x, kernel=2)
    return net.network(x)


def mobilenet_v1() -> Network:
    """The 27 convolutions of MobileNetV1 (Howard et al. 2017, table 1), whose paddings are 1."""
    net = Drawing(3, 224, 224)
    x = net.add("conv2d", net.x, filters=32, kernel=3, stride=2, padding=1)
    widths = [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    for number, filters in enumerate(widths):
        stride = 2 if number in (1, 3, 5, 11) else 1
        x = net.add("depthwise_conv2d", x, kernel=3, stride=stride, padding=1)
        x = net.conv(x, filters, kernel=1)
    return net.network(x)


NETWORKS: dict[str, Callable[[], Network]] = {
    "small residual 16x28x28": lambda: residual(16, 28),
    "resnet18 stage1 64x56x56": lambda: residual(64, 56),
    "vgg16 convs": lambda: vgg((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)),
    "mobilenetv1 convs": mobilenet_v1,
    "VGG-E conv1_1..conv3_1 (Alwani 2016)": lambda: vgg(
        (2, 64), (2, 128), (1, 256), last_pool=False
    ),
}
"""By the names of the oracles."""
