"""The contract of a graph pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from costmodel.core.network import Network
from costmodel.core.registry import Family
from costmodel.errors import BadValue, InputError, Place


class Pass(ABC):
    """A rewrite of the layer graph that keeps what it computes."""

    source: ClassVar[str]
    bits: ClassVar[int | None] = None
    """Bits of the element types it is for; None: any."""
    named_by: ClassVar[str] = ""
    """The option that gives a number without which it does nothing; empty: its word says all."""

    @abstractmethod
    def apply(self, network: Network) -> Network:
        """A new network; the given one stays as it is."""


PASSES = Family("pass", "costmodel.models.passes", "costmodel.passes", Pass)


def passes_of(words: Iterable[str], place: Place) -> list[str]:
    """Give the passes that are named at a `place`; 'none', alone, names no pass.

    It stands for no rewrite where a profile asks for some. Raises InputError where it is not alone.
    """
    named = list(words)
    others = [word for word in named if word != "none"]
    if others and len(others) < len(named):
        what = f"'none' stands beside {', '.join(others)}"
        raise InputError.at(place, what, "leave out the one or the other")
    return others


def check_words(passes: Iterable[str | Pass]) -> None:
    """Raise BadValue for a pass that is named by its word alone, and needs a number."""
    for word in passes:
        if isinstance(word, str) and (option := PASSES.resolve(word).named_by):
            raise BadValue(f"pass '{word}' needs a number", f"use '{option} N'")


def rewritten(network: Network, passes: Iterable[str | Pass], bits: int | None = None) -> Network:
    """`network` after `passes`, one after the other. Raises BadValue for an unknown one.

    Those that are for another element size than `bits` (None: unknown) do nothing.
    """
    for one in map(PASSES.resolve, passes):
        if bits is None or one.bits in (None, bits):
            network = one.apply(network)
    return network
