"""What a layer says when several devices share a network: what each of them keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from costmodel.errors import BadValue, Place

if TYPE_CHECKING:
    from costmodel.core.layer import Layer

TENSOR, EXPERT = Place("--tensor-parallel"), Place("--expert-parallel")
"""The options that say how many devices there are."""


class Devices(NamedTuple):
    """Devices that share a network, and which of them is asked about."""

    number: int = 1
    experts: int = 1
    """Of these, those that share the experts."""
    asked: int = 0
    """From 0."""

    def share(self, count: int) -> int:
        """A device's part of `count` things. Raises BadValue where they do not divide."""
        if count % self.number:
            raise BadValue(f"{count} do not divide over {self.number} devices", "choose a divisor")
        return count // self.number


class Heads(NamedTuple):
    """What a device keeps of a map whose features are heads side by side."""

    features: int
    kept: int
    """Of the heads of queries and keys, those that it keeps."""
    whole: int
    """Heads of queries and keys altogether."""


class Use(NamedTuple):
    """Where a layer stands in the network that devices share."""

    apart: bool
    """True: each device has other features of its input."""
    heads: Heads | None
    """What its reader needs whole; None: any part of the features serves."""
    last: bool
    """True: its output leaves the network."""


class Share(NamedTuple):
    """A device's part of a layer."""

    layer: Layer
    apart: bool
    """True: each device makes other features of the output."""
    summed: bool = False
    """True: each device makes a summand of the whole output, which they then add up."""
