"""What a run of rows moves as one group in a given room: the best strips and what stays."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np

from costmodel.core.tiling.fusion.flow import Held
from costmodel.core.tiling.fusion.group import Group
from costmodel.core.tiling.fusion.strips import Run, RunTable

FINEST = 1 << 22
"""Units that the weights of a run are measured in at most, to find which of them stay.

Where their sizes have a large common divisor, as those of layers have, nothing is rounded; else
each is rounded up.
"""


def best_group(table: RunTable, run: Run, room: int, below: int) -> Group | None:
    """The group of a run that moves least in `room` [bit]; None where all move `below` [B] or more.

    A strip is as high as any ceil(lines / j). For each height the lines that are held, one sum and
    one filter of the largest streamed weights take their room, and what is left keeps weights.
    """
    flow, least = table.flow, run.map_bytes + run.parameters // 8
    if least >= below:
        return None
    # what stays only for a while has a second buffer
    buffers = 2 if flow.double else 1
    left = room - buffers * (run.lines + flow.sum_bits)
    passes = run.strips * flow.samples
    # what is streamed at least, whatever stays
    streamed = np.maximum(run.parameters - left, 0) // 8
    bound = np.where(left < 0, below, least + (passes - 1) * streamed)
    weights = flow.weights(run.begin, run.end)
    best: Group | None = None
    for at in np.argsort(bound, kind="stable")[: np.count_nonzero(bound < below)].tolist():
        if int(bound[at]) >= below:
            break
        group = _in_strips(run, at, weights, room, int(left[at]), int(passes[at]), buffers)
        if group and group.moved < below:
            best, below = group, group.moved
    if best and best.moved == least:
        return best
    return _row_by_row(table, run, weights, room, buffers) or best


def _in_strips(
    run: Run, at: int, weights: Held, room: int, left: int, passes: int, buffers: int
) -> Group | None:
    """The group of one strip height, `left` [bit] being for weights; None where no filter fits."""
    kept = kept_weights(weights, left, buffers)
    if kept is None:
        return None
    again = [item for item in weights if item[0] not in kept]
    bits = sum(size for _, size, _ in again)
    moved = run.map_bytes + run.parameters // 8 + (passes - 1) * bits // 8
    unused = left - (run.parameters - bits) - buffers * max((one for *_, one in again), default=0)
    return Group(run.begin, run.end, int(run.heights[at]), passes, kept, moved, room - unused)


def _row_by_row(table: RunTable, run: Run, weights: Held, room: int, buffers: int) -> Group | None:
    """The group that makes each line when it is needed; None where it needs more than `room`."""
    flow = table.flow
    if buffers * (run.fewest + flow.sum_bits) + run.parameters > room:
        return None
    taken = buffers * (table.row_by_row(run.begin, run.end) + flow.sum_bits) + run.parameters
    if taken > room:
        return None
    moved = run.map_bytes + run.parameters // 8
    rows = frozenset(row for row, _, _ in weights)
    return Group(run.begin, run.end, 0, flow.samples, rows, moved, taken)


@lru_cache(maxsize=1 << 14)
def kept_weights(items: Held, room: int, buffers: int = 1) -> frozenset[int] | None:
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
