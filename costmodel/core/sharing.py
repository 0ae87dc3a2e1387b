"""Several devices that share a network: how many, and what each of them keeps of a map."""

from __future__ import annotations

from typing import NamedTuple

from costmodel.errors import BadValue, Place

TENSOR, EXPERT = Place("--tensor-parallel"), Place("--expert-parallel")
"""The options that say how many devices there are."""


class Devices(NamedTuple):
    """Devices that share a network, and which of them is asked about."""

    number: int = 1
    experts: int = 1
    """How many of them share the experts."""
    asked: int = 0
    """The place of the one that is asked about, from 0."""

    def share(self, count: int) -> int:
        """A device's part of `count` things. Raises BadValue where they do not divide."""
        if count % self.number:
            raise BadValue(f"{count} do not divide over {self.number} devices", "choose a divisor")
        return count // self.number


class Heads(NamedTuple):
    """What a device keeps of a map whose features are heads side by side."""

    features: int
    kept: int
    """How many of the heads of queries and keys the device keeps."""
    whole: int
    """How many heads of queries and keys there are."""


class Use(NamedTuple):
    """Where a layer stands in the network that devices share."""

    apart: bool
    """True: each device has other features of its input."""
    heads: Heads | None
    """What its reader needs whole; None: any part of the features serves."""
    last: bool
    """True: its output leaves the network."""


PADDING = 64
"""Rows of a vocabulary's table, on each device, that engines fill up to a multiple of."""


def padded_share(rows: int, devices: Devices) -> int:
    """A device's rows of a vocabulary's table, filled up where they do not divide.

    50 257 rows on two devices are 25 152 each, a multiple of 64: vLLM, vocab_parallel_embedding.py,
    and Megatron-LM, `make-vocab-size-divisible-by`, do so.
    """
    if rows % devices.number == 0:
        return rows // devices.number
    return -(-rows // (PADDING * devices.number)) * PADDING
