"""The rows of a network while a pass merges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from costmodel.core.density import DENSE, Density
from costmodel.core.network import Network, Row, Tap, Taps, changed
from costmodel.core.part import OUTSIDE, Part, Source


class Draft:
    """A network under a pass: rows are merged in place, and `network()` builds the result."""

    def __init__(self, network: Network) -> None:
        self.before = network
        self.rows: dict[str, Row] = {row.id: row for row in network.rows}
        """In execution order, by their present ids."""
        self.ids: dict[str, str] = {}
        """A merged row's present id, and the one it shall bear."""
        self.readers = {tap.key: set[str]() for row in network.rows for tap in row.inputs}
        for row in network.rows:
            for tap in row.inputs:
                self.readers[tap.key].add(row.id)
        self.outputs = {tap.key for tap in network.outputs}

    def feeds_only(self, tap: Tap | None, reader: Row) -> Row | None:
        """The row that writes `tap`, if it writes nothing else and only `reader` reads it."""
        if tap is None or tap.key in self.outputs or self.readers[tap.key] != {reader.id}:
            return None
        row = self.rows.get(tap.node)
        return row if row and not row.view and len(row.outputs) == 1 else None

    def only_reader(self, row: Row) -> Row | None:
        """The row that alone reads all that `row` writes; else None."""
        for name in self.readers.get((row.id, 0), ()):
            if self.feeds_only(row.taps[0], self.rows[name]) is row:
                return self.rows[name]
        return None

    def merge(self, first: Row, then: Row) -> Row:
        """One row in the place of `then` that runs both; it bears the name of `first`."""
        row = joined(first, then)
        for tap in first.inputs:
            self.readers[tap.key] -= {first.id}
            self.readers[tap.key] |= {row.id}
        del self.rows[first.id]
        self.rows[row.id] = row
        self.ids[row.id] = self.ids.pop(first.id, first.id)
        return row

    def network(self) -> Network:
        """The network after every merge."""
        rows = (
            changed(row, id=self.ids.get(row.id, row.id), inputs=renamed(row.inputs, self.ids))
            for row in self.rows.values()
        )
        return self.before.with_rows(rows, outputs=renamed(self.before.outputs, self.ids))


def renamed(taps: Taps, ids: Mapping[str, str]) -> Taps:
    """The same maps where the rows that write them bear other `ids`."""
    if not any(tap.node in ids for tap in taps):
        return taps
    return tuple(changed(tap, node=ids.get(tap.node, tap.node)) for tap in taps)


def fused(network: Network, ahead: Callable[[Draft, Row], Iterable[Row]]) -> Network:
    """The network in which each row takes in the rows that `ahead` names, the latest first.

    One sweep in execution order; `ahead` sees what earlier rows have taken in.
    """
    draft = Draft(network)
    for name in list(draft.rows):
        row = draft.rows[name]
        for first in ahead(draft, row):
            row = draft.merge(first, row)
    return draft.network()


def joined(first: Row, then: Row) -> Row:
    """The row that runs `then` behind `first`, whose maps stay inside it.

    It reads what both read. A map that only elementwise parts take is not read for them again where
    the row reads it anyway: they take each element as it comes by. Every other operand is read on
    its own, so that a product of a map with itself reads it twice, fused or not.

    Examples
    --------
    A product of x with itself and the sum of that product and b read x, x and b; a convolution of x
    and the sum of its map and x read x alone.

    """
    inputs: list[Tap] = []
    ahead = {Source(OUTSIDE, n): _placed(first, n, inputs) for n in range(len(first.inputs))}
    behind = {
        Source(OUTSIDE, n): first.writes[tap.port]
        if tap.node == first.id
        else _placed(then, n, inputs)
        for n, tap in enumerate(then.inputs)
    }
    parts = [_reading(part, ahead, 0) for part in first.parts]
    parts += [_reading(part, behind, len(first.parts)) for part in then.parts]
    return replace(
        then,
        name=first.name,
        block=first.block,
        place=first.place,
        parts=tuple(parts),
        inputs=tuple(inputs),
        constants=first.held + then.held if first.constants or then.constants else None,
        density=_density(first, then),
    )


def _density(first: Row, then: Row) -> Density:
    """How dense the operands of both rows' products are, where they are alike."""
    said = {row.density for row in (first, then) if any(part.tally.macs for part in row.parts)}
    return said.pop() if len(said) == 1 else DENSE


def _placed(row: Row, place: int, inputs: list[Tap]) -> Source:
    """An input of `row` as one of `inputs`, where it stands already or is added."""
    tap = row.inputs[place]
    elementwise = all(part.elementwise for part, _ in row.readers(Source(OUTSIDE, place)))
    if not elementwise or tap not in inputs:
        inputs.append(tap)
        return Source(OUTSIDE, len(inputs) - 1)
    return Source(OUTSIDE, inputs.index(tap))


def _reading(part: Part, outside: dict[Source, Source], shift: int) -> Part:
    """The part in another row: its maps from outside are renamed, other parts are shifted."""
    reads = (
        outside.get(source, source)
        if source.part == OUTSIDE
        else Source(source.part + shift, source.port)
        for source in part.reads
    )
    return changed(part, reads=tuple(reads))
