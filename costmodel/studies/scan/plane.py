"""The total over two axes of a grid, be they figures of the machine or of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.terms import RUN_LANES
from costmodel.studies.scan.results import Outcome


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two axes."""

    name: str
    values: list[Any]
    logarithmic: bool = False
    structural: bool = False
    """True: its values are choices, not a continuum."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A grid of Y by X points."""

    y: Side
    x: Side
    total: NDArray[np.float64]
    """(Y, X) [s]."""
    lanes: dict[str, NDArray[np.float64]]
    """The time of each thing that can be busy (Y, X) [s]."""

    @classmethod
    def of(cls, outcome: Outcome, most: int) -> Plane | None:
        """The plane of a scan of at most `most` points, or None: it has not two axes."""
        space = outcome.plan.space
        if space.sample != "grid" or not 0 < space.points <= most:
            return None
        sides = [
            Side(
                name,
                list(dict.fromkeys(_plain(m.labels[name]) for m in space.models)),
                structural=True,
            )
            for name in space.models[0].labels
        ]
        sides = [side for side in sides if len(side.values) > 1]
        sides += [
            Side(axis.name, list(axis.grid()), axis.scale == "log", axis.scale == "list")
            for axis in space.axes
        ]
        shape = tuple(len(side.values) for side in sides)
        if len(sides) != 2 or shape[0] * shape[1] != space.points:
            return None
        found = [
            outcome.plan.columns(start, start + space.per_model)[1]
            for start in range(0, space.points, space.per_model)
        ]

        def grid(word: str) -> NDArray[np.float64]:
            parts = [np.broadcast_to(one[word], space.per_model) for one in found]
            return np.concatenate(parts).reshape(shape)

        lanes = [word for word in RUN_LANES if all(f"{word}_time" in one for one in found)]
        y, x = sides
        return cls(y, x, grid("total_time"), {word: grid(f"{word}_time") for word in lanes})


def _plain(value: Any) -> Any:
    """A structural value as an axis shows it: numbers stay numbers."""
    return value if isinstance(value, int | float | str) else str(value)
