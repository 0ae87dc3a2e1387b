"""The choices a run makes by name: convention, placement, timing, dtype; and who decides.

The order is: command line, architecture file, hardware profile, default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral

from costmodel import conventions, discovery, dtypes
from costmodel.conventions import Convention
from costmodel.errors import BadValue, Place, Problems, did_you_mean

FAMILIES = {"convention": "costmodel.conventions", "placement": "costmodel.placement",
            "timing": "costmodel.timing", "pass": "costmodel.passes"}  # fmt: skip
DEFAULTS = {"convention": "flops", "placement": "per_tensor", "timing": "serial", "dtype": "fp32"}


def check(family: str, word: str) -> None:
    """BadValue, with the nearest name, unless `word` is a known `family` (e.g. a placement)."""
    if family == "dtype":
        dtypes.bits(word)
        return
    known = discovery.modules(FAMILIES[family])
    if word not in known:
        raise BadValue(f"unknown {family} '{word}'", did_you_mean(word, known))


@dataclass(frozen=True, eq=False)
class Policies:
    """What one run uses."""

    report: Convention  # what is printed
    timed: Convention  # what costs time; differs from `report` when that is report-only
    convention: str
    timed_convention: str
    placement: str
    timing: str
    dtype: str
    batch: int = 1


def choose(
    command: Mapping[str, str | None], *files: Mapping[str, str], batch: int = 1
) -> Policies:
    """The policies in force: `command` first, then each of `files`, then the defaults.

    Raises InputError, placed at the option, for an unknown word on the command line.
    """
    given = {key: word for key, word in command.items() if word is not None}
    problems = Problems()
    for family, word in given.items():
        if family not in DEFAULTS:
            problems.add(Place(family), "is no choice", did_you_mean(family, DEFAULTS))
            continue
        try:
            check(family, word)
        except BadValue as error:
            problems.found.extend(error.at(Place(f"--{family}")).problems)
    if isinstance(batch, bool) or not isinstance(batch, Integral) or batch < 1:
        problems.add(Place("--batch"), f"batch is {batch!r}", "use a whole number from 1")
    problems.raise_if_any()
    order = [given, *files, DEFAULTS]
    first = {key: next(s[key] for s in order if key in s) for key in DEFAULTS}
    words = [source["convention"] for source in order if "convention" in source]
    timed = next(word for word in words if not conventions.load(word).report_only)
    return Policies(conventions.load(words[0]), conventions.load(timed), words[0], timed,
                    first["placement"], first["timing"], first["dtype"], batch)  # fmt: skip
