"""Which lines of each map a strip needs, and how many are held: by strips, and row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

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
    first = np.clip(begin * sweep.stride - sweep.before, 0, lines)
    span = sweep.dilation * (sweep.taps - 1) + 1
    last = np.clip((end - 1) * sweep.stride + span - sweep.before, 0, lines)
    return first, np.maximum(last, first)


@lru_cache(maxsize=4096)
def narrowest(sweep: Sweep) -> int:
    """The fewest lines of an input that any line of the output meets."""
    begin = np.arange(sweep.outputs)
    first, last = needed(sweep, begin, begin + 1)
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
        self.held[tensor] = np.maximum.reduceat(last - first, self.starts) * line


def runs(flow: Flow, end: int) -> Iterator[Run]:
    """Every run of two rows or more that ends with row `end` and may be a group, shortest first."""
    final = flow.stages[end]
    if final is None:
        return
    heights = strip_heights(final.lines)
    strips = -(-final.lines // heights)
    demand = _Demand(heights, strips, final.lines)
    fewest: dict[int, int] = {}
    moving = {final.tensor: int(flow.map_bytes[final.tensor])}
    line_of: dict[int, int] = {}
    for begin in range(end, -1, -1):
        stage = flow.stages[begin]
        if stage is None or (begin < end and stage.tensor not in demand.of):
            return
        asked = demand.whole
        if begin < end:
            moving.pop(stage.tensor)
            if flow.leaves(stage.tensor, end):
                demand.complete(stage.tensor, stage.lines, line_of[stage.tensor])
                moving[stage.tensor] = int(flow.map_bytes[stage.tensor])
            asked = demand.of[stage.tensor]
        for reading in stage.readings:
            demand.add(reading, *asked)
            line_of[reading.tensor] = reading.line
            moving[reading.tensor] = int(flow.map_bytes[reading.tensor])
            narrow = narrowest(reading.sweep) * reading.line
            fewest[reading.tensor] = max(fewest.get(reading.tensor, 0), narrow)
        if begin < end:
            lines = np.sum(list(demand.held.values()), axis=0)
            least = sum(fewest.values())
            yield Run(begin, end, heights, strips, lines, least, sum(moving.values()))


def held_row_by_row(flow: Flow, begin: int, end: int) -> dict[int, int]:
    """The most lines that each map holds where a line is made when first needed.

    It is dropped when nobody in the run needs it any more. Lines that nobody needs are not made,
    unless the map is needed outside.
    """
    stages = {row: stage for row in range(begin, end + 1) if (stage := flow.stages[row])}
    made = _Lines(stages, {stage.tensor: row for row, stage in stages.items()}, flow, end)
    for line in range(stages[end].lines):
        made.make(end, line)
    for row, stage in stages.items():
        if row < end and flow.leaves(stage.tensor, end):
            for line in range(stage.lines):
                made.fetch(stage.tensor, line)
    return made.most


class _Lines:
    """The lines of all maps while a run is executed row by row."""

    def __init__(
        self, stages: dict[int, Stage], writers: dict[int, int], flow: Flow, end: int
    ) -> None:
        self.stages, self.writers = stages, writers
        self.uses: dict[int, dict[int, int]] = {}
        """How often each line of a map is still needed; a line that is on chip is in `present`."""
        self.present: dict[int, set[int]] = {}
        self.made: dict[int, set[int]] = {}
        self.most: dict[int, int] = {}
        for row in reversed(stages):
            stage = stages[row]
            whole = row == end or flow.leaves(stage.tensor, end)
            lines = range(stage.lines) if whole else self.uses.get(stage.tensor, {})
            for reading in stage.readings:
                uses = self.uses.setdefault(reading.tensor, {})
                for line in lines:
                    for needs in window(reading.sweep, line):
                        uses[needs] = uses.get(needs, 0) + 1
        for tensor in self.uses:
            self.present[tensor], self.made[tensor], self.most[tensor] = set(), set(), 0

    def fetch(self, tensor: int, line: int) -> None:
        """Have a line of a map made or read, unless it was."""
        if line in self.made[tensor]:
            return
        if tensor in self.writers:
            self.make(self.writers[tensor], line)
        self.made[tensor].add(line)
        if self.uses[tensor].get(line):
            self.present[tensor].add(line)
            self.most[tensor] = max(self.most[tensor], len(self.present[tensor]))

    def make(self, row: int, line: int) -> None:
        """Make one line of a row's output from the lines it needs, and drop what is done with."""
        readings = self.stages[row].readings
        for reading in readings:
            for needs in window(reading.sweep, line):
                self.fetch(reading.tensor, needs)
        for reading in readings:
            uses = self.uses[reading.tensor]
            for needs in window(reading.sweep, line):
                uses[needs] -= 1
                if not uses[needs]:
                    self.present[reading.tensor].discard(needs)


def window(sweep: Sweep, line: int) -> range:
    """The lines of an input from the first to the last that one line of the output meets."""
    begin = line * sweep.stride - sweep.before
    span = sweep.dilation * (sweep.taps - 1) + 1
    return range(max(begin, 0), min(begin + span, sweep.inputs or sweep.outputs))


class RunTable:
    """The runs of a flow that may be groups, worked out as far as they are asked for."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
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
