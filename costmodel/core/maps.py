"""The feature maps of a network as tensors: which rows touch them, and when they live."""

from __future__ import annotations

from itertools import repeat
from math import prod
from typing import Any

import numpy as np

from costmodel.core.network import Key, Network, Row, Tap
from costmodel.core.part import OUTSIDE, Source
from costmodel.language.dtypes import size_of


class Maps:
    """Collects the tensors of a network, for `samples` per run and `bits` per element.

    A view hands the tensors of its inputs on and touches nothing; a joint view stands for several.
    """

    def __init__(self, network: Network, samples: int, bits: int) -> None:
        self.network, self.samples, self.bits = network, samples, bits
        self.behind: dict[Key, tuple[int, ...]] = {}
        """The tensors behind each map."""
        self.sizes: list[int] = []
        self.first: list[int] = []
        self.last: list[int] = []
        self.in_bytes: list[int] = []
        self.out_bytes: list[int] = []
        self.in_ptr, self.out_ptr = [0], [0]
        self.in_tensor: list[int] = []
        self.in_moved: list[int] = []
        self.out_tensor: list[int] = []
        self.states: dict[Key, int] = {}
        """Elements per sample of states, and of views of them."""
        self.state_read = [0] * len(network.rows)
        """Elements of states that each row reads, per sample."""
        for tap in network.inputs:
            if tap.state:
                self.behind[tap.key], self.states[tap.key] = (), prod(tap.shape)
            else:
                self._new(tap, -1, self.bytes(tap))
        for number, row in enumerate(network.rows):
            self._add(number, row)

    @property
    def total(self) -> int:
        """Bytes of all tensors together, and of everything that rows move of them [B]."""
        return sum(self.sizes) + sum(self.in_moved)

    def bytes(self, tap: Tap) -> int:
        """The size of a map [B]."""
        return self._size(prod(tap.shape), tap)

    def _size(self, count: int, tap: Tap) -> int:
        """The size of `count` elements per sample of a map [B]."""
        return size_of(count * self.samples, tap.bits or self.bits)

    def _new(self, tap: Tap, row: int, size: int) -> int:
        number = len(self.sizes)
        self.behind[tap.key] = (number,)
        self.sizes.append(size)
        self.first.append(row)
        self.last.append(row)
        return number

    def _add(self, number: int, row: Row) -> None:
        """Note one row's maps."""
        held = [tap for tap in row.inputs if tap.key not in self.states]
        read = sum(self.states.get(tap.key, 0) for tap in row.inputs)
        if row.view and read:
            self.states |= {tap.key: read for tap in row.taps}
        elif read:
            self.state_read[number] = read
        self.in_bytes.append(sum(map(self.bytes, held)))
        written = [self.bytes(tap) for tap in row.taps]
        self.out_bytes.append(sum(written))
        behind = [self.behind[tap.key] for tap in row.inputs]
        for tensors in behind:
            for tensor in tensors:
                self.last[tensor] = number
        if row.view:
            joint = tuple(tensor for tensors in behind for tensor in tensors)
            self.behind |= {tap.key: joint for tap in row.taps}
        else:
            for tap, tensors, count in zip(row.inputs, behind, elements_read(row), strict=True):
                self._read(tensors, None if count is None else self._size(count, tap))
            self.out_tensor.extend(map(self._new, row.taps, repeat(number), written))
        self.in_ptr.append(len(self.in_tensor))
        self.out_ptr.append(len(self.out_tensor))

    def _read(self, tensors: tuple[int, ...], moved: int | None) -> None:
        """Note that a row reads `moved` bytes (None: all) of the map that lies in `tensors`."""
        whole = sum(self.sizes[tensor] for tensor in tensors)
        for tensor in tensors:
            size = self.sizes[tensor]
            part = size if moved is None or not whole else -(-moved * size // whole)
            self.in_tensor.append(tensor)
            self.in_moved.append(min(part, size))

    def overwritten(self) -> list[int]:
        """For each tensor the first input of its row that it may overwrite; -1 for none."""
        reused, kept = [-1] * len(self.sizes), set(self.kept())
        for number, row in enumerate(self.network.rows):
            if row.view or not row.overwrites:
                continue
            (written,) = self.out_tensor[self.out_ptr[number] : self.out_ptr[number + 1]]
            for tensor in self.in_tensor[self.in_ptr[number] : self.in_ptr[number + 1]]:
                dies = self.last[tensor] == number and tensor not in kept
                if dies and self.sizes[tensor] == self.sizes[written]:
                    reused[written] = tensor
                    break
        return reused

    def kept(self) -> list[int]:
        """The tensors that are the network's outputs."""
        return [tensor for tap in self.network.outputs for tensor in self.behind[tap.key]]

    def arrays(self) -> dict[str, Any]:
        """The fields of a `Workload` that are about maps."""
        columns = {
            "in_bytes": self.in_bytes,
            "out_bytes": self.out_bytes,
            "tensor_bytes": self.sizes,
            "first": self.first,
            "last": self.last,
            "reuses": self.overwritten(),
            "in_ptr": self.in_ptr,
            "in_tensor": self.in_tensor,
            "in_moved": self.in_moved,
            "out_ptr": self.out_ptr,
            "out_tensor": self.out_tensor,
        }
        kept = np.isin(np.arange(len(self.sizes)), self.kept())
        return {k: np.array(v, dtype=np.int64) for k, v in columns.items()} | {"kept": kept}


def elements_read(row: Row) -> list[int | None]:
    """How many elements a row reads of each input; None: all of them.

    Where several parts read an input, the one that looks up most of it says.
    """
    counts: list[int | None] = [None] * len(row.inputs)
    if any(part.layer.looks_up for part in row.parts):
        for place in range(len(counts)):
            readers = list(row.readers(Source(OUTSIDE, place)))
            if readers and all(part.layer.looks_up for part, _ in readers):
                counts[place] = max(
                    part.layer.elements_read(part.inputs, part.outputs)[operand]
                    for part, operand in readers
                )
    return counts
