"""Cross-validation gives honest errors.

Everything that is chosen or fitted is chosen and fitted without the family that is predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats, Ints
from costmodel.studies.calibration import folds
from costmodel.studies.calibration.design import Design
from costmodel.studies.calibration.fit import Fitted, fit
from costmodel.studies.calibration.interval import spread
from costmodel.studies.progress import watched

Predict = Callable[[Ints, Ints], Floats]
"""Times [s] of the second places, learnt from the first."""
CLEARLY = 2
"""Standard errors of the difference over the groups."""
Pick = tuple[Any, ...]
"""One value of each option, in their order."""


@dataclass(frozen=True, eq=False)
class Options:
    """The options say what may be chosen, and which design a choice makes.

    Each option has its values, the first of which is the one to begin with.
    """

    values: Mapping[str, Sequence[Any]]
    design: Callable[[Pick], Design]
    reluctant: Collection[Any] = ()
    """Values that are taken only where they are clearly better."""
    _fits: dict[tuple[Pick, bytes], Fitted] = field(default_factory=dict, init=False)
    """Without two groups a fit is the same whichever was left out first."""

    @property
    def first(self) -> Pick:
        """The choice to begin with."""
        return tuple(values[0] for values in self.values.values())

    def predict(self, choice: Pick) -> Predict:
        """Times of some measurements by a fit to others, under `choice`."""
        made = self.design(choice)

        def times(train: Ints, test: Ints) -> Floats:
            key = (choice, train.tobytes())
            if key not in self._fits:
                self._fits[key] = fit(made, train)
            return self._fits[key].predict(test)

        return times


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Nested cross-validation: predictions of families that neither fit nor choice has seen."""

    predicted: Floats
    """The predicted times (N,) [s]."""
    low: Floats
    """(N,) ends of the 90 % interval, from the other families' errors alone [s]."""
    high: Floats
    choices: tuple[Pick, ...]
    """What was chosen without each group."""


def left_out(predict: Predict, groups: Sequence[str], places: Ints) -> Floats:
    """Return predictions (k,) of the measurements at `places`.

    Each group's predictions come from the other groups there.
    """
    predicted = np.empty(len(places))
    for inside in folds.grouped([groups[place] for place in places]):
        rest = np.setdiff1d(np.arange(len(places)), inside)
        predicted[inside] = predict(places[rest], places[inside])
    return predicted


def choose(
    options: Options, measured: Floats, groups: Sequence[str], places: Ints
) -> tuple[Pick, Floats]:
    """Return the choice that predicts left-out groups best, and its log-errors (k,).

    The best choice is the one of the least mean absolute log-error. Errors are averaged within each
    group, then over the groups: a new family is what is to be predicted, however many members the
    known ones have. One option is chosen after the other, the rest as chosen so far: their effects
    hardly depend on one another.
    """
    tried: dict[Pick, Floats] = {}

    def errors(choice: Pick) -> Floats:
        if choice not in tried:
            tried[choice] = np.log(
                measured[places] / left_out(options.predict(choice), groups, places)
            )
        return tried[choice]

    best = options.first
    inside = folds.grouped([groups[place] for place in places])
    for place, values in enumerate(options.values.values()):
        for value in values[1:]:
            other = (*best[:place], value, *best[place + 1 :])
            each = np.abs(errors(best)) - np.abs(errors(other))
            gain = np.array([each[group].mean() for group in inside])
            margin = CLEARLY if value in options.reluctant else 0
            if gain.mean() > margin * gain.std() / np.sqrt(len(gain)):
                best = other
    return best, errors(best)


def nested(
    options: Options,
    measured: Floats,
    groups: Sequence[str],
    regrouped: Callable[[Ints], Sequence[str]],
) -> HeldOut:
    """Predict each group by what is chosen and fitted from the others.

    The interval is taken from the others too. `regrouped` gives the groups where only some
    measurements are known: inside a single family, its networks.
    """
    every = np.arange(len(groups))
    predicted, low, high = np.empty((3, len(groups)))
    choices = []
    for inside in watched(folds.grouped(groups), "leaving out", "groups"):
        rest = np.setdiff1d(every, inside)
        best, others, errors = options.first, regrouped(rest), np.zeros(0)
        if len({others[place] for place in rest}) > 1:
            best, errors = choose(options, measured, others, rest)
        predicted[inside] = options.predict(best)(rest, inside)
        low[inside], high[inside] = (predicted[inside] * end for end in spread(errors))
        choices.append(best)
    return HeldOut(predicted, low, high, tuple(choices))
