"""Figures as texts: shortened, with units, in columns."""

from __future__ import annotations

import math


def short(value: float) -> str:
    """A quantity the way the HairNet Appendix prints it: 0.006513, 8.67E-05, 6.422528, 0.

    Six decimals without trailing zeros; three significant digits below 1e-4.
    """
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "-"
    if abs(value) < 1e-4:
        return f"{value:.2E}"
    if abs(value) >= 1e6:
        return f"{value:.4g}"
    return f"{value:.6f}".rstrip("0").rstrip(".")


def megabytes(value: float) -> str:
    """Bytes as megabytes of 1e6 bytes: 6.422528 MB."""
    return f"{short(float(value) / 1e6)} MB"


def count(value: float) -> str:
    """A count: whole up to 8 digits, then like 2.31E+08, as the Appendix prints its ops."""
    return f"{value:.0f}" if value < 1e8 else f"{value:.2E}"


def ratio(value: float) -> str:
    """A dimensionless ratio to three significant digits; '-' where it is not finite."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def percent(part: float, whole: float) -> str:
    """`part` of `whole` in per cent."""
    return f"{100 * part / whole:.1f} %" if whole else "0.0 %"


def seconds(value: float) -> str:
    """A time with the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= 0.1 * size or unit == "us":
            return f"{value / size:.4g} {unit}"
    return f"{value} s"


PREFIXES = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0), ("m", 1e-3), ("µ", 1e-6),
            ("n", 1e-9), ("p", 1e-12))  # fmt: skip


def prefix(value: float) -> tuple[str, float]:
    """The SI prefix in which a figure is 1 to 999, and what it stands for."""
    size = abs(value)
    return next((one for one in PREFIXES if size >= one[1] * 0.9995), PREFIXES[-1])


def si(value: float, unit: str, digits: int = 4) -> str:
    """Write a figure with an SI prefix, as pages do: 0.0123 with the unit s is "12.3 ms"."""
    if value == 0:
        return f"0 {unit}".rstrip()
    # 5 m/s would be a speed
    plain = unit.startswith("/") and abs(value) < 1
    word, factor = ("", 1.0) if plain else prefix(value)
    rounded = float(f"{value / factor:.{digits}g}")
    return f"{rounded:.12g} {word}{unit}".rstrip()


def columns(rows: list[list[str]], left: int = 1) -> list[str]:
    """Lines of aligned columns; the first `left` columns stand left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
