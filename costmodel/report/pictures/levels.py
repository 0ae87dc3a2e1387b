"""The memories of a machine inside one another, and what crosses between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import Any, ClassVar

from costmodel.core.amounts import crossings
from costmodel.errors import BadValue
from costmodel.report.chart import Chart, named
from costmodel.report.hierarchy import size_in_words
from costmodel.report.numbers import percent, si
from costmodel.report.plots import ChartPicture
from costmodel.studies.levels import LevelFigures, level_figures
from costmodel.studies.run import Run

THICK = 0.16
"""Of the height, the arrow of most bytes."""
LEAST = 0.006
"""Of the height, the thinnest arrow."""
INSET = 0.085
"""Of the height, by which each box lies inside the one around it."""


class LevelsPicture(ChartPicture):
    """One box for each level, with arrows as wide as the root of the bytes, coloured by energy."""

    source: ClassVar[str] = "this project"
    needs: ClassVar[str] = "the profile states no levels by name"

    def applies(self, run: Run) -> bool:
        """Whether the machine states its levels by name."""
        return bool(run.machine.level_names)

    def chart(self, run: Run) -> Chart:
        """The external memory outside, the engine inside.

        Raises BadValue where the machine states no levels.
        """
        levels = level_figures(run)
        if not levels:
            raise BadValue(self.needs, "add 'levels: [...]' to it")
        sides = _sides(run)
        edges = _edges(len(levels) + 1)
        return {
            "kind": "levels",
            "title": "What crosses between the memories",
            "boxes": [*_boxes(run, levels, edges), _engine(run, edges[-1], len(levels))],
            "arrows": _arrows(levels, sides, edges),
            "texts": _texts(levels, edges),
            "unit": "J",
            "label": "energy of a level",
            "note": "width of an arrow: root of the bytes that cross",
        }


def _edges(boxes: int) -> list[float]:
    """Where each box begins from the left, as a share of the width; the boxes end in steps too."""
    return [0.006 + n * 0.8 / boxes for n in range(boxes)]


def _sides(run: Run) -> list[tuple[float, float]]:
    """Bytes inwards and outwards over every boundary, all rows together [B]."""
    point = run.result.point
    placed = run.result.placed
    shape = placed.moved.read.shape
    sides = []
    for one in crossings(run.workload, placed):
        ways = [float((way if way.ndim == 1 else way[point]).sum()) for way in (one.down, one.up)]
        sides.append((ways[0], ways[1]))
    assert len(shape) == 2
    return sides


def _box(place: int, left: float, name: str, under: str, hue: str) -> dict[str, Any]:
    """A rectangle as shares of width and height from the top left, its name, and what is under."""
    top = 0.02 + place * INSET
    return {
        "left": left,
        "top": top,
        "wide": 1.0 - 0.006 - place * 0.014 - left,
        "high": 0.98 - place * INSET / 2 - top,
        "name": name,
        "under": under,
        "hue": hue,
    }


def _boxes(run: Run, levels: Sequence[LevelFigures], edges: list[float]) -> list[dict[str, Any]]:
    """One for each level, from the outside in."""
    hues = ["transfer", *(f"level_{n}" for n in range(1, len(levels)))]
    stated = run.profile.levels
    return [
        _box(n, edges[n], named(level.name), size_in_words(stated[n]), hue)
        for n, (level, hue) in enumerate(zip(levels, hues, strict=True))
    ]


def _engine(run: Run, left: float, place: int) -> dict[str, Any]:
    """The innermost box."""
    array = run.profile.array
    return _box(place, left, "engine", "" if array is None else array.words, "matrix")


def _arrows(
    levels: Sequence[LevelFigures], sides: Sequence[tuple[float, float]], edges: list[float]
) -> list[dict[str, Any]]:
    """Two for each boundary: inwards above, outwards below."""
    most = max([max(pair) for pair in sides] + [1.0])
    arrows = []
    for level, pair, (left, right) in zip(levels, sides, pairwise(edges), strict=True):
        energy = None if level.energy is None else float(level.energy.sum())
        for moved, middle, inwards in zip(pair, (0.47, 0.66), (True, False), strict=True):
            ends = [left + 0.012, right]
            arrows.append(
                {
                    "from": ends[0] if inwards else ends[1],
                    "to": ends[1] if inwards else ends[0],
                    "middle": middle,
                    "thick": max(THICK * sqrt(moved / most), LEAST) if moved else 0.0,
                    "value": energy,
                }
            )
    return arrows


def _texts(levels: Sequence[LevelFigures], edges: list[float]) -> list[dict[str, Any]]:
    """Beside each pair of arrows: the bytes, and how far they lie above the bound."""
    texts = []
    for n, (level, left) in enumerate(zip(levels, edges, strict=False)):
        above = "" if level.gap is None else f"{percent(level.gap, 1.0)} above the bound"
        if n == len(levels) - 1:
            above = "the engine's own"
        energy = "" if level.energy is None else si(float(level.energy.sum()), "J", 3)
        moved = si(float(level.bytes.sum()), "B", 3)
        texts.append({"left": left + 0.012, "top": 0.77, "lines": [moved, above, energy]})
    return texts
