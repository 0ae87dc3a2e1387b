"""What it takes to hold a published figure against ours.

Every published cell ends in one of four states. It is *equal* when our figure, printed to the
paper's precision, is the paper's; *explained* when a formula or an altered assumption, evaluated
here and now, yields the paper's figure; *not derivable* when the figure contradicts the paper's own
definitions and nothing is known to yield it; and otherwise *unexplained*, which is a failure.
"""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar


class Status(StrEnum):
    """How a published figure stands to ours; later ones are worse."""

    EQUAL = "equal"
    EXPLAINED = "explained"
    NOT_DERIVABLE = "not derivable"
    UNEXPLAINED = "unexplained"


ORDER = list(Status)


@dataclass(frozen=True)
class Cell:
    """One published figure as printed, and ours. `shown` is ours in the paper's own format."""

    row: str
    column: str
    published: str
    value: float | str
    shown: str | None = None
    line: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What the table's line says besides, for explanations."""

    @property
    def ours(self) -> str:
        """Our figure as a report prints it."""
        if self.shown is not None:
            return self.shown
        if isinstance(self.value, str):
            return self.value
        return f"{self.value:.0f}" if float(self.value).is_integer() else f"{self.value:.7g}"

    @property
    def difference(self) -> str:
        """Ours against the published figure, in per cent of the latter."""
        try:
            theirs = float(self.published)
            return f"{100 * (float(self.value) - theirs) / theirs:+.2f} %" if theirs else ""
        except ValueError:
            return ""


@dataclass(frozen=True)
class Explanation:
    """Why some cells differ: the formula that yields what the paper printed, or that none does."""

    sentence: str
    covers: Callable[[Cell], bool]
    figure: Callable[[Cell], float | str] | None = None
    """None: nothing yields the figure, which contradicts the paper's own definitions."""


@dataclass(frozen=True)
class Verdict:
    """A cell, its state, and what was said about it."""

    cell: Cell
    status: Status
    sentence: str = ""
    figure: float | str | None = None


class Table(ABC):
    """A published table (or a list of claims) and its explanations."""

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    explanations: ClassVar[tuple[Explanation, ...]] = ()
    """In the order in which they are tried, so that those without a figure come last."""

    @abstractmethod
    def cells(self) -> Iterable[Cell]:
        """Every published figure with ours."""

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Every cell with its state, in the order of the table."""
        return [self.judge(cell) for cell in self.cells()]

    def judge(self, cell: Cell) -> Verdict:
        """The state of one cell. An explanation that no longer yields the figure does not count."""
        if (
            agrees(cell.published, cell.value)
            if cell.shown is None
            else cell.shown == cell.published
        ):
            return Verdict(cell, Status.EQUAL)
        for explanation in self.explanations:
            if explanation.covers(cell):
                if explanation.figure is None:
                    return Verdict(cell, Status.NOT_DERIVABLE, explanation.sentence)
                figure = explanation.figure(cell)
                if agrees(cell.published, figure):
                    return Verdict(cell, Status.EXPLAINED, explanation.sentence, figure)
        return Verdict(cell, Status.UNEXPLAINED)

    def rows(self) -> dict[str, Status]:
        """Each row's state: the worst of its cells'."""
        worst: dict[str, Status] = {}
        for verdict in self.verdicts:
            row = verdict.cell.row
            worst[row] = max(worst.get(row, Status.EQUAL), verdict.status, key=ORDER.index)
        return worst


def agrees(published: str, value: float | str) -> bool:
    """True if `value`, rounded to the precision of the printed `published`, is the same figure.

    Half a unit in the last printed place is allowed, exactly; text must be equal.
    """
    try:
        printed = Decimal(published)
        exact = Decimal(repr(float(value)))
    except (InvalidOperation, ValueError):
        return published == value
    exponent = printed.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    return abs(exact - printed) <= half


def truncated(value: float, published: str) -> float:
    """`value` cut off (not rounded) after as many decimals as `published` prints."""
    quantum = Decimal(1).scaleb(int(Decimal(published).as_tuple().exponent))
    return float(Decimal(repr(value)).quantize(quantum, rounding=ROUND_DOWN))


def read_csv(name: str) -> Iterator[dict[str, str]]:
    """The rows of a data file beside the tables, as printed strings."""
    with (Path(__file__).parent / "tables" / f"{name}.csv").open(
        encoding="utf-8", newline=""
    ) as stream:
        yield from csv.DictReader(stream)
