"""The unit table against a second derivation, and what a quantity may look like."""

from __future__ import annotations

from fractions import Fraction

import pytest

from costmodel.errors import BadValue
from costmodel.language import units

# Second source: the prefixes by their rank, as the SI brochure and IEC 80000-13 define them.
DECIMAL = {
    prefix: Fraction(1000) ** rank for rank, prefix in enumerate(["", "k", "M", "G", "T", "P"])
}
BINARY = {
    prefix: Fraction(2) ** (10 * rank) for rank, prefix in enumerate(["", "Ki", "Mi", "Gi", "Ti"])
}
EXPECTED = {
    **{f"{p}B": ("memory", f) for p, f in (DECIMAL | BINARY).items()},
    **{f"{p}B/s": ("bandwidth", f) for p, f in (DECIMAL | BINARY).items()},
    **{f"{p}{b}": ("rate", f) for p, f in DECIMAL.items() for b in ("FLOPS", "FLOP/s", "OPS", "OP/s")},
    **{f"{p}{b}": ("frequency", f) for p, f in DECIMAL.items() for b in ("/s", "samples/s")},
    **{f"{p}MAC/s": ("rate", 2 * f) for p, f in DECIMAL.items()},
    **{f"{p}{b}": (d, f) for p, f in DECIMAL.items() for b, d in (("J", "energy"), ("W", "power"), ("J s", "energy-delay product"))},
    **{f"{p}{b}": (d, Fraction(1, 1000**rank)) for rank, p in enumerate("munpf", start=1) for b, d in (("J", "energy"), ("W", "power"), ("J s", "energy-delay product"))},
    # eight bits make a byte: an energy per bit is eight times as much per byte
    **{f"{p}{b}": ("energy per byte", n * f) for p, f in DECIMAL.items() for b, n in (("J/B", 1), ("J/bit", 8))},
    **{f"{p}{b}": ("energy per byte", Fraction(n, 1000**rank)) for rank, p in enumerate("munpf", start=1) for b, n in (("J/B", 1), ("J/bit", 8))},
    "s": ("time", Fraction(1)), "ms": ("time", Fraction(1, 1000)), "us": ("time", Fraction(1, 10**6)),
    # (10 mm)^2 and (0.001 mm)^2
    "mm2": ("area", Fraction(1)), "cm2": ("area", Fraction(100)),
    "um2": ("area", Fraction(1, 10**6)), "µm2": ("area", Fraction(1, 10**6)),
    "µs": ("time", Fraction(1, 10**6)), "ns": ("time", Fraction(1, 10**9)),
}  # fmt: skip


def test_the_table_holds_exactly_these_units() -> None:
    assert units.table() == EXPECTED


@pytest.mark.parametrize(("text", "dimension", "value"), [
    ("1 GB/s", "bandwidth", 10**9), ("1MB", "memory", 10**6), ("1.5 KiB", "memory", 1536),
    ("25.6e1 kB", "memory", 256_000), (".5 TFLOPS", "rate", 5 * 10**11), ("1 TMAC/s", "rate", 2 * 10**12),
    ("10 ms", "time", Fraction(1, 100)), ("+2 B", "memory", 2),
])  # fmt: skip
def test_exact_values(text: str, dimension: str, value: Fraction | int) -> None:
    assert units.parse(text, dimension) == value


@pytest.mark.parametrize(("text", "dimension", "message"), [
    (5, "memory", "has no unit"), ("5", "memory", "has no unit"), (True, "memory", "not a quantity"),
    ("1 GB", "bandwidth", "is a memory, not a bandwidth"), ("1 GB/s", "memory", "is a bandwidth"),
    ("1 mB", "memory", "did you mean 'MB'"), ("-1 B", "memory", "not positive"), ("0 B", "memory", "positive"),
    ("nan B", "memory", "not finite"), (float("inf"), "memory", "not finite"), ("1e31 B", "memory", "beyond"),
    ("1 8 B", "memory", "unknown unit"), (None, "memory", "not a quantity"), ("1 Mbps", "bandwidth", "bits"),
])  # fmt: skip
def test_refusals(text: object, dimension: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        units.parse(text, dimension)


@pytest.mark.parametrize(("value", "dimension", "text"), [
    (1e9, "bandwidth", "1 GB/s"), (2.56e5, "memory", "256 kB"), (0.5, "memory", "0.5 B"),
    (0.0123, "time", "12.3 ms"), (2e-9, "time", "2 ns"), (0.0, "time", "0 s"), (19.5e12, "rate", "19.5 TFLOPS"),
])  # fmt: skip
def test_showing(value: float, dimension: str, text: str) -> None:
    assert units.show(value, dimension) == text
