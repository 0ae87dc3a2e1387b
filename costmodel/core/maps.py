"""The feature maps of a network as tensors: which rows touch them, and when they live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from costmodel.core.network import Key, Network, Row, Tap, Taps
from costmodel.core.part import OUTSIDE, Source
from costmodel.language.dtypes import size_of

COLUMNS = (
    *("in_bytes", "out_bytes", "tensor_bytes", "first", "last"),
    *("in_ptr", "in_tensor", "in_moved", "out_ptr", "out_tensor"),
)
"""The fields of a `Workload` that are noted row by row."""


class Maps:
    """Collects the tensors of a network, for `samples` per run and `bits` per element.

    A view hands the tensors of its inputs on and touches nothing; a joint view stands for several.
    """

    def __init__(self, network: Network, samples: int, bits: int) -> None:
        self.network, self.samples, self.bits = network, samples, bits
        self.behind: dict[Key, tuple[int, ...]] = {}
        """The tensors behind each map."""
        self.columns: dict[str, list[int]] = {name: [] for name in COLUMNS}
        self.states: dict[Key, int] = {}
        """Elements per sample of states, and of views of them."""
        self.state_read = [0] * len(network.rows)
        """Elements of states that each row reads, per sample."""
        for tap in network.inputs:
            if tap.state:
                self.behind[tap.key], self.states[tap.key] = (), prod(tap.shape)
            else:
                self._write([tap], self._sizes([tap]), -1)
        self._close_row()
        for number, row in enumerate(network.rows):
            self._add(number, row)
            self._close_row()

    @property
    def total(self) -> int:
        """Bytes of all tensors together, and of everything that rows move of them [B]."""
        return sum(self.columns["tensor_bytes"]) + sum(self.columns["in_moved"])

    def _size(self, count: int, tap: Tap) -> int:
        """Give the size of `count` elements per sample of a map [B]."""
        return size_of(count * self.samples, tap.bits or self.bits)

    def _sizes(self, taps: Iterable[Tap]) -> list[int]:
        """Give the size of each map [B]."""
        samples, bits = self.samples, self.bits
        return [size_of(prod(tap.shape) * samples, tap.bits or bits) for tap in taps]

    def _write(self, taps: Sequence[Tap], sizes: list[int], row: int) -> range:
        """Note the tensors of maps that a row writes (-1: inputs of the network)."""
        columns = self.columns
        begin = len(columns["tensor_bytes"])
        columns["tensor_bytes"] += sizes
        columns["first"] += [row] * len(sizes)
        columns["last"] += [row] * len(sizes)
        for tensor, tap in enumerate(taps, begin):
            self.behind[tap.key] = (tensor,)
        return range(begin, begin + len(sizes))

    def _add(self, number: int, row: Row) -> None:
        """Note the maps of one row."""
        columns, taps = self.columns, row.taps
        held = self._read_states(number, row) if self.states else row.inputs
        written = self._sizes(taps)
        columns["in_bytes"].append(sum(self._sizes(held)))
        columns["out_bytes"].append(sum(written))
        behind = [self.behind[tap.key] for tap in row.inputs]
        joint = tuple(chain(*behind))
        for tensor in joint:
            columns["last"][tensor] = number
        if row.view:
            self.behind |= {tap.key: joint for tap in taps}
            return
        if row.looks_up:
            for tap, tensors, count in zip(row.inputs, behind, elements_read(row), strict=True):
                self._read(tensors, None if count is None else self._size(count, tap))
        else:
            self._read(joint, None)
        columns["out_tensor"] += self._write(taps, written, number)

    def _read_states(self, number: int, row: Row) -> Taps:
        """Note what a row reads of states, and give its other inputs."""
        read = sum(self.states.get(tap.key, 0) for tap in row.inputs)
        if row.view and read:
            self.states |= {tap.key: read for tap in row.taps}
        elif read:
            self.state_read[number] = read
        return tuple(tap for tap in row.inputs if tap.key not in self.states)

    def _read(self, tensors: tuple[int, ...], moved: int | None) -> None:
        """Note that a row reads `moved` bytes (None: all) of the map that lies in `tensors`."""
        every = self.columns["tensor_bytes"]
        sizes = [every[tensor] for tensor in tensors]
        if moved is not None and (whole := sum(sizes)):
            # each tensor's part, rounded up
            sizes = [min(-(-moved * size // whole), size) for size in sizes]
        self.columns["in_tensor"] += tensors
        self.columns["in_moved"] += sizes

    def _close_row(self) -> None:
        """Note where the maps of the next row begin."""
        columns = self.columns
        columns["in_ptr"].append(len(columns["in_tensor"]))
        columns["out_ptr"].append(len(columns["out_tensor"]))

    def overwritten(self) -> list[int]:
        """Find for each tensor the first input of its row that it may overwrite; -1 for none."""
        sizes, last = self.columns["tensor_bytes"], self.columns["last"]
        reused, kept = [-1] * len(sizes), set(self.kept())
        for number, row in enumerate(self.network.rows):
            if row.view or not row.overwrites:
                continue
            (written,) = self._touched("out", number)
            dying = (
                tensor
                for tensor in self._touched("in", number)
                if last[tensor] == number and tensor not in kept and sizes[tensor] == sizes[written]
            )
            reused[written] = next(dying, -1)
        return reused

    def _touched(self, side: str, row: int) -> list[int]:
        """Give the tensors that a row reads ("in") or writes ("out")."""
        begin, end = self.columns[f"{side}_ptr"][row : row + 2]
        return self.columns[f"{side}_tensor"][begin:end]

    def kept(self) -> list[int]:
        """Give the tensors that are the network's outputs."""
        return [tensor for tap in self.network.outputs for tensor in self.behind[tap.key]]

    def arrays(self) -> dict[str, Any]:
        """Give the fields of a `Workload` that are about maps."""
        columns = self.columns | {"reuses": self.overwritten()}
        arrays = {name: np.array(column, dtype=np.int64) for name, column in columns.items()}
        kept = np.zeros(len(columns["first"]), dtype=bool)
        kept[self.kept()] = True
        return arrays | {"kept": kept}


def elements_read(row: Row) -> list[int | None]:
    """Count how many elements a row reads of each input; None: all of them.

    Where several parts read an input, the one that looks up most of it says.
    """
    counts: list[int | None] = [None] * len(row.inputs)
    for place in range(len(counts)) if row.looks_up else ():
        readers = list(row.readers(Source(OUTSIDE, place)))
        if readers and all(part.layer.looks_up for part, _ in readers):
            counts[place] = max(
                part.layer.elements_read(part.inputs, part.outputs)[operand]
                for part, operand in readers
            )
    return counts
