"""Expressions over the columns of a scan, with units; and objectives, columns to be made small."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from costmodel.core.quantities import dimension_of
from costmodel.errors import BadValue, did_you_mean
from costmodel.language import units
from costmodel.language.expressions import evaluate_arrays


def is_text(value: Any) -> bool:
    """True for a word or list, or an array of them: nothing that can be small or large."""
    return np.asarray(value).dtype.kind not in "biuf"


@cache
def _quantities() -> re.Pattern[str]:
    """A number followed by a unit of the table, longest unit first."""
    names = sorted(units.table(), key=len, reverse=True)
    return re.compile(
        r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)\s*("
        + "|".join(map(re.escape, names))
        + r")(?![\w/])"
    )


# A quantity alone against a number alone: what stands around them must not be arithmetic.
BARE = re.compile(
    r"(?:^|\band\b|\bor\b|\bnot\b|\()\s*(?:[\w.\-]+:)?([a-z]\w*(?:\.\w+)*)\s*(?:<=|>=|<|>|==)\s*"
    r"(\d[\d.eE+-]*)\s*(?=$|\band\b|\bor\b|\))"
)
WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
DOTTED = re.compile(r"\b(?:hw|arch)(?:\.[A-Za-z_]\w*)+")
"""A word of an expression; and those with dots that there are."""
OF_NETWORK = re.compile(r"(?<![\w.\-])\w[\w.\-]*:[A-Za-z_]\w*")
"""A figure of one network of several, such as `vit-b-16:total_time`."""


@dataclass(frozen=True)
class Formula:
    """An expression over quantities, with units allowed: ``hw.matrix <= 8 TFLOPS``."""

    text: str

    @property
    def code(self) -> str:
        """The expression in plain arithmetic: SI numbers, dots replaced."""
        plain = OF_NETWORK.sub(lambda word: _identifier(word[0]), self._plain)
        return DOTTED.sub(lambda word: word[0].replace(".", "__"), plain)

    @property
    def words(self) -> set[str]:
        """The quantities that the expression names."""
        return set(WORD.findall(self._plain))

    @property
    def _plain(self) -> str:
        """The expression with SI numbers in the place of quantities."""
        return _quantities().sub(_in_si_units, self.text)

    def check(self, known: set[str]) -> None:
        """BadValue for a comparison between a quantity and a unit of another dimension."""
        pattern = re.compile(r"(\w+(?:\.\w+)*)\s*(?:<=|>=|<|>)\s*" + _quantities().pattern)
        for name, number in BARE.findall(self.text):
            if name in known and (wanted := dimension_of(name)):
                raise BadValue(
                    f"'{name}' is compared with a bare {number} in '{self.text}'",
                    f"write {units.a(wanted)} like '{units.EXAMPLES[wanted]}'",
                )
        for name, _, unit in pattern.findall(self.text):
            wanted, got = dimension_of(name), units.table()[unit][0]
            if name in known and wanted not in (None, got):
                raise BadValue(
                    f"'{name}' is compared with {units.a(got)} in '{self.text}'",
                    f"{name} is {units.a(wanted or 'plain number')}",
                )

    def __call__(self, columns: Mapping[str, Any]) -> Any:
        """The value on columns of points (arrays or numbers). Raises BadValue."""
        names = {_identifier(word): column for word, column in columns.items()}
        try:
            return evaluate_arrays(self.code, names)
        except BadValue as error:
            shown = _dotted(error.what).replace(_dotted(self.code), self.text)
            raise BadValue(shown, _dotted(error.remedy)) from None


def _in_si_units(match: re.Match[str]) -> str:
    """Give a quantity with a unit as a plain number of SI units."""
    number, unit = match.groups()
    return repr(float(units.parse(f"{number} {unit}", units.table()[unit][0], zero=True)))


def _identifier(word: str) -> str:
    """Give a quantity's word as plain arithmetic has it: dots, colons and dashes are replaced."""
    if ":" not in word:
        return word.replace(".", "__")
    return "over__" + re.sub(r"\W", lambda mark: f"_{ord(mark[0])}_", word)


def _dotted(text: str) -> str:
    """Give ``hw__link__bandwidth`` the dots that users write, ``hw.link.bandwidth``."""
    text = re.sub(r"\bover__(\w+)", lambda w: re.sub(r"_(\d+)_", _mark, w[1]), text)
    figures = re.sub(r"\bhw__\w+", lambda word: word[0].replace("__", "."), text)
    return re.sub(r"\b(hw|arch)__", r"\1.", figures)


def _mark(number: re.Match[str]) -> str:
    """Give a character by its number."""
    return chr(int(number[1]))


@dataclass(frozen=True)
class Objective:
    """A column to be made small, or large where the word is led by '-'."""

    word: str
    sign: int = 1

    @classmethod
    def read(cls, text: str, known: Mapping[str, Any]) -> Objective:
        """``total_time`` (small is good) or ``-throughput`` (large is good).

        `known` are the columns with an example of each. Raises BadValue, also for text.
        """
        word = text.strip().removeprefix("-")
        if word not in known:
            raise BadValue(f"unknown objective '{word}'", did_you_mean(word, known))
        if is_text(known[word]):
            raise BadValue(f"objective '{word}' is text such as {known[word]!r}", "name a quantity")
        return cls(word, -1 if text.strip().startswith("-") else 1)

    @property
    def text(self) -> str:
        """The objective as users write it."""
        return self.word if self.sign == 1 else f"-{self.word}"

    def __call__(self, columns: Mapping[str, Any]) -> Any:
        """The column, turned so that small is good."""
        return self.sign * np.asarray(columns[self.word], dtype=float)
