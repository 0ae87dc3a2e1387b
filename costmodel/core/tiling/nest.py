"""A contraction as a loop nest: what is multiplied with what, how often, in which widths.

out[g, n, k, p, q] = sum over c, r, s of in[g, n, c, p . stride + r . dilation - before, ...]
weights[g, k, c, r, s]: convolutions of any number of spatial axes, grouped, depthwise, transposed,
and matrix products, which have one axis and one tap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sweep:
    """A window sliding along one spatial axis: which input words each output and tap meet."""

    outputs: int
    """P: positions of the output."""
    taps: int = 1
    """R: positions of the kernel."""
    stride: int = 1
    dilation: int = 1
    before: int = 0
    """Padded positions ahead of the first input; a padded position is no word."""
    inputs: int = 0
    """Words of the input along this axis; 0: as many as there are outputs."""
    spread: int = 1
    """Grid positions from one input word to the next: the stride of a transposed convolution."""

    @cached_property
    def met(self) -> NDArray[np.int64]:
        """(P, R): the input word at each output and tap; -1 where there is none."""
        place = np.arange(self.outputs)[:, None] * self.stride
        place = place + np.arange(self.taps) * self.dilation - self.before
        inside = (place >= 0) & (place % self.spread == 0)
        inside &= place // self.spread < (self.inputs or self.outputs)
        return np.where(inside, place // self.spread, -1)

    @cached_property
    def touched(self) -> int:
        """Input words along this axis that any output needs."""
        words = np.unique(self.met)
        return int((words >= 0).sum())


@dataclass(frozen=True)
class Widths:
    """Bytes of one element; 0: it is on chip anyway, neither moves nor needs room."""

    input: int
    weight: int
    output: int
    """As it is stored at last."""
    sum: int
    """Of a partial sum: the accumulator's."""


@dataclass(frozen=True)
class Nest:
    """One contraction."""

    out_channels: int
    """K, in one group."""
    in_channels: int
    """C, in one group."""
    sweeps: tuple[Sweep, ...]
    """Its spatial axes."""
    batch: int = 1
    """N."""
    groups: int = 1
    """G: outermost, one after the other."""

    @property
    def output_words(self) -> int:
        """Of the output."""
        places = prod(sweep.outputs for sweep in self.sweeps)
        return self.groups * self.batch * self.out_channels * places

    @property
    def weight_words(self) -> int:
        """Of the weights."""
        return self.groups * self.out_channels * self.in_channels * self.taps

    @property
    def input_words(self) -> int:
        """Of the input, as far as any output needs them."""
        touched = prod(sweep.touched for sweep in self.sweeps)
        return self.groups * self.batch * self.in_channels * touched

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return prod(sweep.taps for sweep in self.sweeps)

    @property
    def macs(self) -> int:
        """Multiply-adds, padded positions included."""
        return self.output_words * self.in_channels * self.taps
