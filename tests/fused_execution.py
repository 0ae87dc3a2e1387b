"""Groups of rows at work, line by line: what is read, made and dropped, and what that holds.

`python tests/fused_execution.py 300` executes the groups of 300 networks drawn at random.
"""

from __future__ import annotations

import random
import sys

from fused_nets import machine
from fused_walk import SUM, Drawn, draw

import costmodel as cm
from costmodel.models.traffic.fused import PlacedGroups


class Execution:
    """A group at work: lines are read, made once each, and dropped when nobody needs them."""

    def __init__(self, net: Drawn, begin: int, end: int) -> None:
        self.net, self.rows = net, range(begin, end + 1)
        self.made: dict[int, set[int]] = {tensor: set() for tensor in range(len(net.sizes))}
        self.present: dict[int, set[int]] = {tensor: set() for tensor in range(len(net.sizes))}
        self.most = dict.fromkeys(range(len(net.sizes)), 0)
        self.asked: dict[int, set[int]] = {tensor: set() for tensor in range(len(net.sizes))}
        """The lines of each map that the last one and those that leave follow from."""
        for row in reversed(self.rows):
            for tensor in net.ops[row].reads:
                for line in self.wanted(row):
                    self.asked[tensor] |= {*net.needed(net.ops[row], tensor, line)}

    def wanted(self, row: int) -> set[int]:
        """The lines that a row makes."""
        whole = row == self.rows[-1] or self.net.outside(row + 1, self.rows[-1])
        return {*range(self.net.sizes[row + 1][1])} if whole else self.asked[row + 1]

    def make(self, row: int, line: int) -> None:
        """One line from lines that are there."""
        assert line not in self.made[row + 1]
        for tensor in self.net.ops[row].reads:
            assert {*self.net.needed(self.net.ops[row], tensor, line)} <= self.present[tensor]
        self._come(row + 1, line)

    def read(self, tensor: int, line: int) -> None:
        """One line from outside."""
        assert line not in self.made[tensor]
        self._come(tensor, line)

    def _come(self, tensor: int, line: int) -> None:
        self.made[tensor].add(line)
        if line in self.asked[tensor]:
            self.present[tensor].add(line)
            self.most[tensor] = max(self.most[tensor], len(self.present[tensor]))

    def drop(self, upto: dict[int, int]) -> None:
        """Forget lines that no line from `upto` of each row on needs."""
        for tensor, lines in self.present.items():
            needed = {
                needs
                for row in self.rows
                if tensor in self.net.ops[row].reads
                for line in self.wanted(row)
                if line >= upto[row]
                for needs in self.net.needed(self.net.ops[row], tensor, line)
            }
            lines &= needed

    def strips(self, height: int) -> None:
        """Run strip after strip, each row making what this strip needs of it."""
        net, (begin, end) = self.net, (self.rows[0], self.rows[-1])
        done = dict.fromkeys(range(len(net.sizes)), 0)
        for start in range(0, net.sizes[end + 1][1], height):
            upto = {end + 1: min(start + height, net.sizes[end + 1][1])}
            last = upto[end + 1] == net.sizes[end + 1][1]
            for row in range(end, begin - 1, -1):
                if last and net.outside(row + 1, end):
                    upto[row + 1] = net.sizes[row + 1][1]
                mine = upto.get(row + 1, 0)
                for tensor in net.ops[row].reads:
                    needs = net.needed(net.ops[row], tensor, mine - 1).stop if mine else 0
                    upto[tensor] = max(upto.get(tensor, 0), needs)
            self._strip(done, upto)
            done |= {tensor: max(done[tensor], to) for tensor, to in upto.items()}
            self.drop({row: done[row + 1] for row in self.rows})

    def _strip(self, done: dict[int, int], upto: dict[int, int]) -> None:
        outside = {t for row in self.rows for t in self.net.ops[row].reads} - {
            row + 1 for row in self.rows
        }
        for tensor in outside:
            for line in range(done[tensor], upto[tensor]):
                self.read(tensor, line)
        for row in self.rows:
            for line in sorted(self.wanted(row) & {*range(done[row + 1], upto[row + 1])}):
                self.make(row, line)

    def room(self) -> int:
        """Bytes of the lines that were there at most, map by map."""
        line = (channels * width for channels, _, width in self.net.sizes)
        return sum(most * one for most, one in zip(self.most.values(), line, strict=True))


def executed(seed: int) -> int:
    """Run the strips of every group of a network drawn at random; how many groups there were."""
    chance = random.Random(seed)
    net = draw(chance)
    largest = max(map(net.bytes, range(len(net.sizes))))
    run = cm.simulate(net.network, machine(chance.randint(12, 12 + 3 * largest)))
    placed = run.result.placed
    assert isinstance(placed, PlacedGroups)
    in_strips = [group for group in placed.groups[0] if group.height]
    for group in in_strips:
        work = Execution(net, group.begin, group.end)
        work.strips(group.height)
        for row in work.rows:
            if row == group.end or net.outside(row + 1, group.end):
                assert work.made[row + 1] == {*range(net.sizes[row + 1][1])}
        rows = [row for row in work.rows if net.ops[row].weights]
        kept = sum(net.ops[row].weights for row in rows if row in group.kept)
        one = max((net.ops[row].filter for row in rows if row not in group.kept), default=0)
        assert 8 * (work.room() + kept + one + SUM) <= group.room <= 8 * run.machine.memory
    return len(in_strips)


if __name__ == "__main__":
    print(f"{sum(map(executed, range(int(sys.argv[1]))))} groups executed in strips")
