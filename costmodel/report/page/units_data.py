"""The table of units that fields of a page read and show."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

from costmodel.language import units

PREFIXES = ("P", "T", "G", "M", "k", "", "m", "µ", "u", "n", "p", "f")
"""Decimal prefixes of what a field shows, the largest first, in units that know them."""


@cache
def units_data() -> dict[str, Any]:
    """The units of `costmodel.language.units`, as units.js reads them.

    A size is [dimension, m, e] for m x 10^e in SI units: 1 KiB is 1024 x 10^0 B, 1 us is
    1 x 10^-6 s.
    """
    table = units.table()
    return {
        "table": {unit: [kind, *_decimal(size)] for unit, (kind, size) in table.items()},
        "examples": units.EXAMPLES,
        "shown": {
            dimension: [
                [prefix + unit, float(table[prefix + unit][1])]
                for prefix in PREFIXES
                if prefix + unit in table
            ]
            for dimension, unit in units.SI_UNITS.items()
        },
    }


def _decimal(size: Fraction) -> tuple[int, int]:
    """The whole number m and the exponent e of a size m x 10^e."""
    exponent = 0
    while size.denominator > 1:
        size, exponent = size * 10, exponent - 1
    return int(size), exponent
