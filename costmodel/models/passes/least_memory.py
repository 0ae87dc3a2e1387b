"""Rows in the order that needs least memory.

What is alive follows from the set of rows that have run, so a step costs only what its row touches:
the maps that it writes come, and the maps that no later row reads go.

Example: two rows read a map of 8 elements and write 4 elements each, which a last row joins. While
the first runs, 8 + 4 elements are alive, and all of them stay. While the second runs, 8 + 4 + 4
are; the 8 go after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from math import prod
from typing import Any, NamedTuple

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Key, Network

EXACT = 20_000
"""Steps of the exact search after which the greedy order is taken."""


class LeastMemory(Pass):
    """Branches run in the order in which most bytes alive at once are fewest.

    The order as written stays where none is better. Exact by dynamic programming over sets of
    finished rows where those are few, else greedy: of the rows that can run, the one that leaves
    least alive. Elements stand for bytes.
    """

    source = "Liberis & Lane 2019 (arXiv 1910.05110), Algorithm 1 (order of operators)"

    def apply(self, network: Network) -> Network:
        """The same rows in another topological order."""
        orders = RowOrders(network)
        written = list(range(len(orders.rows)))
        best = min((written, orders.search() or orders.greedy()), key=orders.peak)
        return network if best == written else network.with_rows(orders.rows[i] for i in best)


class _Finished(NamedTuple):
    """The best way to have run a set of rows."""

    peak: int
    """Most elements alive at once on the way."""
    last: Any
    """Its last row, behind the same of the row before; None at the start."""
    alive: int
    """Elements alive now."""
    ready: int
    """The rows that can run next, as a bit set."""


class RowOrders:
    """The orders in which rows may run, and what is alive in each.

    Rows are numbers; maps of views count as their input's.
    """

    def __init__(self, network: Network) -> None:
        self.rows = network.rows
        inputs = [tap.key for tap in network.inputs]
        self.size = {tap.key: prod(tap.shape) for tap in network.inputs}
        self.needs = [
            {network.position[before] for before in network.pred[row.id]} - {-1}
            for row in self.rows
        ]
        self.followers = [[network.position[a] for a in network.succ[r.id]] for r in self.rows]
        self.reads: list[frozenset[Key]] = []
        self.writes: list[list[Key]] = []
        # the maps behind a map: several for a joint view
        behind: dict[Key, tuple[Key, ...]] = {key: (key,) for key in inputs}
        for row in self.rows:
            read = tuple(key for tap in row.inputs for key in behind[tap.key])
            behind |= {tap.key: read if row.view else (tap.key,) for tap in row.taps}
            written = () if row.view else row.taps
            self.size |= {tap.key: prod(tap.shape) for tap in written}
            self.reads.append(frozenset(read))
            self.writes.append([tap.key for tap in written])
        self.kept = {key for tap in network.outputs for key in behind[tap.key]}
        self.readers: dict[Key, set[int]] = {key: set() for key in self.size}
        for number, keys in enumerate(self.reads):
            for key in keys:
                self.readers[key].add(number)
        # inputs that nobody reads are there until the first row has run
        self.begin = self._total(key for key in inputs if self._outlives(key))
        self.unread = self._total(inputs) - self.begin

    def _total(self, keys: Iterable[Key]) -> int:
        return sum(self.size[key] for key in keys)

    def _outlives(self, key: Key) -> bool:
        """True for a map that is needed beyond the row that writes it."""
        return key in self.kept or bool(self.readers[key])

    def during(self, row: int, dying: list[Key]) -> int:
        """Elements alive while a row runs beyond those before it; it is the last to read `dying`.

        An elementwise row overwrites an input that dies where the sizes are equal.
        """
        sizes = [self.size[key] for key in self.writes[row]]
        in_place = len(sizes) == 1 and self.rows[row].overwrites
        return 0 if in_place and any(self.size[key] in sizes for key in dying) else sum(sizes)

    def after(self, row: int, dying: list[Key]) -> int:
        """Elements alive after a row beyond those before it; it is the last to read `dying`."""
        return self._total(filter(self._outlives, self.writes[row])) - self._total(dying)

    def peak(self, order: list[int]) -> int:
        """Most elements alive at once in an order."""
        left = {key: len(readers) for key, readers in self.readers.items()}
        alive, most, unread = self.begin, 0, self.unread
        for row in order:
            for key in self.reads[row]:
                left[key] -= 1
            dying = [key for key in self.reads[row] - self.kept if not left[key]]
            most = max(most, alive + unread + self.during(row, dying))
            alive, unread = alive + self.after(row, dying), 0
        return most

    def greedy(self) -> list[int]:
        """Always take the row that leaves least alive; of equals the first.

        What a row leaves changes only when it becomes the last reader of a map: then it enters the
        heap once more, ahead of its older entry.
        """
        left = {key: set(readers) for key, readers in self.readers.items()}
        waiting = [len(need) for need in self.needs]

        def entry(row: int) -> tuple[int, int]:
            return self.after(
                row, [k for k in self.reads[row] - self.kept if len(left[k]) == 1]
            ), row

        heap = [entry(row) for row, count in enumerate(waiting) if not count]
        heapify(heap)
        order: dict[int, None] = {}
        while heap:
            _, row = heappop(heap)
            if row in order:
                continue
            order[row] = None
            changed = []
            for after in self.followers[row]:
                waiting[after] -= 1
                changed.append(after)
            for key in self.reads[row]:
                left[key].remove(row)
                changed += left[key] if len(left[key]) == 1 else []
            for other in changed:
                if not waiting[other]:
                    heappush(heap, entry(other))
        return list(order)

    def search(self) -> list[int] | None:
        """The best order of all, or None where it takes too many steps to find."""
        needed = [sum(1 << before for before in need) for need in self.needs]
        readers = {key: sum(1 << row for row in rows) for key, rows in self.readers.items()}
        ready = sum(1 << row for row, need in enumerate(needed) if not need)
        states = {0: _Finished(0, None, self.begin, ready)}
        steps = 0
        for _ in self.rows:
            following: dict[int, _Finished] = {}
            for done, before in states.items():
                unread = 0 if done else self.unread
                for row in _members(before.ready):
                    steps += 1
                    if steps > EXACT:
                        return None
                    now = done | 1 << row
                    dying = [k for k in self.reads[row] - self.kept if not readers[k] & ~now]
                    peak = max(before.peak, before.alive + unread + self.during(row, dying))
                    if now in following and peak >= following[now].peak:
                        continue
                    ready = before.ready ^ 1 << row
                    for follower in self.followers[row]:
                        ready |= 0 if needed[follower] & ~now else 1 << follower
                    alive = before.alive + self.after(row, dying)
                    following[now] = _Finished(peak, (before.last, row), alive, ready)
            states = following
        return _unrolled(next(iter(states.values())).last)


def _members(bits: int) -> Iterator[int]:
    """The numbers in a bit set, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _unrolled(last: Any) -> list[int]:
    """The rows of `_Finished.last`, the first one first."""
    order: list[int] = []
    while last:
        last, row = last
        order.append(row)
    return order[::-1]
