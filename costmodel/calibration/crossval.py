"""Honest errors: everything that is chosen or fitted is chosen and fitted without the family that is predicted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from costmodel.calibration import folds
from costmodel.calibration.design import Design, Floats, Ints
from costmodel.calibration.fit import Fitted, fit
from costmodel.calibration.interval import spread

Predict = Callable[[Ints, Ints], Floats]  # times [s] of the second places, learnt from the first


@dataclass(frozen=True, eq=False)
class Candidate:
    """One way to model the machine's software: rewrites of the graph, and the design they make."""

    passes: tuple[str, ...]
    design: Design

    def predict(self, train: Ints, test: Ints) -> Floats:
        """Times [s] of `test` by a fit to `train`."""
        return fit(self.design, train).predict(test)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Nested cross-validation: predictions of families that neither fit nor choice has seen."""

    predicted: Floats  # (N,) [s]
    low: Floats  # (N,) ends of the 90 % interval, from the other families' errors alone [s]
    high: Floats


def left_out(predict: Predict, groups: Sequence[str], places: Ints) -> Floats:
    """Predictions (k,) of the measurements at `places`, each group's from the other groups there."""
    found = np.empty(len(places))
    for inside in folds.grouped([groups[place] for place in places]):
        rest = np.setdiff1d(np.arange(len(places)), inside)
        found[inside] = predict(places[rest], places[inside])
    return found


def choose(
    candidates: Sequence[Candidate], groups: Sequence[str], places: Ints
) -> tuple[Candidate, Floats]:
    """The candidate that predicts left-out groups best, by mean absolute log-error, and its log-errors (k,)."""
    measured = candidates[0].design.measured[places]
    errors = [np.log(measured / left_out(one.predict, groups, places)) for one in candidates]
    best = int(np.argmin([np.abs(found).mean() for found in errors]))
    return candidates[best], errors[best]


def nested(candidates: Sequence[Candidate], groups: Sequence[str]) -> HeldOut:
    """Each group predicted by the candidate chosen, the fit made and the interval taken from the others."""
    every = np.arange(len(groups))
    predicted, low, high = np.empty((3, len(groups)))
    for inside in folds.grouped(groups):
        rest = np.setdiff1d(every, inside)
        others = [groups[place] for place in rest]
        best, errors = (
            choose(candidates, groups, rest)
            if len(set(others)) > 1
            else (candidates[0], np.zeros(0))
        )
        predicted[inside] = best.predict(rest, inside)
        ends = spread(errors)
        low[inside], high[inside] = (predicted[inside] * end for end in ends)
    return HeldOut(predicted, low, high)


def final(candidates: Sequence[Candidate], groups: Sequence[str]) -> tuple[Candidate, Fitted]:
    """The candidate chosen and fitted on everything."""
    every = np.arange(len(groups))
    best, _ = choose(candidates, groups, every)
    return best, fit(best.design, every)
