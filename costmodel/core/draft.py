"""The rows of a network while a pass merges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from costmodel.core.network import Constants, Network, Part, Row, Tap, Taps, changed


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

    def feeds_only(self, tap: Tap, reader: Row) -> Row | None:
        """The row that writes `tap`, if it writes nothing else and only `reader` reads it."""
        row = self.rows.get(tap.node)
        if row is None or row.view or len(row.outputs) != 1 or tap.key in self.outputs:
            return None
        return row if self.readers[tap.key] == {reader.id} else None

    def only_reader(self, row: Row) -> Row | None:
        """The row that alone reads all that `row` writes; else None."""
        readers = self.readers.get((row.id, 0), set())
        if len(readers) != 1:
            return None
        reader = self.rows.get(next(iter(readers)))
        if reader is None or self.feeds_only(row.taps[0], reader) is not row:
            return None
        return reader

    def merge(self, first: Row, then: Row, parts: Sequence[Part] | None = None) -> Row:
        """One row in the place of `then` that runs both (or `parts`) and reads what both read.

        Its name is that of `first`.
        """
        others = (tap for tap in then.inputs if tap.node != first.id)
        row = replace(
            then,
            name=first.name,
            block=first.block,
            place=first.place,
            parts=tuple(parts) if parts is not None else (*first.parts, *then.parts),
            inputs=tuple(dict.fromkeys((*first.inputs, *others))),
            constants=_together(first, then),
        )
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
            changed(row, id=self.ids.get(row.id, row.id), inputs=self._named(row.inputs))
            for row in self.rows.values()
        )
        return self.before.with_rows(rows, outputs=self._named(self.before.outputs))

    def _named(self, taps: Taps) -> Taps:
        return tuple(changed(tap, node=self.ids.get(tap.node, tap.node)) for tap in taps)


def _together(first: Row, then: Row) -> Constants | None:
    """What both rows hold besides maps, where that is stated for one of them."""
    if first.constants is None and then.constants is None:
        return None
    return first.held + then.held
