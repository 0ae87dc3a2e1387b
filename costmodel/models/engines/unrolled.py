"""Loops over filters, channels and pixels unrolled in hardware."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from costmodel.core.engine import EngineModel, pixels, size
from costmodel.core.tiling.nest import Nest


@dataclass(frozen=True)
class Unrolled(EngineModel):
    """`filters` x `channels` x `pixels` multipliers: each of the three loops in parts of its size.

    A loop whose length is no multiple leaves multipliers idle in its last part. Each group is
    worked through by itself. Depthwise layers have one channel and few filters in each group; a
    machine with a unit for them says how many channels and pixels it takes at once.
    """

    source = (
        "Zhang et al. 2015, Optimizing FPGA-based Accelerator Design for Deep Convolutional Neural "
        "Networks, eq. (1)"
    )

    filters: int
    channels: int
    pixels: int = 1
    depthwise_channels: int = 0
    """0: depthwise layers run as groups of one channel."""
    depthwise_pixels: int = 1

    def __post_init__(self) -> None:
        for name in ("filters", "channels", "pixels", "depthwise_pixels"):
            size(name, getattr(self, name))
        if self.depthwise_channels != 0:
            size("depthwise_channels", self.depthwise_channels)

    @property
    def multipliers(self) -> int:
        """The multipliers of all three loops work at once."""
        return self.filters * self.channels * self.pixels

    @property
    def words(self) -> str:
        """The filters, channels and pixels that are unrolled."""
        return f"{self.filters} x {self.channels} x {self.pixels} filters, channels, pixels"

    @property
    def elements(self) -> tuple[int, int, int]:
        """Pixels, filters and channels."""
        return self.pixels, self.filters, self.channels

    def shared(self, nest: Nest) -> tuple[int, int, int]:
        """Filters share a word of the input, pixels one of the weights; channels are added up."""
        if self.depthwise_channels and nest.in_channels == 1 and nest.groups > 1:
            return 1, self.depthwise_pixels, 1
        return self.filters, self.pixels, self.channels

    def cycles(self, nest: Nest) -> float:
        """One for each part of the three loops, tap and sample."""
        positions = pixels(nest)
        passes = nest.taps * nest.batch
        if self.depthwise_channels and nest.in_channels == 1 and nest.groups > 1:
            channels = ceil(nest.groups * nest.out_channels / self.depthwise_channels)
            return float(passes * channels * ceil(positions / self.depthwise_pixels))
        parts = ceil(nest.out_channels / self.filters) * ceil(nest.in_channels / self.channels)
        return float(nest.groups * passes * parts * ceil(positions / self.pixels))
