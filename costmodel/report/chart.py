"""What a chart specification is: plain data that `painter` draws to files and charts.js on pages.

Every chart has a `kind`, a `title`, and where there is something to say `about` (what was run and
by which rules, under the title in a file; a page says it once, at its head), `note`, `legend`
([[hue, text], ...]), `legend_title` and `key` ([[mark, text], ...]: what labelled points are). Hues
are words of `palette`. ChartPage are in SI units. The kinds:

- `bars`: `names` of N bars along the axis `x`, and `parts` ({hue: N figures}) stacked from `base`,
  zero where nothing else is said; `ends` (N texts beside the bars, or pairs for both ends), `low`
  and `high` (N ends of intervals, None where there are none), `places` (N lines of the page's
  table). Bars that are `ordered` stand upright without names where they are many.
- `marks`: axes `x` and `y`; `lines` ({points, or x or y alone; hue, name, dashes, steps, marked}),
  `points` ([[x, y], ...] with `hues`, `places`, and `edges`: True for one that belongs further
  right), `labels` ([[x, y, text], ...]), `areas` ({x, layers: [[hue, name, figures], ...]}),
  `strip` ([[from, to, hue], ...] along the upper edge), `shade` ({values, unit, label}: a further
  figure of each point), `roofs` ({hue, name, rate, bandwidth, dashes}: min(rate, bandwidth x)).
- `heat`: axes `x` and `y` with `values`, or `choices` in words; `values` (Y by X), `unit`, `label`;
  `bound` (Y by X numbers of `regions`, which are names).
- `lanes`: `lanes` ({hue, name, share, start, length, row, early}: when each is busy, `early` for
  later rows in the `early_hue`), `total` [s].
- `memory`: `boxes` ({start, end, offset, size, name} as columns), `alive` (bytes in each
  row), `limit` and `limit_name`, `pinned` ([from, to] or None), `top` [B].
- `parallel`: `axes` and `marked`, on pages alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from costmodel.core.lanes import labels
from costmodel.language.harmless import harmless
from costmodel.report.palette import SERIES
from costmodel.studies.run import Run

Chart = dict[str, Any]
ALWAYS = ("transfer", "matrix", "host")
"""Lanes that pictures show even where they take no time."""
LONGEST = 60
"""[characters] of a name in a picture."""


def axis(label: str, unit: str = "", *, log: bool = False, zero: bool = False) -> Chart:
    """Describe an axis, logarithmic or from zero if asked to."""
    return {"label": label, "unit": unit, "log": log, "zero": zero}


def line(points: Any, hue: str, name: str = "", **more: Any) -> Chart:
    """Describe a line through points (N, 2)."""
    return {"points": points, "hue": hue, "name": name, **more}


def named(name: str) -> str:
    """A name as a picture may show it."""
    return harmless(name, LONGEST)


def series(number: int) -> str:
    """The hue of a series that is no lane."""
    return SERIES[number % len(SERIES)]


def lanes_shown(times: Mapping[str, Any]) -> dict[str, Any]:
    """The lanes that a picture shows, of arrays of their times [s]."""
    return {word: value for word, value in times.items() if word in ALWAYS or value.any()}


def legend_of(lanes: Any) -> list[list[str]]:
    """Return a legend of lanes: their hues and labels."""
    return [[word, labels()[word]] for word in lanes]


def numbered(points: Sequence[Any], texts: Sequence[str]) -> Chart:
    """Number points from 1, and say in the key what each number stands for."""
    return {
        "labels": [[*point, str(number)] for number, point in enumerate(points, start=1)],
        "key": [[str(number), text] for number, text in enumerate(texts, start=1)],
    }


def stacked(spent: Sequence[Mapping[str, float]]) -> Chart:
    """Stack bars by lane: the parts and the legend, of the time that each bar spends in them."""
    used = [word for word in labels() if any(parts.get(word) for parts in spent)]
    parts = {word: [times.get(word, 0.0) for times in spent] for word in used}
    return {"parts": parts, "legend": legend_of(used)}


def about(run: Run) -> list[str]:
    """What was simulated, and by which rules."""
    chosen = run.policies
    return [
        f"{named(run.network.name)} on {named(run.profile.name)}",
        f"{chosen.timed_convention}, {chosen.placement}, {chosen.traffic}, {chosen.timing}, "
        f"{chosen.dtype}, batch {chosen.batch}; times {run.standing.grade}",
    ]
