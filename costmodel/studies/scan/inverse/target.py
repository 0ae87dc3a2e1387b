"""Targets of inverse questions, and their answers."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from costmodel.core.lanes import ENERGY
from costmodel.core.quantities import OUTPUTS
from costmodel.errors import BadValue, did_you_mean
from costmodel.language import units

if TYPE_CHECKING:
    from costmodel.core.formula import Result
    from costmodel.studies.run import Run

TARGET = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(.+?)\s*")
NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?"
COMPULSORY = re.compile(rf"(?:({NUMBER})\s*\*\s*)?compulsory_bytes")
QUANTITIES = {word: output.dimension or "" for word, output in OUTPUTS.items() if output.target}
SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
MIRROR = str.maketrans("<>", "><")
LEAST = 1e-300
"""The least bound of a target: below it the time of a run leaves the range of numbers."""


@dataclass(frozen=True)
class Bound:
    """A comparison with a number [SI], e.g. <= 0.01."""

    sign: str
    value: float

    @property
    def at_most(self) -> bool:
        """True where small values meet it."""
        return self.sign in ("<", "<=")

    def met(self, value: Any) -> Any:
        """Whether `value`, a number or an array, meets it."""
        return SIGNS[self.sign](value, self.value)


@dataclass(frozen=True)
class Target:
    """A bound on one quantity, e.g. total_time <= 0.01 [s]."""

    word: str
    bound: Bound
    text: str
    relative: bool = False
    """True: the bound is a multiple of the compulsory bytes."""

    def on(self, run: Run) -> Target:
        """The same with a bound in bytes: what `run` moves once with everything outside."""
        if not self.relative:
            return self
        least = int(run.workload.touched_bytes.sum())
        bound = replace(self.bound, value=self.bound.value * least)
        return replace(self, bound=bound, relative=False)

    @classmethod
    def read(cls, text: str) -> Target:
        """Read a target such as ``total_time <= 10 ms``.

        Other examples are ``throughput >= 100 /s``, ``energy <= 5 mJ``, ``external_bytes <= 5 MB``
        and ``external_bytes <= 1.1 * compulsory_bytes``. Raises BadValue.
        """
        match = TARGET.fullmatch(text)
        if match is None:
            raise BadValue(f"'{text}' is no target", "write e.g. 'total_time <= 10 ms'")
        word, sign, quantity = match.groups()
        if word == "edp":
            raise BadValue(
                f"'{word}' is no target: it is the product of the energy and the time",
                "bound 'energy' or 'total_time', or use 'scan --by edp'",
            )
        if word not in QUANTITIES:
            raise BadValue(f"unknown quantity '{word}' in '{text}'", did_you_mean(word, QUANTITIES))
        multiple = COMPULSORY.fullmatch(quantity)
        if quantity.endswith("compulsory_bytes") and not (multiple and word == "external_bytes"):
            remedy = "write e.g. 'external_bytes <= 1.1 * compulsory_bytes'"
            raise BadValue(f"'{text}' is no multiple of compulsory_bytes", remedy)
        if multiple:
            return cls(word, Bound(sign, float(multiple.group(1) or 1)), text, relative=True)
        if word == "throughput" and re.fullmatch(NUMBER, quantity):
            quantity += " /s"
        value = float(units.parse(quantity, QUANTITIES[word]))
        if value < LEAST:
            raise BadValue(f"'{text}' is out of the range of times", f"write at least {LEAST:g}")
        return cls(word, Bound(sign, value), text)

    @property
    def on_energy(self) -> bool:
        """True for a bound on the energy of a run."""
        return self.word == ENERGY

    def limit(self, batch: int) -> Bound | None:
        """The same as a bound on what `reached` gives: a time [s], or an energy [J].

        None for a target on bytes.
        """
        if self.word == "external_bytes":
            return None
        if self.word == "throughput":
            return Bound(self.bound.sign.translate(MIRROR), batch / self.bound.value)
        return self.bound

    def reached(self, result: Result) -> float:
        """The total time of a run [s], or its energy [J] where that is bounded."""
        return float(result.total_time if not self.on_energy else result.total_energy or 0.0)

    def met_in(self, reached: Any, batch: int) -> Any:
        """Whether runs of a batch that take such times [s], or energies [J], meet the bound."""
        return self.bound.met(batch / reached if self.word == "throughput" else reached)

    @property
    def favours_little(self) -> bool:
        """True where little work meets it: a small batch, short times, few bytes."""
        return self.bound.at_most != (self.word == "throughput")


class Reached(NamedTuple):
    """What a run takes with the figure that an answer gives."""

    time: float
    """[s]"""
    energy: float | None
    """[J], where the energy is bounded."""


@dataclass(frozen=True)
class Answer:
    """What it takes. `value` is None where it is impossible, or where any value does."""

    resource: str
    value: float | None
    unit: str
    achieved_total_time_s: float
    possible: bool
    reason: str
    crossing: float | None = None
    """Where the bottleneck moves."""
    marks: tuple[str, ...] = ()
    """What is said beside the answer."""
    achieved_energy: float | None = None
    """[J], where the energy was bounded."""

    def record(self) -> dict[str, Any]:
        """The answer as a record of the JSON file."""
        known = dict(vars(self))
        energy = known.pop("achieved_energy")
        return known if energy is None else known | {"achieved_energy_J": energy}
