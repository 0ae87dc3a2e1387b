"""Rows in the order that needs least memory."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from costmodel.arch.network import Network
from costmodel.passes.base import Pass, rebuilt

Keys = frozenset[tuple[str, int]]  # maps by node and port
EXACT = 20_000  # states of the exact search after which the greedy order is taken


class LeastMemory(Pass):
    """Branches run in the order in which most bytes alive at once are fewest, if that is fewer than as written.

    Exact by dynamic programming over sets of finished rows where those are few, else greedy: of the rows that
    can run, the one that leaves least alive. Elements stand for bytes.
    """

    source: ClassVar[str] = (
        "Liberis & Lane 2019 (arXiv 1910.05110), Algorithm 1 (order of operators)"
    )

    def apply(self, network: Network) -> Network:
        """The same rows in another topological order."""
        graph = Order(network)
        written = list(range(len(graph.rows)))
        best = min((written, graph.search() or graph.greedy()), key=graph.peak)
        return network if best == written else rebuilt(network, [graph.rows[i] for i in best])


class Order:
    """Rows as numbers; what each reads, writes, and how large it is. Maps of views count as their input's."""

    def __init__(self, network: Network) -> None:
        self.rows = network.rows
        number = {row.id: n for n, row in enumerate(self.rows)}
        inputs = [(tap.node, tap.port) for tap in network.inputs]
        self.size = {key: prod(tap.shape) for key, tap in zip(inputs, network.inputs, strict=True)}
        owner: dict[tuple[str, int], tuple[tuple[str, int], ...]] = {
            key: (key,) for key in inputs
        }  # the maps behind a map: several for a joint view
        self.reads: list[frozenset[tuple[str, int]]] = []
        self.writes: list[list[tuple[str, int]]] = []
        self.needs: list[frozenset[int]] = []
        for row in self.rows:
            taken = tuple(key for tap in row.inputs for key in owner[tap.node, tap.port])
            mine = [(tap.node, tap.port) for tap in row.taps]
            owner |= {key: taken if row.view else (key,) for key in mine}
            self.size |= (
                {}
                if row.view
                else {key: prod(tap.shape) for key, tap in zip(mine, row.taps, strict=True)}
            )
            self.reads.append(frozenset(taken))
            self.writes.append([] if row.view else mine)
            self.needs.append(
                frozenset(number[tap.node] for tap in row.inputs if tap.node in number)
            )
        self.kept = {key for tap in network.outputs for key in owner[tap.node, tap.port]}
        self.inputs = inputs
        self.overwrites = [all(part.layer.in_place for part in row.parts) for row in self.rows]
        self.readers = dict.fromkeys(self.size, 0)  # bit sets of rows
        for n, reads in enumerate(self.reads):
            for key in reads:
                self.readers[key] |= 1 << n

    def alive_after(self, alive: Keys, done: int, row: int) -> Keys:
        """Maps alive once `row` has run and the rows of the bit set `done` before it."""
        finished = done | 1 << row
        return frozenset(key for key in alive | set(self.writes[row])
                         if key in self.kept or self.readers[key] & ~finished)  # fmt: skip

    def during(self, alive: Keys, done: int, row: int) -> int:
        """Elements alive while `row` runs; an elementwise row overwrites an input that dies with it."""
        written = self.writes[row]
        count = self.total(alive | set(written))
        if len(written) == 1 and self.overwrites[row]:
            after = self.alive_after(alive, done, row)
            if any(
                key not in after and self.size[key] == self.size[written[0]]
                for key in self.reads[row]
            ):
                return count - self.size[written[0]]
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
        waiting = {n: len(need) for n, need in enumerate(self.needs)}
        followers: dict[int, list[int]] = {}
        for n, need in enumerate(self.needs):
            for before in need:
                followers.setdefault(before, []).append(n)
        ready = [n for n, count in waiting.items() if not count]
        while ready:
            row = min(ready, key=lambda n: (self.total(self.alive_after(alive, done, n)), n))
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
                    peak, after = (
                        max(most, self.during(alive, done, row)),
                        done | 1 << row,
                    )
                    if after not in following or peak < following[after][0]:
                        following[after] = (peak, [*order, row], self.alive_after(alive, done, row))
            states = following
        return next(iter(states.values()))[1]
