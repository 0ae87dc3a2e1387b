"""What pages with sliders read: a run as data, its exposed times, and the table of units."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from costmodel.language import units
from costmodel.report.exposed import SIDES, exposed_lanes
from costmodel.report.page.run_data import packed, run_data
from costmodel.studies.run import Run

PREFIXES = ("P", "T", "G", "M", "k", "", "m", "µ", "u", "n", "p", "f")
"""Decimal prefixes of what a field shows, the largest first, in units that know them."""


def machine_data(run: Run) -> dict[str, Any]:
    """`run_data`, and the exposed times of a timing that the page cannot work out."""
    data = run_data(run)
    if run.policies.timing_model.exponent is not None:
        return data
    lanes = exposed_lanes(run)
    return data | {"exposed": {word: packed(lanes[word]) for side in SIDES for word in side}}


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
