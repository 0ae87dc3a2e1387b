"""One machine judged over several networks: each one's figures, and one that combines them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.core.lanes import RUN_LANES
from costmodel.core.quantities import OUTPUTS
from costmodel.studies.scan.forms.form import TIMES, Columns, Words
from costmodel.studies.scan.space.variant import Variant

JUDGED = ("total_time", "energy", "edp")
"""Outputs of which there is a combined one."""
AREA = "area"
"""The same whatever the network."""
LANES = tuple(f"{word}_time" for word in RUN_LANES)


def _weighted_sum(values: Floats, weights: Floats) -> Floats:
    return np.asarray(weights @ values)


def _geometric_mean(values: Floats, weights: Floats) -> Floats:
    # where one takes nothing the product is nothing
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(weights @ np.log(values) / weights.sum()))


def _worst(values: Floats, weights: Floats) -> Floats:
    return np.asarray((weights[:, np.newaxis] * values).max(axis=0))


COMBINE: dict[str, tuple[str, Callable[[Floats, Floats], Floats]]] = {
    "sum": ("the sum of weight times value", _weighted_sum),
    "geomean": ("the weighted geometric mean", _geometric_mean),
    "worst": ("the largest weight times value", _worst),
}
"""What a combined figure is of values (N, points) under weights (N,), and in words.

Of 1 s and 4 s with the weights 2 and 1 the sum is 6 s, the mean (1 x 1 x 4) ** (1 / 3) = 1.587 s,
and the worst 4 s.
"""


@dataclass(frozen=True, eq=False)
class Panel(Variant):
    """Variants of the same machine and policies, one for each network.

    Tables and expressions know the figures of a network as `NETWORK:WORD`, and the combined ones by
    their words.
    """

    parts: tuple[Variant, ...] = ()
    names: tuple[str, ...] = ()
    """Of the networks."""
    weights: tuple[float, ...] = ()
    combine: str = "sum"

    @classmethod
    def together(cls, parts: Sequence[Variant], over: Mapping[str, float], combine: str) -> Variant:
        """Judge variants together, one for each network of `over`, which gives their weights."""
        first = parts[0]
        shown = ", ".join(f"{name} ({weight:g})" for name, weight in over.items())
        told = f"figures without a network are {COMBINE[combine][0]} over {shown}"
        marks = {
            f"{word} {number}": what
            for number, one in enumerate(parts)
            for word, what in one.marks.items()
        }
        return cls(
            first.labels,
            first.form,
            first.machine,
            first.samples,
            first.params,
            first.macs,
            first.batch,
            f"{' + '.join(over)} on {first.machine_name}",
            first.machine_name,
            marks={**marks, "over": told},
            parts=tuple(parts),
            names=tuple(over),
            weights=tuple(over.values()),
            combine=combine,
            on_chip_node=first.on_chip_node,
            area=first.area,
            no_area=first.no_area,
        )

    @property
    def path(self) -> str:
        """Which ways the networks' points are evaluated."""
        return " and ".join(sorted({part.path for part in self.parts}))

    @property
    def decisive(self) -> tuple[Any, ...]:
        """Everything that decides what its points give."""
        parts = [part.decisive for part in self.parts]
        return parts, self.area, self.names, self.weights, self.combine

    @cached_property
    def known(self) -> list[str]:
        """The machine quantities that are the same whatever the network."""
        first, *others = self.parts
        same = [one for one in others if one.machine.figures != first.machine.figures]
        return [
            word
            for word in first.known
            if all(word in one.known and one.figure(word) == first.figure(word) for one in same)
        ]

    @cached_property
    def lanes(self) -> set[str]:
        """The lanes in which any network asks for anything."""
        return set[str]().union(*(part.lanes for part in self.parts))

    def words_of(self, outputs: Sequence[str]) -> list[str]:
        """The words of some outputs: those that are combined, then each network's."""
        combined = [word for word in outputs if word in (*JUDGED, AREA)]
        own = [word for word in outputs if word != AREA]
        return [*combined, *(f"{name}:{word}" for name in self.names for word in own)]

    def columns(self, points: Columns, count: int, wanted: Words = TIMES) -> Columns:
        """Every quantity at `count` points: each network's, and the combined ones."""
        bare = {word.rpartition(":")[2] for word in wanted}
        each = [part.columns(points, count, bare) for part in self.parts]
        first, own = each[0], {*self.known, *self.labels, *points, "batch", AREA}
        columns = {word: value for word, value in first.items() if word in own}
        weights = np.array(self.weights)
        for word in (*JUDGED, *LANES):
            if all(word in one for one in each):
                values = np.stack([np.broadcast_to(one[word], count) for one in each])
                rule = _weighted_sum if word in LANES else COMBINE[self.combine][1]
                columns[word] = rule(values.astype(float), weights)
        for name, one in zip(self.names, each, strict=True):
            columns |= {f"{name}:{word}": one[word] for word in OUTPUTS if word in one}
        return columns
