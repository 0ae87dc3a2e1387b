"""What a row is made of: layers at work, wired to one another, and what they hold besides maps.

The parts of a row are a small graph. Each names its operands as `Source`s: an input of the row, or
an output of an earlier part. A chain of layers is the short form of such a graph
(`costmodel.core.builder.chained`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from costmodel.core.layer import Layer
from costmodel.core.tally import Shapes, Tally
from costmodel.language.dtypes import size_of

OUTSIDE = -1
"""Stands for the part that writes a map where the row reads the map instead."""


class Source(NamedTuple):
    """A map as the parts of a row name it: an output of one of them, or an input of the row."""

    part: int
    """The place of the part that writes it; OUTSIDE where it is an input of the row."""
    port: int
    """Which output of that part, or which input of the row."""


Sources = tuple[Source, ...]
HELD = Source(OUTSIDE, OUTSIDE)
"""An operand that is no map: the layer holds it."""


@dataclass(frozen=True)
class Part:
    """One layer at work: the maps it reads, the shapes it takes and gives, and its neutral tally.

    Parts are made by `costmodel.core.builder.apply`, so that layer, shapes and tally agree.
    """

    layer: Layer
    inputs: Shapes
    """What the layer sees: a map may be read under another shape of as many elements."""
    outputs: Shapes
    tally: Tally
    reads: Sources
    """Where each of its operands comes from."""
    executed: Tally | None = None
    """What a library computes for it, where that is more: it takes time and counts as nothing."""

    @property
    def executed_tally(self) -> Tally:
        """The work that takes time."""
        return self.executed or self.tally

    def held_bytes(self, bits: int) -> int:
        """Bytes of its parameters, of `bits` each unless the layer fixes those of weights [B]."""
        return self._bytes(self.tally.moved_params, self._fixed, bits)

    def read_bytes(self, bits: int, samples: int) -> int:
        """Bytes of the parameters that a run of so many samples reads [B]."""
        read = self.layer.params_read(self.tally.moved_params, self.inputs, samples)
        fixed = self._fixed
        if fixed:
            fixed = self.layer.fixed_weights_read(fixed, self.inputs, samples)
        return self._bytes(read, fixed, bits)

    @property
    def _fixed(self) -> int:
        """Parameters whose bits the layer fixes."""
        if self.layer.weight_bits is None:
            return 0
        return self.layer.fixed_weights(self.tally, self.inputs)

    def _bytes(self, count: int, fixed: int, bits: int) -> int:
        """Bytes of `count` parameters, `fixed` of which have the layer's own bits [B]."""
        # whole bytes come out of bits per weight that are a fraction of two integers: a float of
        # 53 bits is off by less than a thousandth of a byte up to 2**43 of them
        own = ceil(round(fixed * (self.layer.weight_bits or 0) / 8, 3))
        return size_of(count - fixed, bits) + own

    @property
    def elementwise(self) -> bool:
        """True when each output element follows from the input elements at its own place."""
        return self.layer.in_place and not self.layer.across


Parts = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Constants:
    """What a row holds besides maps, where that is not what the tallies of its layers say.

    An imported file may share weights between rows, fix their element type, or hold numbers that
    are no weights.
    """

    counted: Tally
    """The parameters that count here: those that no row before has counted."""
    elements: int
    """Elements that move, of the network's own floating type."""
    fixed_bytes: int
    """Bytes that move, of types that the file fixes [B]."""
    sources: frozenset[str] = frozenset()
    """The stored tensors behind them; rows with the same ones share them."""
    tensors: bool = False
    """True: among them are tensors of one axis or more, not numbers alone."""

    def __add__(self, other: Constants) -> Constants:
        """Add up what both hold, and join their sources."""
        return Constants(
            self.counted + other.counted,
            self.elements + other.elements,
            self.fixed_bytes + other.fixed_bytes,
            self.sources | other.sources,
            self.tensors or other.tensors,
        )
