"""A network as maps whose rows pass from one row of the report to the next.

A map of channels x height x width is cut along its first axis behind the channels. A *line* is one
position along that axis: all channels and all that lies behind it. A row of the report that makes
each line of its output from a window of lines of its inputs is a stage; all others stand alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from costmodel.core.part import HELD, OUTSIDE
from costmodel.core.tiling.fusion.products import ProductRun, product_runs
from costmodel.core.tiling.nest import Sweep
from costmodel.core.tiling.windows import Ints

if TYPE_CHECKING:
    from costmodel.core.maps import Maps
    from costmodel.core.network import Row, Tap

LONGEST = 1 << 14
"""Lines of a map up to which its row is a stage."""


class Reading(NamedTuple):
    """A map that a stage reads, and which of its lines each line of the output needs."""

    tensor: int
    sweep: Sweep
    line: int
    """One line of the map [bit]."""


@dataclass(frozen=True)
class Stage:
    """One row of the report that makes its only output line by line."""

    readings: tuple[Reading, ...]
    tensor: int
    """The map that it writes."""
    lines: int
    """How many lines that has."""
    parameters: int
    """All that it holds besides maps [bit]."""
    filter: int
    """Its parameters for one output channel [bit]."""


Held = tuple[tuple[int, int, int], ...]
"""Of each row that holds weights its number, all of them, and those of one filter [bit]."""


@dataclass(frozen=True, eq=False)
class Flow:
    """The rows of a network as stages, in execution order."""

    stages: tuple[Stage | None, ...]
    """(R,) None: the row stands alone."""
    map_bytes: Ints
    """(T,) Bytes of each map."""
    last: Ints
    """(T,) The last row that reads each map; R for outputs of the network."""
    samples: int
    """Of a run: they pass one after the other."""
    sum_bits: int
    """Of a partial sum."""
    double: bool = False
    """True: what stays on chip only for a while has a second buffer."""
    products: tuple[ProductRun, ...] = ()
    """Runs of rows that are two products with a hidden map between them."""

    @cached_property
    def key(self) -> Hashable:
        """Equal for flows of equal content."""
        arrays = (self.map_bytes.tobytes(), self.last.tobytes())
        return self.stages, *arrays, self.samples, self.sum_bits, self.double, self.products

    @cached_property
    def _held(self) -> tuple[Held, list[int]]:
        """What all rows hold, and how many that hold any stand before each row."""
        numbered = [(row, stage) for row, stage in enumerate(self.stages) if stage]
        held = tuple((row, one.parameters, one.filter) for row, one in numbered if one.parameters)
        rows = [row for row, *_ in held]
        return held, np.searchsorted(rows, np.arange(len(self.stages) + 1)).tolist()

    def weights(self, begin: int, end: int) -> Held:
        """What the rows from `begin` to `end`, included, hold besides maps."""
        held, before = self._held
        return held[before[begin] : before[end + 1]]

    def leaves(self, tensor: int, end: int) -> bool:
        """True for a map that somebody needs behind row `end`."""
        return bool(self.last[tensor] > end)


def flow_of(
    maps: Maps, samples: int, sum_bits: int, param_bytes: Sequence[int], *, double: bool
) -> Flow:
    """The flow of the network behind `maps`.

    Parameters
    ----------
    maps : Maps
        The tensors of its R rows.
    samples : int
        Samples of a run [count].
    sum_bits : int
        Width of a partial sum [bit].
    param_bytes : sequence of int
        What each row reads of parameters, (R,) [B].
    double : bool
        True: the machine has second buffers.

    Returns
    -------
    Flow
        A stage for each row that is one.

    """
    rows, columns = maps.network.rows, maps.columns
    own = [tap for row in rows if not row.view for tap in row.taps]
    direct = {tap.key: tap for tap in (*maps.network.inputs, *own)}
    last = np.array(columns["last"], dtype=np.int64)
    last[maps.kept()] = len(rows)
    stages = (
        _stage(row, maps, direct, 8 * held) for row, held in zip(rows, param_bytes, strict=True)
    )
    sizes = np.array(columns["tensor_bytes"], dtype=np.int64)
    products = product_runs(maps, samples, sum_bits, param_bytes, last.tolist())
    return Flow(tuple(stages), sizes, last, samples, sum_bits, double, products)


def _stage(row: Row, maps: Maps, direct: dict[tuple[str, int], Tap], held: int) -> Stage | None:
    """A row as a stage; None where it is none."""
    unlike = row.view or row.looks_up or row.appends or row.pieces or len(row.outputs) != 1
    if unlike or any(part.layer.scratch(part.inputs) for part in row.parts):
        return None
    windows = _windows(row)
    if windows is None:
        return None
    readings = []
    for port, sweep in windows:
        tap = row.inputs[port]
        source = direct.get(tap.key)
        if source is None or source.shape != tap.shape or tap.pieces or tap.state:
            return None
        (tensor,) = maps.behind[tap.key]
        line = prod(tap.shape) // tap.shape[1] * (tap.bits or maps.bits)
        readings.append(Reading(tensor, sweep, line))
    shape = row.outputs[0]
    (written,) = maps.behind[row.taps[0].key]
    return Stage(tuple(readings), written, shape[1], held, ceil(held / shape[0]))


def _windows(row: Row) -> list[tuple[int, Sweep]] | None:
    """The inputs of a row and how their lines meet those of its output; None for no stage.

    One part may slide a window. What is computed ahead of it, element by element, is computed as
    lines come in; what is read behind it meets the output line by line.
    """
    last = len(row.parts) - 1
    wanted: dict[int, set[Sweep]] = {last: {Sweep(size) for size in row.outputs[0][1:2]}}
    windows: list[tuple[int, Sweep]] = []
    for number in range(last, -1, -1):
        part, seen = row.parts[number], wanted.get(number)
        own = part.layer.line_sweep(part.inputs, part.outputs)
        if not seen or own is None or own.spread != 1 or own.outputs > LONGEST:
            return None
        if not own.plain:
            if any(not sweep.plain for sweep in seen):
                return None
            seen = {own}
        for source, shape in zip(part.reads, part.inputs, strict=True):
            if source == HELD:
                continue
            if source.part == OUTSIDE:
                if row.inputs[source.port].shape != shape:
                    return None
                windows += [(source.port, sweep) for sweep in seen]
            else:
                wanted.setdefault(source.part, set()).update(seen)
    return windows
