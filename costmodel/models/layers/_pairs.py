"""Operands of an einsum, multiplied two at a time, in the order that takes the fewest products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import prod
from typing import NamedTuple

MOST = 10
"""Operands of which every order is tried; 3^10 splits take 0.1 s. More are taken left to right."""


class Operand(NamedTuple):
    """A factor: the axes that it still has, and which operand it is, None for a product."""

    axes: frozenset[str]
    number: int | None = None


class Pair(NamedTuple):
    """Two factors, and the axes that their product keeps."""

    first: Operand
    second: Operand
    stay: frozenset[str]

    @property
    def axes(self) -> frozenset[str]:
        """The axes of both: one product for each combination of them."""
        return self.first.axes | self.second.axes


def pairs(terms: Sequence[frozenset[str]], out: str, sizes: Mapping[str, int]) -> list[Pair]:
    """All pairs, each behind those whose products it multiplies.

    An axis that only one factor has, and the result lacks, is summed away before it is multiplied.
    Of (ab)(bc)(cd) with sizes 16, 512, 8, 512 the first two are multiplied first: 16 x 512 x 8
    products, then 16 x 8 x 512; in the other order it would be 512 x 8 x 512 and 16 x 512 x 512.
    """
    everything = (1 << len(terms)) - 1

    @cache
    def kept(group: int) -> frozenset[str]:
        """The axes of a group of operands that the result or another operand needs."""
        inside, outside = set[str](), set(out)
        for number, term in enumerate(terms):
            (inside if group >> number & 1 else outside).update(term)
        return frozenset(inside & outside)

    @cache
    def best(group: int) -> tuple[int, int]:
        """The fewest products [count] that a group takes, and the part of it on the left."""
        if group.bit_count() == 1:
            return 0, 0
        return min(
            (
                best(left)[0]
                + best(group ^ left)[0]
                + prod(sizes[axis] for axis in kept(left) | kept(group ^ left)),
                -left.bit_count(),
                left,
            )
            for left in _parts(group)
        )[::2]

    def made(group: int) -> Iterator[Pair]:
        """The pairs of a group."""
        if group.bit_count() > 1:
            left = best(group)[1]
            yield from made(left)
            yield from made(group ^ left)
            yield Pair(factor(left), factor(group ^ left), kept(group))

    def factor(group: int) -> Operand:
        number = group.bit_length() - 1 if group.bit_count() == 1 else None
        return Operand(kept(group), number)

    return list(made(everything))


def _parts(group: int) -> Iterator[int]:
    """The left sides into which a group may be split; each side holds an operand.

    The left one holds the group's first operand, so that no split comes twice. Of a large group
    there is one split: its last operand on the right.
    """
    first, last = group & -group, 1 << group.bit_length() - 1
    if group.bit_count() > MOST:
        yield group ^ last
        return
    rest = group ^ first
    right = rest
    while right:
        yield group ^ right
        right = (right - 1) & rest
