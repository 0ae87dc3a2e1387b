"""The choices a run makes: convention, placement, traffic, timing, dtype; and who decides.

The order is: command line, architecture file, hardware profile, default. Each is a word, or a model
itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from costmodel.core.convention import CONVENTIONS, Convention
from costmodel.core.graph_pass import PASSES
from costmodel.core.placement import PLACEMENTS, Placement
from costmodel.core.registry import Family
from costmodel.core.timing import TIMINGS, Timing
from costmodel.core.traffic import TRAFFICS, Traffic
from costmodel.errors import BadValue, Place, Problems, did_you_mean
from costmodel.language import dtypes

FAMILIES: dict[str, Family[Any]] = {
    family.word: family for family in (CONVENTIONS, PLACEMENTS, TRAFFICS, TIMINGS, PASSES)
}
DEFAULTS = {
    "convention": "flops",
    "placement": "per_tensor",
    "traffic": "once",
    "timing": "serial",
    "dtype": "fp32",
}
Choice = Any
"""A word, or a model of the family."""


def check(family: str, choice: Choice) -> None:
    """BadValue, with the nearest name, unless `choice` is a known `family` (e.g. a placement)."""
    if family == "dtype":
        dtypes.types(choice)
    else:
        FAMILIES[family].check(choice)


def word_of(family: str, choice: Choice) -> str:
    """The word that reports print for a choice."""
    return str(choice) if family == "dtype" else FAMILIES[family].word_of(choice)


@dataclass(frozen=True, eq=False)
class Policies:
    """What one run uses: models, and the words that reports print for them."""

    report: Convention
    """What is printed."""
    timed: Convention
    """What costs time; differs from `report` when that is report-only."""
    placement_model: Placement
    traffic_model: Traffic
    timing_model: Timing
    dtype: str
    batch: int = 1

    @property
    def models(self) -> tuple[Placement, Timing, Traffic]:
        """What the formula asks, in its order."""
        return self.placement_model, self.timing_model, self.traffic_model

    @property
    def convention(self) -> str:
        """The word of the convention that is printed."""
        return CONVENTIONS.word_of(self.report)

    @property
    def timed_convention(self) -> str:
        """The word of the convention that costs time."""
        return CONVENTIONS.word_of(self.timed)

    @property
    def placement(self) -> str:
        """The word of the placement."""
        return PLACEMENTS.word_of(self.placement_model)

    @property
    def traffic(self) -> str:
        """The word of the traffic model."""
        return TRAFFICS.word_of(self.traffic_model)

    @property
    def timing(self) -> str:
        """The word of the timing model."""
        return TIMINGS.word_of(self.timing_model)


def choose(
    command: Mapping[str, Choice | None], *files: Mapping[str, str], batch: int = 1
) -> Policies:
    """The policies in force: `command` first, then each of `files`, then the defaults.

    Raises InputError, placed at the option, for an unknown word on the command line.
    """
    given = {key: choice for key, choice in command.items() if choice is not None}
    problems = Problems()
    for family, choice in given.items():
        if family not in DEFAULTS:
            problems.add(Place(family), "is no choice", did_you_mean(family, DEFAULTS))
            continue
        try:
            check(family, choice)
        except BadValue as error:
            problems.found.extend(error.at(Place(f"--{family}")).problems)
    if isinstance(batch, bool) or not isinstance(batch, Integral) or batch < 1:
        problems.add(Place("--batch"), f"batch is {batch!r}", "use a whole number from 1")
    problems.raise_if_any()
    order = [given, *files, DEFAULTS]
    first = {key: next(source[key] for source in order if key in source) for key in DEFAULTS}
    wanted = [source["convention"] for source in order if "convention" in source]
    conventions = [CONVENTIONS.resolve(choice) for choice in wanted]
    return Policies(
        conventions[0],
        next(convention for convention in conventions if not convention.report_only),
        PLACEMENTS.resolve(first["placement"]),
        TRAFFICS.resolve(first["traffic"]),
        TIMINGS.resolve(first["timing"]),
        dtypes.types(first["dtype"]).word,
        int(batch),
    )
