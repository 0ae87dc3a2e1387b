"""The layer graph: what every front end builds and everything else consumes.

A `Network` is a networkx DiGraph. Its nodes are the network's inputs (attribute ``tap``) and its
rows (attribute ``row``), in execution order; an edge says which maps one node writes and another
reads (attribute ``maps``). Shapes are per sample, and the network knows how many samples one run of
it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import is_
from typing import Any, TypeVar

import networkx as nx

from costmodel.core.density import DENSE, Density
from costmodel.core.layer import Layer
from costmodel.core.part import HELD, OUTSIDE, Constants, Part, Parts, Source, Sources
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.errors import Place

Key = tuple[str, int]
"""A feature map: the node that writes it, and which of its outputs it is."""


@dataclass(frozen=True, slots=True)
class Tap:
    """One feature map: which output (`port`) of which node, and its shape per sample."""

    node: str
    port: int
    shape: Shape
    bits: int | None = None
    """Bits of one element, where the file fixes them; else those of the run's dtype."""
    pieces: bool = False
    """True: the first axis holds pieces of a sample (windows) that run as samples of their own."""
    state: bool = False
    """True: it outlives the run, and is read from the external memory whatever the placement."""

    @property
    def key(self) -> Key:
        """The map, whatever shape it is seen under."""
        return self.node, self.port


Taps = tuple[Tap, ...]
T = TypeVar("T")


def changed(item: T, **values: Any) -> T:
    """A row, part or map with other `values`; itself where it has them already.

    Passes rewrite every row of a network and change a few.
    """
    if all(getattr(item, name) == value for name, value in values.items()):
        return item
    return replace(item, **values)  # type: ignore[type-var]


@dataclass(frozen=True, eq=False)
class Row:
    """One line of the report: a layer, or several fused so that nothing between them moves.

    Its parts name their operands as inputs of the row or outputs of earlier parts; what the last
    part writes leaves the row. The row reads each of its `inputs` once. A map stands there once for
    every operand that is read from memory on its own, so that a product of a map with itself reads
    it twice. Elementwise parts that are fused into a row take what another part of it reads along.
    """

    id: str
    """Unique: block path and ordinal."""
    name: str
    """Printed; may repeat."""
    block: str
    """The named block it belongs to."""
    place: Place
    """Where it was written."""
    parts: Parts
    inputs: Taps
    out_bits: tuple[int | None, ...] = ()
    """Bits of an element of each output, where the file fixes them."""
    constants: Constants | None = None
    appends: bool = False
    """True: what it writes is appended to a state besides."""
    unread_on_purpose: bool = False
    """True: the file says that nobody has to read it."""
    pieces: bool = False
    """True: the first axis of its outputs holds pieces of a sample."""
    density: Density = DENSE
    """How much of what it multiplies is not zero, as the file says."""
    samples_at: int = 0
    """In memory that it writes axis after axis: how many axes of a sample lie outside the
    samples.
    """

    @cached_property
    def taps(self) -> Taps:
        """The maps that the row writes, one for each output."""
        bits = self.out_bits or (None,) * len(self.outputs)
        pairs = zip(self.outputs, bits, strict=True)
        return tuple(Tap(self.id, n, *pair, self.pieces) for n, pair in enumerate(pairs))

    @property
    def layer(self) -> Layer:
        """The layer of its first part, which decides how the row runs."""
        return self.parts[0].layer

    @property
    def vectors(self) -> int:
        """Vectors per sample of its first part's statistic; others are taken on the way."""
        return self.layer.vectors(self.parts[0].inputs)

    @cached_property
    def kind(self) -> str:
        """The kinds of its parts, joined with '+'."""
        return "+".join(part.layer.kind for part in self.parts)

    @property
    def outputs(self) -> Shapes:
        """Shapes of the maps it writes."""
        return self.parts[-1].outputs

    @property
    def writes(self) -> Sources:
        """Where in the row each of these maps comes from."""
        return tuple(Source(len(self.parts) - 1, port) for port in range(len(self.outputs)))

    def readers(self, source: Source) -> Iterator[tuple[Part, int]]:
        """The parts that read a map of the row, each with the place among its operands."""
        for part in self.parts:
            for operand, read in enumerate(part.reads):
                if read == source:
                    yield part, operand

    def source_of(self, part: int, operand: int) -> Tap | None:
        """The input of the row that an operand of a part is.

        None where an earlier part makes it, or the layer holds it.
        """
        at, port = source = self.parts[part].reads[operand]
        return self.inputs[port] if at == OUTSIDE and source != HELD else None

    @cached_property
    def view(self) -> bool:
        """True when it only gives its input's memory another shape."""
        return all(part.layer.view for part in self.parts)

    @cached_property
    def looks_up(self) -> bool:
        """True when some part of it may read fewer elements of an input than there are."""
        return any(part.layer.looks_up for part in self.parts)

    @cached_property
    def elementwise(self) -> bool:
        """True when each output element follows from the input elements at its own place."""
        return all(part.elementwise for part in self.parts)

    @cached_property
    def overwrites(self) -> bool:
        """True when it may write over an input that nobody needs any more."""
        return len(self.outputs) == 1 and all(part.layer.in_place for part in self.parts)

    @cached_property
    def counted(self) -> tuple[Tally, ...]:
        """Tallies whose parameters count here: as stated, else those of its parts."""
        if self.constants is not None:
            return (self.constants.counted,)
        return tuple(part.tally for part in self.parts)

    @property
    def held(self) -> Constants:
        """What it holds besides maps: as stated, else what its tallies say."""
        if self.constants is not None:
            return self.constants
        counted = sum((tally.parameters for tally in self.counted), Tally())
        return Constants(counted, counted.moved_params, 0)


@dataclass(frozen=True, eq=False)
class Facts:
    """What a network is, besides its graph."""

    name: str = ""
    source: str = ""
    file: str = ""
    outputs: Taps = ()
    samples: int = 1
    """Samples that one run holds: a batch that is baked into the file."""
    variables: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    """Convention, placement, timing and dtype that the file asks for."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What a report has to say of the file, e.g. what it cannot tell."""
    unknown: Mapping[str, int] = field(default_factory=dict)
    """Operators that are counted as data movement, and how often each stands there."""

    @property
    def missing(self) -> str:
        """What is not in the totals, in words; empty where all is."""
        named = ", ".join(f"{op} ({count})" for op, count in sorted(self.unknown.items()))
        return f"incomplete: no rule counts the work of {named}" if named else ""


class Network(nx.DiGraph):  # type: ignore[misc]
    """An architecture with every variable bound: a graph of rows that nothing changes any more."""

    @classmethod
    def of(cls, facts: Facts, inputs: Iterable[Tap], rows: Iterable[Row]) -> Network:
        """The network of `rows`, which stand behind those they read, frozen."""
        network = cls(facts=facts)
        for tap in inputs:
            network.add_node(tap.node, tap=tap)
        for row in rows:
            network.add_node(row.id, row=row)
            for tap in row.inputs:
                _connect(network, tap, row.id)
        nx.freeze(network)
        return network

    def with_rows(
        self, rows: Iterable[Row], inputs: Taps | None = None, outputs: Taps | None = None
    ) -> Network:
        """Give a network of these rows, in this order, and where given of other ends."""
        rows = tuple(rows)
        inputs = self.inputs if inputs is None else inputs
        outputs = self.outputs if outputs is None else outputs
        same = len(rows) == len(self.rows) and all(map(is_, rows, self.rows))
        if same and (inputs, outputs) == (self.inputs, self.outputs):
            return self
        return Network.of(replace(self.facts, outputs=outputs), inputs, rows)

    @property
    def facts(self) -> Facts:
        """What the network is, besides its graph."""
        return self.graph.get("facts") or Facts()

    @property
    def name(self) -> str:
        """What the network is called in reports."""
        return self.facts.name

    @property
    def outputs(self) -> Taps:
        """The maps that leave the network."""
        return self.facts.outputs

    @property
    def samples(self) -> int:
        """Samples that one run holds."""
        return self.facts.samples

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every row in execution order."""
        return tuple(data["row"] for _, data in self.nodes(data=True) if "row" in data)

    @cached_property
    def inputs(self) -> Taps:
        """The maps that enter the network."""
        return tuple(data["tap"] for _, data in self.nodes(data=True) if "tap" in data)

    @cached_property
    def position(self) -> dict[str, int]:
        """The place of each row in execution order, by its id; -1 for the network's inputs."""
        rows = {row.id: number for number, row in enumerate(self.rows)}
        return dict.fromkeys((tap.node for tap in self.inputs), -1) | rows

    def readers(self, key: Key) -> Iterator[Row]:
        """The rows that read a map, in execution order."""
        for reader, edge in self.adj[key[0]].items():
            if any(tap.port == key[1] for tap in edge["maps"]):
                yield self.nodes[reader]["row"]

    def unread(self) -> Iterator[Row]:
        """Rows that nobody reads, that give no declared output, and not so on purpose."""
        declared = {tap.node for tap in self.outputs}
        for row in self.rows:
            if not self.out_degree(row.id) and row.id not in declared and not row.unread_on_purpose:
                yield row


def _connect(network: Network, tap: Tap, reader: str) -> None:
    """Let `reader` read `tap`; several maps between two nodes stand on one edge."""
    edge = network.get_edge_data(tap.node, reader)
    network.add_edge(tap.node, reader, maps=(tap,) if edge is None else (*edge["maps"], tap))
