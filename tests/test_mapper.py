"""Tiled traffic is never above what another mapper finds in the same buffer."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.nest import Nest, Sweep, Widths, convolved

DATA = Path(__file__).parent / "data" / "zigzag.csv"
INT8 = Widths(8, 8, 8, 32)
"""[bit]"""


def _pairs() -> list[dict[str, str]]:
    with DATA.open() as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def _nest(row: dict[str, str]) -> Nest:
    axes = [
        Sweep(size, taps, before=taps // 2, inputs=size)
        for size, taps in (
            (int(row["P"]), int(row["R"])),
            (int(row["Q"]), int(row["S"])),
        )
    ]
    return convolved(int(row["K"]), int(row["C"]), (axes[0], axes[1]), 1)


@pytest.mark.parametrize("row", _pairs(), ids=lambda r: f"{r['layer']}-{r['memory_bytes']}")
def test_no_more_than_zigzag(row: dict[str, str]) -> None:
    nest = _nest(row)
    curve = traffic_curve(nest, INT8)
    step = int(np.searchsorted(curve.room, 8 * int(row["memory_bytes"]), side="right")) - 1
    compulsory = nest.input_words + nest.weight_words + nest.output_words
    refetched = sum(int(part[step]) for part in curve.refetched)
    assert compulsory <= compulsory + refetched <= int(row["external_bytes"])
