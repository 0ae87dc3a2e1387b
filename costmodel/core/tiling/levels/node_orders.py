"""The orders of the nodes of several levels, and which tile size is in force at each of them.

Each tensor has a node at each level that holds it, those of outer levels above those of inner ones;
nodes of different tensors stand in any order. Along a plain axis only the sizes at the nodes of the
tensor that lacks it count: above the first of these nodes the first size is in force, between the
first and the second one the second size, and below the last one single words.

Example: two levels in the order I W O I W O. The input lacks the axis k. The tiles of all nodes
down to the second I extend along it by the second size (by the first one, which is the whole axis,
above the first I: nowhere), and those below by 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from costmodel.core.tiling.orders import ABSENT, NodeOrder

GROUPS = tuple(ABSENT)
"""n, k and c: the groups of plain axes."""


class Tile(NamedTuple):
    """What a node needs room for."""

    operand: str
    level: int
    """Place of its level, 0 being the outermost."""
    buffers: int
    depth: dict[str, int]
    """For each group of axes that the tensor has: which size is in force, 0 being the outermost."""


@dataclass(frozen=True)
class NodesOrder:
    """One order of all nodes."""

    nodes: str
    """The tensor of each, outermost first."""
    tiles: tuple[Tile, ...]
    """Of those that need room."""
    cuts: dict[str, tuple[bool, ...]]
    """For each group: whether a cut above each node of the tensor without it frees any room."""


def interleavings(counts: tuple[tuple[str, int], ...]) -> Iterator[str]:
    """Every order of so many nodes of each tensor."""
    if not counts:
        yield ""
    for at, (tensor, count) in enumerate(counts):
        left = ((tensor, count - 1),) if count > 1 else ()
        for rest in interleavings(counts[:at] + left + counts[at + 1 :]):
            yield tensor + rest


@dataclass(frozen=True)
class Nodes:
    """The nodes there are."""

    holds: tuple[str, ...]
    """For each level, the outermost first: the tensors that have a node there."""
    occupies: tuple[str, ...]
    """For each level: the tensors that need room there."""
    double: tuple[bool, ...]
    """For each level: whether every tile but that of its outermost node counts twice."""

    @cached_property
    def every(self) -> tuple[NodesOrder, ...]:
        """Every order of all nodes."""
        counts = ((node, sum(node in held for held in self.holds)) for node in "IWO")
        return tuple(
            self._order([[node] for node in nodes])
            for nodes in interleavings(tuple(pair for pair in counts if pair[1]))
        )

    def apart(self, orders: Sequence[NodeOrder]) -> NodesOrder:
        """All nodes of each level in an order of its own, above those of the next one inside."""
        stages = []
        for order, held in zip(orders, self.holds, strict=True):
            first = [order.nodes[:2], order.nodes[2:]] if order.beside else order.nodes
            stages += [[node for node in stage if node in held] for stage in first]
        return self._order(stages)

    def _order(self, stages: Sequence[Sequence[str]]) -> NodesOrder:
        """Nodes stage below stage; those of one stage stand side by side."""
        levels = {
            node: [at for at, held in enumerate(self.holds) if node in held] for node in "IWO"
        }
        above = dict.fromkeys("IWO", 0)
        begun: set[int] = set()
        tiles: list[Tile] = []
        cuts: dict[str, list[bool]] = {group: [] for group in GROUPS}
        # groups along which a tile extends, since they were last cut
        waiting = dict.fromkeys(GROUPS, False)
        for stage in stages:
            for node in stage:
                level = levels[node][above[node]]
                if node in self.occupies[level]:
                    depth = {
                        group: above[other] for group, other in ABSENT.items() if node != other
                    }
                    buffers = 2 if self.double[level] and level in begun else 1
                    tiles.append(Tile(node, level, buffers, depth))
                    waiting |= dict.fromkeys(depth, True)
                begun.add(level)
            for group, other in ABSENT.items():
                if other in stage:
                    cuts[group].append(waiting[group])
                    waiting[group] = False
                    above[other] += 1
        text = "".join(node for stage in stages for node in stage)
        return NodesOrder(text, tuple(tiles), {group: tuple(cuts[group]) for group in GROUPS})
