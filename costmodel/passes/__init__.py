"""Graph passes: rewrites of a network that a compiler does before it runs. One file is one pass."""

from __future__ import annotations

from collections.abc import Sequence

from costmodel import discovery
from costmodel.arch.network import Network
from costmodel.passes.base import Pass

__all__ = ["Pass", "apply", "load", "names"]


def load(word: str) -> Pass:
    """The pass called `word`; BadValue for an unknown one."""
    return discovery.load(__name__, Pass, word)


def names() -> tuple[str, ...]:
    """Every pass's name."""
    return discovery.modules(__name__)


def apply(network: Network, words: Sequence[str], bits: int | None = None) -> Network:
    """`network` after the passes `words`, one after the other. Raises BadValue for an unknown one.

    Those that are for another element size than `bits` (None: unknown) do nothing.
    """
    for one in map(load, words):
        if bits is None or one.bits in (None, bits):
            network = one.apply(network)
    return network
