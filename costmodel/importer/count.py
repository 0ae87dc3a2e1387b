"""Parameters of imported rows: each initialiser counted once, and moved wherever it is used."""

from __future__ import annotations

from dataclasses import replace

from costmodel.arch.network import Constants
from costmodel.dtypes import size_of
from costmodel.importer.node import Node, Work
from costmodel.importer.values import Origin, Value
from costmodel.tally import Tally


class Parameters:
    """What a training framework would hold: floating (or quantised) weights, no index tables or statistics."""

    def __init__(self, stored: bool) -> None:
        self.stored = (
            stored  # weights are initialisers; else the exporter wrote them as Constant nodes
        )
        self.sizes: dict[str, int] = {}  # [elements] by initialiser
        self.seen: set[str] = set()

    def count(self, node: Node, work: Work) -> tuple[Tally, Constants]:
        """The tally with the parameters that this row is the first to use, and what it moves of constants."""
        found = biases = floats = fixed = 0
        for position, value in enumerate(node.inputs):
            if value is None or value.origin is None or position in work.aside:
                continue
            fresh = self._fresh(value, value.origin, named=position in work.weights)
            found, biases = (
                (found, biases + fresh) if position == work.bias else (found + fresh, biases)
            )
            if value.elements > 1:
                count = (
                    value.elements
                    if work.rows_read is None
                    else min(value.elements, work.rows_read)
                )
                floats += count if value.bits is None else 0
                fixed += size_of(count, value.bits) if value.bits is not None else 0
        tally = work.tally if work.norm else replace(work.tally, weights=found, biases=biases)
        return tally, Constants(floats, fixed)

    def _fresh(self, value: Value, origin: Origin, named: bool) -> int:
        """Elements of the weights behind a constant that no row counted yet."""
        if not (value.floating or named):
            return 0
        new = [name for name in origin.weights if name not in self.seen]
        self.seen.update(new)
        if named and origin.literal and not self.stored:
            return value.elements
        return sum(self.sizes.get(name, 0) for name in new)
