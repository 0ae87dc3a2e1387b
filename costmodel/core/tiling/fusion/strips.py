"""Which lines of each map a strip needs, and how many are held: by strips, and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np

from costmodel.core.tiling.fusion.flow import Flow, Reading, Stage
from costmodel.core.tiling.nest import Sweep
from costmodel.core.tiling.windows import Ints


@dataclass(frozen=True, eq=False)
class Run:
    """Consecutive rows that may run depth first, and what their maps take for each strip height."""

    begin: int
    end: int
    """Its last row, included."""
    heights: Ints
    """(H,) Lines of a strip of the last map."""
    strips: Ints
    """(H,) How many strips there are."""
    lines: Ints
    """(H,) Bits of the lines that all maps hold that a row of the run reads."""
    fewest: int
    """Bits that these lines take row by row are at least these."""
    map_bytes: int
    """Maps that come in or go out, once each [B]."""
    parameters: int
    """What its rows hold besides maps [bit]."""


def strip_heights(lines: int) -> Ints:
    """The distinct heights ceil(lines / j) of equal strips, the tallest first.

    >>> strip_heights(7).tolist()
    [7, 4, 3, 2, 1]
    """
    heights, count = [lines], 2
    while heights[-1] > 1:
        height = -(-lines // count)
        if height < heights[-1]:
            heights.append(height)
        # the fewest strips that are lower than these
        count = max(count + 1, -(-lines // (height - 1)) if height > 1 else count)
    return np.array(heights, dtype=np.int64)


def needed(sweep: Sweep, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """The lines of an input [from, to) that the lines [begin, end) of an output meet.

    >>> conv = Sweep(outputs=8, taps=3, before=1)
    >>> [ends.tolist() for ends in needed(conv, np.array([0, 4]), np.array([4, 8]))]
    [[0, 3], [5, 8]]
    """
    lines = sweep.inputs or sweep.outputs
    # numpy's own clip takes five times as long
    first = np.minimum(np.maximum(begin * sweep.stride - sweep.before, 0), lines)
    span = sweep.dilation * (sweep.taps - 1) + 1
    last = np.minimum((end - 1) * sweep.stride + span - sweep.before, lines)
    return first, np.maximum(last, first)


@lru_cache(maxsize=4096)
def narrowest(sweep: Sweep) -> int:
    """The fewest lines of an input that any line of the output meets."""
    first, last = needed(sweep, *_each(sweep.outputs))
    return int((last - first).min())


class _Demand:
    """The lines that the strips of every height ask of each map, from the last row upwards."""

    def __init__(self, heights: Ints, strips: Ints, lines: int) -> None:
        self.starts = np.concatenate([[0], np.cumsum(strips)[:-1]])
        begins = [np.arange(0, lines, height) for height in heights]
        ends = [
            np.minimum(begin + height, lines) for begin, height in zip(begins, heights, strict=True)
        ]
        self.whole = np.concatenate(begins), np.concatenate(ends)
        self.of: dict[int, tuple[Ints, Ints]] = {}
        self.held: dict[int, Ints] = {}
        """Bits of the lines that each map holds, by height."""
        self.lines: Ints = np.zeros(len(heights), dtype=np.int64)
        """Of all maps together."""

    def add(self, reading: Reading, begin: Ints, end: Ints) -> None:
        """Let a stage ask for what its own lines [begin, end) need."""
        first, last = needed(reading.sweep, begin, end)
        if reading.tensor in self.of:
            known = self.of[reading.tensor]
            first, last = np.minimum(first, known[0]), np.maximum(last, known[1])
        self._set(reading.tensor, first, last, reading.line)

    def complete(self, tensor: int, lines: int, line: int) -> None:
        """Let a map that is needed outside be made whole: no line between strips is left out."""
        first, last = (side.copy() for side in self.of[tensor])
        ends = np.append(self.starts[1:], len(last)) - 1
        last[ends] = lines
        before = np.concatenate([[0], last[:-1]])
        before[self.starts] = 0
        self._set(tensor, np.minimum(first, before), last, line)

    def _set(self, tensor: int, first: Ints, last: Ints, line: int) -> None:
        self.of[tensor] = first, last
        held = np.maximum.reduceat(last - first, self.starts) * line
        # a new array each time: runs keep theirs
        self.lines = self.lines + held - self.held.get(tensor, 0)
        self.held[tensor] = held


def runs(flow: Flow, end: int) -> Iterator[Run]:
    """Every run of two rows or more that ends with row `end` and may be a group, shortest first."""
    final = flow.stages[end]
    if final is None:
        return
    heights = strip_heights(final.lines)
    strips = -(-final.lines // heights)
    demand = _Demand(heights, strips, final.lines)
    least, parameters, map_bytes = 0, 0, int(flow.map_bytes[final.tensor])
    fewest: dict[int, int] = {}
    line_of: dict[int, int] = {}
    for begin in range(end, -1, -1):
        stage = flow.stages[begin]
        if stage is None or (begin < end and stage.tensor not in demand.of):
            return
        asked = demand.whole
        if begin < end:
            if flow.leaves(stage.tensor, end):
                demand.complete(stage.tensor, stage.lines, line_of[stage.tensor])
            else:
                map_bytes -= int(flow.map_bytes[stage.tensor])
            asked = demand.of[stage.tensor]
        parameters += stage.parameters
        for reading in stage.readings:
            tensor = reading.tensor
            demand.add(reading, *asked)
            if tensor not in line_of:
                line_of[tensor] = reading.line
                map_bytes += int(flow.map_bytes[tensor])
            before = fewest.get(tensor, 0)
            fewest[tensor] = max(before, narrowest(reading.sweep) * reading.line)
            least += fewest[tensor] - before
        if begin < end:
            yield Run(begin, end, heights, strips, demand.lines, least, map_bytes, parameters)


def held_row_by_row(flow: Flow, begin: int, end: int) -> dict[int, int]:
    """The most lines that each map holds where a line is made when first needed.

    It is dropped when nobody in the run needs it any more. Lines that nobody needs are not made,
    unless the map is needed outside.
    """
    stages = {row: stage for row in range(begin, end + 1) if (stage := flow.stages[row])}
    outside = [row for row, one in stages.items() if row < end and flow.leaves(one.tensor, end)]
    lines = _Lines(stages, [end, *outside])
    for row in (end, *outside):
        for line in range(stages[row].lines):
            lines.have(row, line)
    return lines.most


class _Lines:
    """The lines of all maps while a run is executed, the rows `whole` making every line."""

    def __init__(self, stages: dict[int, Stage], whole: Sequence[int]) -> None:
        self.writers = {stage.tensor: row for row, stage in stages.items()}
        self.tensors = {row: stage.tensor for row, stage in stages.items()}
        self.windows: dict[int, list[tuple[int, list[int], list[int]]]] = {}
        """Of each row the maps it reads, and where the window of each of its lines begins, ends."""
        uses: dict[int, Ints] = {}
        for row in reversed(stages):
            stage = stages[row]
            wanted = np.full(stage.lines, row in whole)
            wanted |= uses.get(stage.tensor, np.zeros(stage.lines, dtype=np.int64)) > 0
            own = self.windows[row] = []
            for reading in stage.readings:
                first, last = needed(reading.sweep, *_each(stage.lines))
                change = np.zeros(
                    (reading.sweep.inputs or reading.sweep.outputs) + 1, dtype=np.int64
                )
                np.add.at(change, first[wanted], 1)
                np.subtract.at(change, last[wanted], 1)
                uses[reading.tensor] = uses.get(reading.tensor, 0) + np.cumsum(change[:-1])
                own.append((reading.tensor, first.tolist(), last.tolist()))
        self.uses = {tensor: counts.tolist() for tensor, counts in uses.items()}
        """How often each line is still needed."""
        made = uses.keys() | self.writers.keys()
        self.made: dict[int, set[int]] = {tensor: set() for tensor in made}
        self.present = dict.fromkeys(uses, 0)
        """How many lines of each map are on chip."""
        self.most = dict.fromkeys(uses, 0)

    def have(self, row: int, line: int) -> None:
        """Make a line of a row's map, and all that it takes, unless it is there or has been."""
        if line in self.made[self.tensors[row]]:
            return
        # as many calls deep as there are rows, which Python would not allow
        waiting = [self._making(row, line)]
        while waiting:
            wanted = next(waiting[-1], None)
            if wanted is None:
                waiting.pop()
            else:
                waiting.append(self._making(*wanted))

    def _making(self, row: int, line: int) -> Iterator[tuple[int, int]]:
        """Make one line and drop what is done with; yields the rows and lines to make before."""
        for tensor, first, last in self.windows[row]:
            made = self.made[tensor]
            for needs in range(first[line], last[line]):
                if needs in made:
                    continue
                if tensor in self.writers:
                    yield self.writers[tensor], needs
                else:
                    self._arrives(tensor, needs)
        for tensor, first, last in self.windows[row]:
            uses = self.uses[tensor]
            for needs in range(first[line], last[line]):
                uses[needs] -= 1
                if not uses[needs]:
                    self.present[tensor] -= 1
        self._arrives(self.tensors[row], line)

    def _arrives(self, tensor: int, line: int) -> None:
        """Note that a line is made, and on chip if anybody of the run needs it."""
        self.made[tensor].add(line)
        if tensor in self.uses and self.uses[tensor][line]:
            self.present[tensor] += 1
            self.most[tensor] = max(self.most[tensor], self.present[tensor])


def _each(lines: int) -> tuple[Ints, Ints]:
    """Every line as a strip of its own: where each begins and ends."""
    begin = np.arange(lines)
    return begin, begin + 1


class RunTable:
    """The runs of a flow that may be groups, worked out as far as they are asked for."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.lock = flow, Lock()
        self._runs: dict[int, tuple[list[Run], Iterator[Run]]] = {}
        self._row_by_row: dict[tuple[int, int], int] = {}

    def ending(self, end: int) -> Iterator[Run]:
        """Every run that ends with row `end`, shortest first."""
        known, more = self._runs.setdefault(end, ([], runs(self.flow, end)))
        yield from known
        for run in more:
            known.append(run)
            yield run

    def row_by_row(self, begin: int, end: int) -> int:
        """Bits of the lines that a run holds where each is made when first needed."""
        if (begin, end) not in self._row_by_row:
            held = held_row_by_row(self.flow, begin, end)
            stages = [stage for stage in self.flow.stages[begin : end + 1] if stage]
            line = {one.tensor: one.line for stage in stages for one in stage.readings}
            bits = sum(count * line[tensor] for tensor, count in held.items())
            self._row_by_row[begin, end] = bits
        return self._row_by_row[begin, end]
