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
        fresh, floats, fixed = dict[int, int](), 0, 0
        sources: set[str] = set()
        tensors = False
        for position, value in enumerate(node.inputs):
            if value is None or value.origin is None:
                continue
            if position not in work.aside or work.norm:
                fresh[position] = self._fresh(
                    value, value.origin, named=position in (*work.weights, *work.statistics)
                )
            if position not in work.aside:
                held = bool(value.origin.weights) and len(value.shape) > 0
                tensors |= value.floating and (held or value.elements > 1)
            if position not in work.aside and value.elements > 1:
                sources |= value.origin.weights
                count = (
                    value.elements
                    if work.rows_read is None
                    else min(value.elements, work.rows_read)
                )
                floats += count if value.bits is None else 0
                fixed += size_of(count, value.bits) if value.bits is not None else 0
        return self._tally(work, fresh), Constants(floats, fixed, frozenset(sources), tensors)

    def _tally(self, work: Work, fresh: dict[int, int]) -> Tally:
        """The work's tally with these parameters, those of a batch norm under their own names."""
        if work.norm:
            scale, shift, mean, variance = (
                fresh.get(position, 0) for position in (*work.weights, *work.statistics)
            )
            return replace(
                work.tally, bn_scale=scale, bn_shift=shift, bn_mean=mean, bn_variance=variance
            )
        biases = fresh.pop(work.bias, 0) if work.bias is not None else 0
        return replace(work.tally, weights=sum(fresh.values()), biases=biases)

    def _fresh(self, value: Value, origin: Origin, named: bool) -> int:
        """Elements of the weights behind a constant that no row counted yet."""
        if not (value.floating or named):
            return 0
        new = [name for name in origin.weights if name not in self.seen]
        self.seen.update(new)
        if named and origin.literal and not self.stored:
            return value.elements
        return sum(self.sizes.get(name, 0) for name in new)
