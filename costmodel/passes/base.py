"""The contract of a graph pass, and the editing that passes share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

import networkx as nx

from costmodel.arch.network import Constants, Network, Part, Row, Tap, Taps

ACROSS = ("softmax", "layer_norm", "group_norm")  # in place, but each element depends on others


class Pass(ABC):
    """A rewrite of the layer graph that keeps what it computes."""

    source: ClassVar[str]
    bits: ClassVar[int | None] = None  # of the dtypes it is for; None: any

    @abstractmethod
    def apply(self, network: Network) -> Network:
        """A new network; the given one stays as it is."""


class Draft:
    """The rows of a network while a pass merges them; `network()` builds the result."""

    def __init__(self, network: Network) -> None:
        self.before = network
        self.rows: dict[str, Row] = {row.id: row for row in network.rows}  # in execution order
        self.ids: dict[str, str] = {}  # a merged row's present id -> the one it shall bear
        self.readers: dict[tuple[str, int], set[str]] = {}
        for row in network.rows:
            for tap in row.inputs:
                self.readers.setdefault((tap.node, tap.port), set()).add(row.id)
        self.outputs = {(tap.node, tap.port) for tap in network.outputs}

    def feeds_only(self, tap: Tap, reader: Row) -> Row | None:
        """The row that writes `tap`, if it writes nothing else and only `reader` reads it; else None."""
        row, key = self.rows.get(tap.node), (tap.node, tap.port)
        if row is None or row.view or len(row.outputs) != 1 or key in self.outputs:
            return None
        return row if self.readers[key] == {reader.id} else None

    def only_reader(self, row: Row) -> Row | None:
        """The row that alone reads all that `row` writes; else None."""
        readers = self.readers.get((row.id, 0), set())
        reader = self.rows.get(next(iter(readers))) if len(readers) == 1 else None
        return (
            reader if reader is not None and self.feeds_only(row.taps[0], reader) is row else None
        )

    def merge(self, first: Row, then: Row, parts: Sequence[Part]) -> Row:
        """One row of `parts` in the place of `then`, reading what both read; its name is that of `first`."""
        inputs = tuple(
            dict.fromkeys([*first.inputs, *(tap for tap in then.inputs if tap.node != first.id)])
        )
        row = replace(then, name=first.name, block=first.block, place=first.place, parts=tuple(parts),
                      inputs=inputs, constants=_together(first, then))  # fmt: skip
        for tap in first.inputs:
            self.readers[tap.node, tap.port] -= {first.id}
            self.readers[tap.node, tap.port] |= {row.id}
        del self.rows[first.id]
        self.rows[row.id] = row
        self.ids[row.id] = self.ids.pop(first.id, first.id)
        return row

    def network(self) -> Network:
        """The network after every merge."""
        named = (replace(row, id=self.ids.get(row.id, row.id), inputs=self._named(row.inputs))
                 for row in self.rows.values())  # fmt: skip
        return replace(rebuilt(self.before, named), outputs=self._named(self.before.outputs))

    def _named(self, taps: Taps) -> Taps:
        return tuple(replace(tap, node=self.ids.get(tap.node, tap.node)) for tap in taps)


def rebuilt(
    network: Network, rows: Iterable[Row], inputs: Taps | None = None, outputs: Taps | None = None
) -> Network:
    """`network` with these rows, in this order, behind its inputs; these inputs and outputs, where they are given."""
    graph = nx.DiGraph()
    for tap in network.inputs if inputs is None else inputs:
        graph.add_node(tap.node, shape=tap.shape, bits=tap.bits)
    for row in rows:
        graph.add_node(row.id, row=row)
        for tap in row.inputs:
            graph.add_edge(tap.node, row.id)
    return replace(network, graph=graph, outputs=network.outputs if outputs is None else outputs)


def _together(first: Row, then: Row) -> Constants | None:
    """What both rows move besides maps."""
    if first.constants is None and then.constants is None:
        return None
    both = [
        row.constants or Constants(sum(p.tally.moved_params for p in row.parts), 0)
        for row in (first, then)
    ]
    return Constants(both[0].elements + both[1].elements, both[0].fixed_bytes + both[1].fixed_bytes,
                     both[0].sources | both[1].sources, both[0].tensors or both[1].tensors)  # fmt: skip


def elementwise(row: Row) -> bool:
    """True for a row that gives each element of its output from the same element of its inputs."""
    return all(part.layer.in_place and part.layer.kind not in ACROSS for part in row.parts)
