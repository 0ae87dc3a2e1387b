"""The levels of a machine in words: what crosses each, how long it takes, and what it costs."""

from __future__ import annotations

from costmodel.hardware.levels import Level
from costmodel.language import units
from costmodel.report.numbers import columns, percent, si
from costmodel.studies.levels import LevelFigures, level_figures
from costmodel.studies.run import Run

BAR = 20
"""[characters] of the longest bar."""


def level_lines(run: Run) -> list[str]:
    """One line for each level: bytes over its inner boundary, their bound, time and energy.

    Bars stand for energy where it is stated, else for bytes. The bound is what no schedule of the
    class goes below (docs/levels.md).
    """
    levels = level_figures(run)
    if not levels:
        return []
    sizes = _weights(levels)
    most = max(sizes) or 1.0
    rows = [
        [*_words(level), "#" * round(BAR * size / most)]
        for level, size in zip(levels, sizes, strict=True)
    ]
    first, *others = columns(rows)
    blank = "\n" + " " * 22
    return [f"Levels                {blank.join([first, *others])}"]


def _weights(levels: list[LevelFigures]) -> list[float]:
    """What the bars stand for: joules [J], or bytes [B] where some level states no energy."""
    joules = [float(level.energy.sum()) for level in levels if level.energy is not None]
    if len(joules) == len(levels):
        return joules
    return [float(level.bytes.sum()) for level in levels]


def _words(level: LevelFigures) -> list[str]:
    """The figures of a level as texts; '-' for what is not known."""
    moved = float(level.bytes.sum())
    bound = "-"
    if level.bound is not None and level.gap is not None:
        least = float(level.bound.sum())
        bound = f"bound {si(least, 'B')} (+{percent(level.gap, 1.0)})"
    time = "-" if level.time is None else si(float(level.time.sum()), "s")
    energy = "-" if level.energy is None else si(float(level.energy.sum()), "J")
    return [level.name, si(moved, "B"), bound, time, energy]


def sizes_in_words(run: Run) -> list[str]:
    """The levels on chip and their sizes, for the header of a report."""
    return [f"{level.name} {size_in_words(level)}" for level in run.profile.levels if level.size]


def size_in_words(level: Level) -> str:
    """The size of a level, and whether it has second buffers; of the external memory that it is."""
    if level.size is None:
        return "external"
    words = f"{units.show(level.size, 'memory')}{' in each element' if level.per else ''}"
    return f"{words}, double" if level.buffering == "double" else words
