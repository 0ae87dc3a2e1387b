"""The error tree: everything the program says when it cannot go on.

CostModelError            anything this package raises on purpose
├── InputError            the user's input is wrong: one Problem per mistake   (exit 2)
└── MissingExtra          an optional package is not installed                 (exit 2)

BadValue                  a value is wrong and its place is not known yet; whoever knows
the place turns it into a Problem with ``.at(place)``
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: a file, and a line and column counted from 1 (0: the whole file)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in the input: its place, what is wrong (with the value), and the remedy."""

    place: Place
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.what}" + (f"; {self.remedy}" if self.remedy else "")
        return " ".join(text.split())


class CostModelError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(CostModelError):
    """The user's input is wrong; ``problems`` holds every mistake found in this run."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))

    @classmethod
    def at(cls, place: Place, what: str, remedy: str = "") -> InputError:
        """An InputError of one problem."""
        return cls([Problem(place, what, remedy)])


class MissingExtra(CostModelError):
    """A command needs an optional package that is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {package}, which is not installed; "
            f"pip install 'nn-costmodel[{extra}]', "
            f"or in a clone of the project: pip install '.[{extra}]'"
        )


class BadValue(ValueError):
    """A value is wrong; its place is known only to the caller."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what, self.remedy = what, remedy

    def at(self, place: Place, prefix: str = "") -> InputError:
        """The same mistake as an InputError at `place`, its text led by `prefix`."""
        return InputError.at(place, f"{prefix}{self.what}", self.remedy)


class Problems:
    """Collects mistakes so that one run reports them all."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, place: Place, what: str, remedy: str = "") -> None:
        """Note one problem and go on."""
        self.found.append(Problem(place, what, remedy))

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Note the problems of an InputError raised inside the block and go on after it."""
        try:
            yield
        except InputError as error:
            self.found.extend(error.problems)

    def raise_if_any(self) -> None:
        """Raise InputError with everything found, ordered by place."""
        if self.found:
            raise InputError(sorted(set(self.found)))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy that names the nearest known word, or lists the known ones."""
    # only an error pays for this import
    from difflib import get_close_matches

    choices = sorted(map(str, known))
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(choices)}" if choices else "none is known here"
