"""A contraction as a loop nest: what is multiplied with what, how often, in which widths.

out[g, n, k, p, q] = sum over c, r, s of in[g, n, c, p . stride + r . dilation - before, ...]
weights[g, k, c, r, s]: convolutions of any number of spatial axes, grouped, depthwise, transposed,
and matrix products, which have one axis and one tap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd, prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

OUTPUT_AXES = ("p", "q", "z")
TAP_AXES = ("r", "s", "t")
"""Letters of a nest's spatial axes: the loop over outputs, and the loop over taps."""


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

    @property
    def output_lag(self) -> int:
        """A word that an output meets is met again so many outputs later, by an earlier tap."""
        return self.dilation // gcd(self.stride, self.dilation)

    @property
    def tap_lag(self) -> int:
        """The tap that meets a word again is so many taps earlier."""
        return self.stride // gcd(self.stride, self.dilation)

    @cached_property
    def met(self) -> NDArray[np.int64]:
        """(P, R): the input word at each output and tap; -1 where there is none."""
        place = np.arange(self.outputs)[:, None] * self.stride
        place = place + np.arange(self.taps) * self.dilation - self.before
        inside = (place >= 0) & (place % self.spread == 0)
        inside &= place // self.spread < (self.inputs or self.outputs)
        return np.where(inside, place // self.spread, -1)

    @property
    def plain(self) -> bool:
        """True where each output needs the one word at its own place."""
        alone = self.taps == self.stride == self.spread == 1 and self.before == 0
        return alone and self.inputs in (0, self.outputs)

    @cached_property
    def touched(self) -> int:
        """Input words along this axis that any output needs."""
        if self.plain:
            return self.outputs
        words = np.unique(self.met)
        return int((words >= 0).sum())

    @cached_property
    def disjoint(self) -> bool:
        """True where every output meets words of its own with every tap, and none is padding.

        However such an axis is cut, each word is fetched once: one tap without padding, whatever
        the stride, or patches that lie side by side.
        """
        words = self.outputs * self.taps
        return words <= (self.inputs or self.outputs) and (self.plain or self.touched == words)


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

    @cached_property
    def overlapping(self) -> tuple[Sweep, ...]:
        """The spatial axes on which windows share words or meet padding."""
        return tuple(sweep for sweep in self.sweeps if not sweep.disjoint)

    @cached_property
    def plain_axes(self) -> dict[str, dict[str, int]]:
        """Lengths of all other axes, grouped by the one tensor that each of them leaves alone.

        "n": the weights have none of samples and disjoint outputs; "k": the input has no output
        channels; "c": the output has none of input channels and disjoint taps.
        """
        axes = {"n": {"n": self.batch}, "k": {"k": self.out_channels}, "c": {"c": self.in_channels}}
        for number, sweep in enumerate(self.sweeps):
            if sweep.disjoint:
                axes["n"][OUTPUT_AXES[number]] = sweep.outputs
                axes["c"][TAP_AXES[number]] = sweep.taps
        return axes

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

    @property
    def product(self) -> bool:
        """True for a matrix product: nothing slides."""
        return all(sweep.plain for sweep in self.sweeps)


def convolved(
    out_channels: int, in_channels: int, sweeps: tuple[Sweep, ...], batch: int, groups: int = 1
) -> Nest:
    """The nest of a convolution whose channels are counted over all groups.

    An unpadded 1x1 convolution of stride 1 is a matrix product: samples and positions are one axis.
    """
    nest = Nest(out_channels // groups, in_channels // groups, sweeps, batch, groups)
    if not nest.product:
        # an axis of one position and one tap is none
        kept = tuple(s for s in sweeps if s.taps * s.outputs > 1 or not s.plain)
        return Nest(nest.out_channels, nest.in_channels, kept, batch, groups)
    positions = batch * prod(sweep.outputs for sweep in sweeps)
    return Nest(nest.out_channels, nest.in_channels, (Sweep(positions),), 1, groups)


@dataclass(frozen=True)
class AttentionNest:
    """softmax(Q K^T) V, head after head; the input is Q, the weights are K and V."""

    queries: int
    """Rows of Q that meet the same keys."""
    keys: int
    size: int
    """d: of a query and a key [elements]."""
    values: int
    """v: of a value [elements]."""
    groups: int = 1
    """Heads of K and V, samples included."""

    @property
    def macs(self) -> int:
        """Multiply-adds of both products, masked scores included."""
        return self.groups * self.queries * self.keys * (self.size + self.values)


Operand = tuple[int, ...] | Literal["parameters", "state", "chip", "scratch"]
"""What stands for a tensor of a contraction.

Places among the layer's inputs: maps. `parameters` of the layer. A `state`, in part at least: it is
read whole, so that no tile of it can be fetched alone. A result of the layer's own that stays on
`chip`, or that its kernels write outside and read again (`scratch`).
"""


@dataclass(frozen=True)
class Contraction:
    """One contraction of a layer over all samples of a run: its nest, and what its operands are."""

    nest: Nest | AttentionNest
    input: Operand = (0,)
    weights: Operand = "parameters"
    output: Literal["chip", "scratch"] | None = None
    """None: it is the layer's."""
    counted: int | None = None
    """Multiply-adds, where they are not those of the nest."""

    @property
    def macs(self) -> int:
        """Multiply-adds that are its own."""
        return self.nest.macs if self.counted is None else self.counted
