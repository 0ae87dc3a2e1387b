"""The contract of a graph pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from costmodel.core.network import Network
from costmodel.core.registry import Family


class Pass(ABC):
    """A rewrite of the layer graph that keeps what it computes."""

    source: ClassVar[str]
    bits: ClassVar[int | None] = None
    """Bits of the element types it is for; None: any."""

    @abstractmethod
    def apply(self, network: Network) -> Network:
        """A new network; the given one stays as it is."""


PASSES = Family("pass", "costmodel.models.passes", "costmodel.passes", Pass)


def rewritten(network: Network, passes: Iterable[str | Pass], bits: int | None = None) -> Network:
    """`network` after `passes`, one after the other. Raises BadValue for an unknown one.

    Those that are for another element size than `bits` (None: unknown) do nothing.
    """
    for one in map(PASSES.resolve, passes):
        if bits is None or one.bits in (None, bits):
            network = one.apply(network)
    return network
