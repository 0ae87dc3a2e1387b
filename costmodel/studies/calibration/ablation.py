"""What each feature of the model is worth, and how many measurements are enough."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from costmodel.core.arrays import Floats, Ints
from costmodel.studies.calibration.additive import Additive
from costmodel.studies.calibration.candidates import PLACEMENTS, TIMING, Bench, Way
from costmodel.studies.calibration.crossval import Pick, Predict, choose, left_out
from costmodel.studies.calibration.relative_errors import of

SIZES = (5, 10, 20, 50, 80)
"""Measurements that a learning curve is fitted to."""
DRAWS = 10
"""Random choices of each size."""


def ablations(bench: Bench, choice: Pick) -> list[dict[str, Any]]:
    """Cross-validate by groups with one feature less, or another one, than `choice`.

    The whole model comes first.
    """
    way = Way(*choice)
    variants = {"everything": way}
    for word in way.passes:
        variants[f"without {word}"] = way._replace(passes=_without(word, way.passes))
    variants["the graph as exported"] = way._replace(passes=())
    for word in way.terms:
        variants[f"without {word}"] = way._replace(terms=_without(word, way.terms))
    for shape in bench.options.values["engine"]:
        words = shape.words if shape else "without tiles"
        variants[f"kernels: {words}"] = way._replace(engine=shape)
    for word in (TIMING, "serial", "overlap"):
        variants[f"timing {word}"] = way._replace(timing=word)
    for word in PLACEMENTS:
        variants[f"placement {word}"] = way._replace(placement=word)

    @cache
    def errors(variant: Way) -> dict[str, float]:
        every, predict = np.arange(len(bench.measured)), bench.options.predict(variant)
        return of(left_out(predict, bench.groups, every), bench.measured).model_dump()

    return [
        {"model": word, **errors(variant)}
        for word, variant in variants.items()
        if word == "everything" or variant != way
    ]


def learning_curve(
    bench: Bench, crude: Additive, uncalibrated: Floats, seed: int = 0
) -> list[dict[str, Any]]:
    """Return the errors on the networks that were not drawn, for random draws of each size.

    Everything is chosen from the drawn ones.
    """
    measured, rng = bench.measured, np.random.default_rng(seed)

    def calibrated(train: Ints, test: Ints) -> Floats:
        best, _ = choose(bench.options, measured, bench.groups_of(train), train)
        return bench.options.predict(best)(train, test)

    def mean_errors(model: Predict, size: int) -> dict[str, float]:
        drawn = []
        for _ in range(DRAWS):
            order = rng.permutation(len(measured))
            train, test = np.sort(order[:size]), np.sort(order[size:])
            drawn.append(of(model(train, test), measured[test]).model_dump())
        return {key: round(float(np.mean([one[key] for one in drawn])), 4) for key in drawn[0]}

    models: dict[str, Predict] = {
        "calibrated": calibrated,
        "crude additive model": crude.predict,
        "base profile": lambda _, test: uncalibrated[test],
    }
    return [
        {"measurements": size, "model": word, **mean_errors(model, size)}
        for size in SIZES
        if size < len(measured)
        for word, model in models.items()
    ]


def _without(word: Any, words: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(other for other in words if other != word)
