"""The shipped tables as they stand in the CSV files: every number with its source."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from costmodel.core.arrays import Floats
from costmodel.errors import BadValue, did_you_mean

HERE = Path(__file__).parent
PICO, BITS_PER_BYTE = 1e-12, 8
"""[J/pJ]; [bit/B]"""


class Sizes(NamedTuple):
    """The memories of one technology, by ascending size: S of them."""

    size: Floats
    """(S,) [B]"""
    read: Floats
    """(S,) energy of reading a byte [J/B]."""
    write: Floats
    """(S,) energy of writing a byte [J/B]; NaN where the table lists none."""
    sources: tuple[str, ...]
    """Where each was seen."""


class Listed(NamedTuple):
    """One energy as a table lists it."""

    value: float
    """[J], or [J/B] of a memory."""
    source: str


@cache
def memories() -> dict[str, Sizes]:
    """Give the on-chip memories of each technology."""
    # what prints no energy needs no numpy either
    import numpy as np

    rows = _rows("sram.csv")
    made = {}
    for technology in dict.fromkeys(row["technology"] for row in rows):
        own = [row for row in rows if row["technology"] == technology]
        size, bits, read = (
            np.array([float(row[word]) for row in own])
            for word in ("size_bytes", "bits", "read_pJ")
        )
        write = np.array([float(row["write_pJ"] or "nan") for row in own])
        per_byte = PICO * BITS_PER_BYTE / bits
        sources = tuple(row["source"] for row in own)
        made[technology] = Sizes(size, read * per_byte, write * per_byte, sources)
    return made


@cache
def drams() -> dict[str, Listed]:
    """Give the energy of a byte of each kind of external memory [J/B]."""
    factor = PICO * BITS_PER_BYTE
    return {
        row["kind"]: Listed(float(row["pJ_per_bit"]) * factor, row["source"])
        for row in _rows("dram.csv")
    }


@cache
def operations() -> dict[tuple[str, str, str], Listed]:
    """Give the energy of an operation [J] by technology, operation and element type."""
    return {
        (row["technology"], row["operation"], row["dtype"]): Listed(
            float(row["pJ"]) * PICO, row["source"]
        )
        for row in _rows("operations.csv")
    }


def technologies() -> list[str]:
    """Give the technologies of which any table lists anything."""
    known = [*memories(), *(technology for technology, _, _ in operations())]
    return list(dict.fromkeys(known))


def check_technology(word: str) -> None:
    """Raise BadValue for a technology that no table lists."""
    if word not in technologies():
        raise BadValue(f"unknown technology '{word}'", did_you_mean(word, technologies()))


def check_dram(word: str) -> None:
    """Raise BadValue for a kind of external memory that no table lists."""
    if word not in drams():
        raise BadValue(f"unknown external memory '{word}'", did_you_mean(word, drams()))


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="") as stream:
        return list(csv.DictReader(stream))
