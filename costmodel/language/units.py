"""Quantities with units, exactly.

A small table of integers instead of a units library: pydantic's ByteSize drops the ``/s`` of
``1 GB/s``, and pint reads ``1 Mb`` as a megabarn, knows no FLOPS and costs 0.4 s at start-up.

Prefixes: SI brochure (9th ed., table 7) for k, M, G, T, P; IEC 80000-13 for Ki, Mi, Gi, Ti.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

from costmodel.errors import BadValue, did_you_mean

DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
SMALL = {prefix: Fraction(1, 10 ** (3 * n)) for n, prefix in enumerate("munpf", start=1)}
SECONDS = {
    "s": Fraction(1),
    **{f"{prefix}s": SMALL["u" if prefix == "µ" else prefix] for prefix in "muµn"},
}

AREAS = {
    "mm2": Fraction(1),
    "cm2": Fraction(100),
    **dict.fromkeys(("um2", "µm2"), Fraction(1, 10**6)),
}
"""Of chips, in mm2."""

# Base units of each dimension, in its SI unit. One multiply-add is two operations, so 1 MAC/s
# is 2 FLOPS (DESIGN: "FLOPS in a profile means two per multiply-add").
BASES = {
    "memory": {"B": 1},
    "bandwidth": {"B/s": 1},
    "frequency": {"/s": 1, "samples/s": 1},
    "energy": {"J": 1},
    "energy per byte": {"J/B": 1, "J/bit": 8},
    "energy-delay product": {"J s": 1},
    "power": {"W": 1},
    "rate": {"FLOPS": 1, "FLOP/s": 1, "OPS": 1, "OP/s": 1, "MAC/s": 2},
}
# The SI unit of each dimension, and what a message shows of how one writes it.
DIMENSIONS = {
    "memory": ("B", "1 MB"), "bandwidth": ("B/s", "1 GB/s"), "rate": ("FLOPS", "1 TFLOPS"),
    "time": ("s", "10 ms"), "frequency": ("/s", "100 /s"), "energy": ("J", "20 pJ"),
    "power": ("W", "5 W"), "energy per byte": ("J/B", "6 pJ/B"),
    "energy-delay product": ("J s", "1 mJ s"), "area": ("mm2", "10 mm2"),
}  # fmt: skip
SI_UNITS = {dimension: unit for dimension, (unit, _) in DIMENSIONS.items()}
EXAMPLES = {dimension: example for dimension, (_, example) in DIMENSIONS.items()}
SMALL_UNITS = ("energy", "power", "energy per byte", "energy-delay product")
"""Dimensions whose units are written with prefixes below one."""

QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(\S.*?)?\s*")


@cache
def table() -> dict[str, tuple[str, Fraction]]:
    """Every unit: its dimension and its size in that dimension's SI unit."""
    units = {name: ("time", size) for name, size in SECONDS.items()}
    units |= {name: ("area", size) for name, size in AREAS.items()}
    for dimension, bases in BASES.items():
        binary = BINARY if dimension in ("memory", "bandwidth") else {}
        for prefix, factor in (DECIMAL | binary).items():
            for base, size in bases.items():
                units[prefix + base] = (dimension, Fraction(factor * size))
    small = [(base, kind, size) for kind in SMALL_UNITS for base, size in BASES[kind].items()]
    for prefix, part in SMALL.items():
        units |= {f"{prefix}{base}": (kind, part * size) for base, kind, size in small}
    return units


def parse(text: object, dimension: str, *, zero: bool = False) -> Fraction:
    """The quantity `text` in SI units, e.g. ``parse("1 GB/s", "bandwidth") == 10**9`` [B/s].

    Raises BadValue for a bare number, an unknown unit, another dimension, or a value that is
    not positive and finite (`zero` is let through where nothing is a quantity too).
    """
    example = f"write {a(dimension)} like '{EXAMPLES[dimension]}'"
    match = QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        if re.match(r"\s*[+-]?\.?(inf|nan)", str(text), re.IGNORECASE):
            raise BadValue(f"'{text}' is not finite", example)
        if isinstance(text, int | float) and not isinstance(text, bool):
            raise BadValue(f"{text} has no unit", example)
        raise BadValue(f"'{text}' is not a quantity", example)
    number, unit = match.groups()
    if unit is None:
        raise BadValue(f"{number} has no unit", example)
    if unit not in table():
        raise BadValue(f"unknown unit '{unit}' in '{text}'", _remedy(unit, dimension))
    kind, size = table()[unit]
    if kind != dimension:
        remedy = f"write it like '{EXAMPLES[dimension]}'"
        raise BadValue(f"'{text}' is {a(kind)}, not {a(dimension)}", remedy)
    value = Fraction(number) * size
    if value < 0 or (value == 0 and not zero):
        raise BadValue(f"'{text}' is not positive", f"{a(dimension)} must be above zero")
    # far beyond any machine, and safely inside a float
    if value > 10**30:
        raise BadValue(f"'{text}' is beyond any machine", "check the exponent")
    return value


def a(dimension: str) -> str:
    """Give a dimension its article: 'a time', 'an energy'."""
    return f"an {dimension}" if dimension[0] in "aeiou" else f"a {dimension}"


def _remedy(unit: str, dimension: str) -> str:
    """What to write instead of an unknown unit."""
    if re.fullmatch(r"[kMGTP]?i?b(it)?s?(/s|ps)?", unit):
        return "lower-case b would be bits: write bytes with B (8 bits are 1 B)"
    if unit.startswith("KB"):
        return "write kB (1000 bytes) or KiB (1024 bytes)"
    known = [u for u, (d, _) in table().items() if d == dimension]
    alike = [u for u in known if u.lower() == unit.lower()]
    return f"did you mean '{alike[0]}'?" if alike else did_you_mean(unit, known)


def show(value: float, dimension: str) -> str:
    """`value` (SI units) with the largest prefix that keeps it at 1 or more: '1 GB/s', '20 pJ'."""
    if dimension == "area":
        return f"{value:.6g} mm2"
    if dimension == "time":
        for unit, size in SECONDS.items():
            if value >= float(size) * (1 - 1e-12):
                return f"{value / float(size):.4g} {unit}"
        return f"{value:.4g} s"
    if dimension in SMALL_UNITS and 0 < value < 1:
        sizes = ((prefix, float(size)) for prefix, size in SMALL.items())
        least = (prefix, factor) = ("f", float(SMALL["f"]))
        prefix, factor = next((one for one in sizes if value >= one[1] * (1 - 1e-12)), least)
        return f"{value / factor:.6g} {prefix}{SI_UNITS[dimension]}"
    prefix, factor = next(((p, f) for p, f in reversed(DECIMAL.items()) if value >= f), ("", 1))
    return f"{value / factor:.6g} {prefix}{SI_UNITS[dimension]}"
