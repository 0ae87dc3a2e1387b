"""Rows in the order that needs least memory."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Key, Network

Keys = frozenset[Key]
EXACT = 20_000
"""States of the exact search after which the greedy order is taken."""


class LeastMemory(Pass):
    """Branches run in the order in which most bytes alive at once are fewest.

    The order as written stays where none is better. Exact by dynamic programming over sets of
    finished rows where those are few, else greedy: of the rows that can run, the one that leaves
    least alive. Elements stand for bytes.
    """

    source: ClassVar[str] = (
        "Liberis & Lane 2019 (arXiv 1910.05110), Algorithm 1 (order of operators)"
    )

    def apply(self, network: Network) -> Network:
        """The same rows in another topological order."""
        orders = Orders(network)
        written = list(range(len(orders.rows)))
        best = min((written, orders.search() or orders.greedy()), key=orders.peak)
        return network if best == written else network.with_rows(orders.rows[i] for i in best)


class Orders:
    """The orders in which rows may run, and what is alive in each.

    Rows are numbers; maps of views count as their input's.
    """

    def __init__(self, network: Network) -> None:
        self.rows = network.rows
        self.inputs = [tap.key for tap in network.inputs]
        self.size = {tap.key: prod(tap.shape) for tap in network.inputs}
        self.needs = [
            frozenset(network.position[before] for before in network.pred[row.id]) - {-1}
            for row in self.rows
        ]
        self.reads: list[Keys] = []
        self.writes: list[list[Key]] = []
        # the maps behind a map: several for a joint view
        behind: dict[Key, tuple[Key, ...]] = {key: (key,) for key in self.inputs}
        for row in self.rows:
            taken = tuple(key for tap in row.inputs for key in behind[tap.key])
            behind |= {tap.key: taken if row.view else (tap.key,) for tap in row.taps}
            written = () if row.view else row.taps
            self.size |= {tap.key: prod(tap.shape) for tap in written}
            self.reads.append(frozenset(taken))
            self.writes.append([tap.key for tap in written])
        self.kept = {key for tap in network.outputs for key in behind[tap.key]}
        self.readers = self._readers()

    def _readers(self) -> dict[Key, int]:
        """The rows that read each map, as bit sets."""
        found = dict.fromkeys(self.size, 0)
        for number, reads in enumerate(self.reads):
            for key in reads:
                found[key] |= 1 << number
        return found

    def alive_after(self, alive: Keys, done: int, row: int) -> Keys:
        """Maps alive once `row` has run and the rows of the bit set `done` before it."""
        finished = done | 1 << row
        return frozenset(
            key
            for key in alive | set(self.writes[row])
            if key in self.kept or self.readers[key] & ~finished
        )

    def during(self, alive: Keys, done: int, row: int) -> int:
        """Elements alive while `row` runs; an elementwise row overwrites an input that dies."""
        written = self.writes[row]
        count = self.total(alive | set(written))
        if len(written) == 1 and self.rows[row].overwrites:
            after, size = self.alive_after(alive, done, row), self.size[written[0]]
            if any(key not in after and self.size[key] == size for key in self.reads[row]):
                return count - size
        return count

    def total(self, keys: Keys) -> int:
        """Elements of maps."""
        return sum(self.size[key] for key in keys)

    def peak(self, order: list[int]) -> int:
        """Most elements alive at once in an order."""
        alive, done, most = frozenset(self.inputs), 0, 0
        for row in order:
            most = max(most, self.during(alive, done, row))
            alive = self.alive_after(alive, done, row)
            done |= 1 << row
        return most

    def greedy(self) -> list[int]:
        """Always the row that leaves least alive; of equals the first."""
        alive, done, order = frozenset(self.inputs), 0, []
        waiting = [len(need) for need in self.needs]
        followers: dict[int, list[int]] = {}
        for number, need in enumerate(self.needs):
            for before in need:
                followers.setdefault(before, []).append(number)
        ready = [number for number, count in enumerate(waiting) if not count]
        while ready:
            left = [(self.total(self.alive_after(alive, done, row)), row) for row in ready]
            _, row = min(left)
            alive, done = self.alive_after(alive, done, row), done | 1 << row
            ready.remove(row)
            order.append(row)
            for after in followers.get(row, ()):
                waiting[after] -= 1
                ready += [after] if not waiting[after] else []
        return order

    def search(self) -> list[int] | None:
        """The best order of all, or None where it has too many states to look at."""
        states: dict[int, tuple[int, list[int], Keys]] = {0: (0, [], frozenset(self.inputs))}
        needed = [sum(1 << n for n in need) for need in self.needs]
        seen = 0
        for _ in self.rows:
            following: dict[int, tuple[int, list[int], Keys]] = {}
            for done, (most, order, alive) in states.items():
                for row, need in enumerate(needed):
                    if done >> row & 1 or need & ~done:
                        continue
                    seen += 1
                    if seen > EXACT:
                        return None
                    peak, after = max(most, self.during(alive, done, row)), done | 1 << row
                    if after not in following or peak < following[after][0]:
                        following[after] = (peak, [*order, row], self.alive_after(alive, done, row))
            states = following
        return next(iter(states.values()))[1]
