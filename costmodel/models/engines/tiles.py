"""A library whose matrix kernels compute whole tiles of filters and channels."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from costmodel.core.engine import EngineModel, pixels, size
from costmodel.core.tiling.nest import Nest


@dataclass(frozen=True)
class Tiles(EngineModel):
    """Kernels that compute `filters` outputs at once, and sum over `channels` inputs in one step.

    A layer whose filters or channels are no multiple wastes the rest of its last tile. Layers in
    groups and depthwise ones have kernels of their own, which this leaves alone.
    """

    source = (
        "NVIDIA, Matrix Multiplication Background User's Guide, 'Tile Quantization'; Georganas et "
        "al. 2018, Anatomy of High-Performance Deep Learning Convolutions (register blocking)"
    )

    sets_peak: ClassVar[bool] = False

    filters: int
    channels: int = 1

    def __post_init__(self) -> None:
        size("filters", self.filters)
        size("channels", self.channels)

    @property
    def multipliers(self) -> int:
        """A kernel computes one tile in a cycle."""
        return self.filters * self.channels

    @property
    def words(self) -> str:
        """The filters and channels of a tile."""
        return f"tiles of {self.filters} filters x {self.channels} channels"

    @property
    def elements(self) -> tuple[int, int, int]:
        """The filters and channels of a tile."""
        return 1, self.filters, self.channels

    def shared(self, nest: Nest) -> tuple[int, int, int]:
        """The filters of a tile share a word of the input, and its channels are added up."""
        return (1, 1, 1) if nest.groups > 1 else (self.filters, 1, self.channels)

    def cycles(self, nest: Nest) -> float:
        """One for each tile, tap, output position and sample."""
        steps = nest.taps * nest.batch * pixels(nest)
        if nest.groups > 1:
            macs = steps * nest.groups * nest.out_channels * nest.in_channels
            return macs / self.multipliers
        tiles = ceil(nest.out_channels / self.filters) * ceil(nest.in_channels / self.channels)
        return float(steps * tiles)
