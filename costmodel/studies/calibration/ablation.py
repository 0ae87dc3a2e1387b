"""What each feature of the model is worth, and how many measurements are enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from costmodel.studies.calibration.additive import Additive
from costmodel.studies.calibration.candidates import PLACEMENTS, TIMING, Bench, Way
from costmodel.studies.calibration.crossval import Choice, Predict, choose, left_out
from costmodel.studies.calibration.design import Floats, Ints
from costmodel.studies.calibration.relative_errors import of

SIZES = (5, 10, 20, 50, 80)
"""Measurements that a learning curve is fitted to."""
DRAWS = 10
"""Random choices of each size."""
Record = dict[str, Any]


def ablations(bench: Bench, choice: Choice) -> list[Record]:
    """Cross-validate by groups with one feature less, or another one, than `choice`.

    The whole model comes first.
    """
    way = Way(*choice)
    variants: dict[str, Choice] = {"everything": choice}
    variants |= {
        f"without {word}": way._replace(passes=tuple(p for p in way.passes if p != word))
        for word in way.passes
    }
    variants["the graph as exported"] = way._replace(passes=())
    for word in way.terms:
        variants[f"without {word}"] = way._replace(terms=tuple(t for t in way.terms if t != word))
    for shape in bench.options.values["engine"]:
        words = shape.words if shape else "without tiles"
        variants[f"kernels: {words}"] = way._replace(engine=shape)
    for word in dict.fromkeys((TIMING, "serial", "overlap")):
        variants[f"timing {word}"] = way._replace(timing=word)
    for word in PLACEMENTS:
        variants[f"placement {word}"] = way._replace(placement=word)
    measured, every = bench.measured, np.arange(len(bench.measured))
    done: dict[Choice, Record] = {}
    for one in variants.values():
        if one not in done:
            done[one] = of(
                left_out(bench.options.predict(one), bench.groups, every), measured
            ).model_dump()
    return [
        {"model": word, **done[one]}
        for word, one in variants.items()
        if word == "everything" or one != choice
    ]


def learning_curve(
    bench: Bench, crude: Additive, uncalibrated: Floats, seed: int = 0
) -> list[Record]:
    """Return the errors on the networks that were not drawn, for random draws of each size.

    Everything is chosen from the drawn ones.
    """
    measured, rng = bench.measured, np.random.default_rng(seed)

    def calibrated(train: Ints, test: Ints) -> Floats:
        best, _ = choose(bench.options, measured, bench.groups_of(train), train)
        return bench.options.predict(best)(train, test)

    models: dict[str, Predict] = {
        "calibrated": calibrated,
        "crude additive model": crude.predict,
        "base profile": lambda _, test: uncalibrated[test],
    }
    sizes = [size for size in SIZES if size < len(measured)]
    return [
        {"measurements": size, "model": word, **_mean(_drawn(model, measured, size, rng))}
        for size in sizes
        for word, model in models.items()
    ]


def _drawn(
    model: Predict, measured: Floats, size: int, rng: np.random.Generator
) -> Iterator[Record]:
    for _ in range(DRAWS):
        order = rng.permutation(len(measured))
        train, test = np.sort(order[:size]), np.sort(order[size:])
        yield of(model(train, test), measured[test]).model_dump()


def _mean(records: Iterator[Record]) -> Record:
    listed: Sequence[Record] = list(records)
    return {key: round(float(np.mean([one[key] for one in listed])), 4) for key in listed[0]}
