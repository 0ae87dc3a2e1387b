"""A file of kernel times: its columns, and what its kernels compute and move."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.builder import Builder, chained
from costmodel.core.convention import CONVENTIONS
from costmodel.core.counting import Counting, prepare
from costmodel.core.layer import MAX_ELEMENTS, Layer
from costmodel.core.network import Facts, Network, Row
from costmodel.core.tally import Shapes
from costmodel.core.timing import longer
from costmodel.errors import BadValue, InputError, Place, did_you_mean
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import dtypes
from costmodel.language.documents import read_text

Seconds = Callable[[Any], Any]
"""The times [s] of a table's kernels (N,) from the figures that are fitted."""
Kernel = Callable[..., tuple[Layer, Shapes]]
"""A layer and the shapes of its maps from the sizes in a line of a table."""
WORD = re.compile(r"fp8|int8|int4|bf16|fp16|fp32")
WIDE = 16
"""[bit] of an element, unless the table's name says otherwise; of what kernels write always."""
MOST = 100_000_000
"""[B] of a table; a thousand kernels take some 100 kB."""
OUT_OF_RANGE = "holds kernels out of the range of numbers"


class KernelTable:
    """The columns of one file of N kernels, and what its kernels compute and move."""

    def __init__(self, path: Path, base: HardwareProfile) -> None:
        self.path, self.base = path, base
        text = read_text(path, MOST, "a table of kernel times in CSV")
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        # of several ways to launch a sum, the one that engines use
        self.rows = [row for row in rows if "eager" not in (row.get("kernel_source") or "")]
        self.names = set(rows[0]) if rows else set()
        word = WORD.search(path.stem)
        self.dtype = word.group() if word else "fp16"

    def refused(self, what: str, remedy: str = "correct it") -> InputError:
        """An error of the whole file."""
        return InputError.at(Place(str(self.path)), what, remedy)

    def __getitem__(self, name: str) -> Floats:
        """A column (N,). Raises InputError for cells that are no numbers above zero."""
        try:
            column = np.array([float(row[name]) for row in self.rows])
        except (TypeError, ValueError) as error:
            raise self.refused(f"'{name}': {error}") from None
        if not (np.isfinite(column) & (column > 0)).all():
            raise self.refused(f"'{name}' is not above 0 everywhere")
        return column

    def sizes(self, *names: str) -> Floats:
        """Columns of sizes (N, names). Raises InputError unless all are whole numbers in range."""
        sizes = np.stack([self[name] for name in names], axis=1)
        if (sizes > MAX_ELEMENTS).any():
            raise self.refused(OUT_OF_RANGE, "check its sizes")
        if (sizes % 1).any():
            raise self.refused(f"not all of {', '.join(names)} are whole numbers")
        return sizes

    def peak(self, word: str) -> float:
        """A rate of the base profile for the table's type. Raises InputError where it has none."""
        rate = self.base.figure(word, self.dtype)
        if rate is None:
            stated = self.base.matrix if isinstance(self.base.matrix, dict) else {}
            what = f"{self.base.name} has no {word} rate for {self.dtype}"
            raise self.refused(what, did_you_mean(self.dtype, stated))
        return float(rate)

    def roofline(self, operations: Floats, moved: Floats) -> Seconds:
        """Times of kernels of so many operations [op] and bytes [B], (N,) each."""
        work, transfer = operations / self.peak("matrix"), moved / self.peak("bandwidth")
        return lambda p: p[2] + longer(work / p[0], transfer / p[1], p[3])

    def counted(self, kernel: Kernel, *columns: str, times: str = "") -> tuple[Floats, Floats]:
        """Operations on the matrix engine [op], and bytes read and written [B], (N,) each.

        Equal kernels are one row of the network that is counted; the column `times` says how many
        samples run at once that share nothing. Raises InputError for sizes that do not fit one
        another.
        """
        distinct, place = np.unique(self.sizes(*columns), axis=0, return_inverse=True)
        builder, file = Builder(), Place(str(self.path))
        try:
            for line in distinct.astype(int).tolist():
                layer, shapes = kernel(*line)
                taps = tuple(builder.input("map", shape) for shape in shapes)
                parts = chained([layer], shapes)
                builder.add(Row("kernel", "kernel", "", file, parts, taps, out_bits=(WIDE,)))
        except BadValue as error:
            raise error.at(file) from None
        flops = CONVENTIONS.load("flops")
        network = Network.of(Facts(file=file.file), builder.inputs, builder.rows)
        work = prepare(network, Counting(flops, flops, bits=dtypes.bits(self.dtype)))
        place, samples = place.ravel(), self[times] if times else 1.0
        return samples * work.matrix_ops[place], samples * work.touched_bytes[place].astype(float)
