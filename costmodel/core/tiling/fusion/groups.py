"""What a run of rows moves as one group in a given room: the best strips and what stays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd

from costmodel.core.tiling.fusion.flow import Flow
from costmodel.core.tiling.fusion.strips import Run, RunTable

FINEST = 1 << 22
"""Units that the weights of a run are measured in at most, to find which of them stay.

Where their sizes have a large common divisor, as those of layers have, nothing is rounded; else
each is rounded up.
"""


@dataclass(frozen=True)
class Group:
    """A run of rows as it is executed."""

    begin: int
    end: int
    height: int
    """Lines of a strip of the last map; 0: row by row."""
    passes: int
    """How often streamed weights are read: once for each strip of each sample."""
    kept: frozenset[int]
    """The rows whose weights stay."""
    moved: int
    """Everything that crosses the bus [B]."""
    room: int
    """What it takes on chip [bit]."""


class Weights:
    """What the rows of a run hold besides maps."""

    def __init__(self, flow: Flow, run: Run) -> None:
        rows = range(run.begin, run.end + 1)
        held = ((row, stage) for row in rows if (stage := flow.stages[row]) and stage.parameters)
        self.items = tuple((row, stage.parameters, stage.filter) for row, stage in held)
        self.total = sum(size for _, size, _ in self.items)
        """[bit]"""

    @property
    def rows(self) -> frozenset[int]:
        """The rows that hold any."""
        return frozenset(row for row, _, _ in self.items)


def best_group(table: RunTable, run: Run, room: int, below: int) -> Group | None:
    """The group of a run that moves least in `room` [bit]; None where all move `below` [B] or more.

    A strip is as high as any ceil(lines / j). For each height the lines that are held, one sum and
    one filter of the largest streamed weights take their room, and what is left keeps weights.
    """
    flow, weights = table.flow, Weights(table.flow, run)
    least = run.map_bytes + weights.total // 8
    if least >= below:
        return None
    # what stays only for a while has a second buffer
    buffers = 2 if flow.double else 1
    best: Group | None = None
    for height, strips, lines in zip(run.heights, run.strips, run.lines, strict=True):
        fixed = buffers * (int(lines) + flow.sum_bits)
        left, passes = room - fixed, int(strips) * flow.samples
        if left < 0:
            continue
        # nothing that stays could bring it below
        streamed = max(weights.total - left, 0) // 8
        if least + (passes - 1) * streamed >= below:
            continue
        kept = kept_weights(weights.items, left, buffers)
        if kept is None:
            continue
        again = [item for item in weights.items if item[0] not in kept]
        moved = least + (passes - 1) * sum(size for _, size, _ in again) // 8
        if moved < below:
            stay = sum(size for row, size, _ in weights.items if row in kept)
            pass_by = buffers * max((part for _, _, part in again), default=0)
            taken = fixed + stay + pass_by
            best = Group(run.begin, run.end, int(height), passes, kept, moved, taken)
            below = moved
        if moved == least:
            return best
    return _row_by_row(table, run, weights, room, buffers) or best


def _row_by_row(
    table: RunTable, run: Run, weights: Weights, room: int, buffers: int
) -> Group | None:
    """The group that makes each line when it is needed; None where it needs more than `room`."""
    flow = table.flow
    if buffers * (run.fewest + flow.sum_bits) + weights.total > room:
        return None
    taken = buffers * (table.row_by_row(run.begin, run.end) + flow.sum_bits) + weights.total
    if taken > room:
        return None
    moved = run.map_bytes + weights.total // 8
    return Group(run.begin, run.end, 0, flow.samples, weights.rows, moved, taken)


@lru_cache(maxsize=1 << 14)
def kept_weights(
    items: tuple[tuple[int, int, int], ...], room: int, buffers: int = 1
) -> frozenset[int] | None:
    """The rows whose weights stay so that the fewest bits are streamed; None where it cannot be.

    Parameters
    ----------
    items : tuple
        Of each row its number, its weights and one of its filters [bit].
    room : int
        For the weights that stay and one filter of the largest that do not [bit].
    buffers : int
        How many of that filter there are.

    Returns
    -------
    frozenset or None
        Numbers of rows.

    Examples
    --------
    >>> items = ((0, 60, 6), (1, 50, 5), (2, 40, 4))
    >>> sorted(kept_weights(items, 106)), sorted(kept_weights(items, 66)), kept_weights(items, 5)
    ([0, 2], [0], None)

    """
    if sum(size for _, size, _ in items) <= room:
        return frozenset(row for row, _, _ in items)
    best: tuple[int, frozenset[int]] | None = None
    for largest in sorted({part for _, _, part in items}):
        forced = [item for item in items if item[2] > largest]
        free = [item for item in items if item[2] <= largest]
        must = sum(size for _, size, _ in forced)
        left = room - buffers * largest - must
        if left < 0:
            continue
        chosen = _fullest(tuple((row, size) for row, size, _ in free), left)
        total = must + sum(size for row, size, _ in free if row in chosen)
        if best is None or total > best[0]:
            best = total, chosen | {row for row, _, _ in forced}
    return best and best[1]


def _fullest(items: tuple[tuple[int, int], ...], room: int) -> frozenset[int]:
    """The items whose sizes add up to the most that fits: a subset sum over a set of bits."""
    total = sum(size for _, size in items)
    if total <= room:
        return frozenset(row for row, _ in items)
    unit = max(gcd(*(size for _, size in items)), -(-total // FINEST))
    fits = (1 << (room // unit + 1)) - 1
    sums = [1]
    for _, size in items:
        sums.append((sums[-1] | sums[-1] << -(-size // unit)) & fits)
    place, chosen = sums[-1].bit_length() - 1, set()
    for (row, size), before in zip(reversed(items), reversed(sums[:-1]), strict=True):
        if not before >> place & 1:
            chosen.add(row)
            place -= -(-size // unit)
    return frozenset(chosen)
