"""Several networks on several machines: a table, and charts of times and accuracies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from costmodel.core.terms import RUN_LANES
from costmodel.report import painter
from costmodel.report.chart import Chart, axis, legend_of, line, named
from costmodel.report.exposed import exposed_totals
from costmodel.report.numbers import columns, count, short, si
from costmodel.studies.comparison import Pair
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAR = 30
"""Times the shortest run from which a linear axis would hide it."""


def text(entries: Sequence[Pair]) -> str:
    """The table, and which conventions it was made under."""
    chosen = entries[0].run.policies
    convention = chosen.convention
    if chosen.timed_convention != convention:
        convention += f" (printed only; times under {chosen.timed_convention})"
    notes = [
        f"convention {convention} for every row, batch {chosen.batch}; dtype, placement and timing "
        "as each file asks, or as given",
        *_mixed(entries),
        *_assumed(entries),
        *_doubts(entries),
    ]
    if any(entry.accuracy is not None for entry in entries):
        notes.append("accuracy: top-1 as published by the papers, not predicted")
    return "\n".join([*columns(_table(entries), left=3), *notes])


def _table(entries: Sequence[Pair]) -> list[list[str]]:
    """One line for each pair under the columns' names."""
    known = any(entry.run.interval for entry in entries)
    graded = any(entry.accuracy is not None for entry in entries)
    head = [
        "architecture",
        "hardware",
        "dtype",
        "params",
        "macs",
        "ops",
        "bus_MB",
        "total_s",
        *["90 % interval"] * known,
        "samples/s",
        "bound",
        "standing",
    ]
    lines = [head + (["accuracy_%"] if graded else [])]
    for entry in entries:
        record = entry.record
        row = [
            entry.label,
            record["hardware"],
            record["dtype"],
            count(record["params"]),
            count(record["macs"]),
            count(record["ops"]),
            short(record["external_bytes"] / 1e6),
            short(record["total_time_s"]),
            *[_interval(entry.run)] * known,
            f"{record['samples_per_s']:.4g}",
            record["bound"],
            record["standing"],
        ]
        lines.append(
            row + ([f"{entry.accuracy:g}" if entry.accuracy is not None else "-"] * graded)
        )
    return lines


def _mixed(entries: Sequence[Pair]) -> list[str]:
    """That measured machines stand beside others, and how far these may be off."""
    lines = {entry.run.standing.grade: entry.run.standing.line for entry in entries}
    if len(lines) == 1:
        return [next(iter(lines.values()))] if "datasheet" in lines else []
    return ["rows of different standing: " + " and ".join(sorted(lines)), *_far(lines)]


def _far(lines: dict[str, str]) -> list[str]:
    return [lines["datasheet"]] if "datasheet" in lines else []


def _interval(run: Run) -> str:
    return "-" if run.interval is None else " to ".join(map(short, run.interval))


def _doubts(entries: Sequence[Pair]) -> list[str]:
    """Which pairs are unlike what their profile was calibrated on."""
    return [
        f"{entry.label} on {entry.run.profile.name} is far from what was measured: "
        + "; ".join(entry.run.doubts)
        for entry in entries
        if entry.run.doubts
    ]


def _assumed(entries: Sequence[Pair]) -> list[str]:
    """ChartPage of the machines that are assumed."""
    assumed = {e.run.profile.name: e.run.profile.assumptions(e.run.policies.dtype) for e in entries}
    return [
        f"assumed of {name}: {', '.join(words)} ('simulate' says why)"
        for name, words in assumed.items()
        if words
    ]


def time_chart(entries: Sequence[Pair]) -> Chart:
    """A bar for each pair, stacked by what its time is spent on; intervals where they are known.

    Where the times are far apart the axis is logarithmic, and a bar has the hue of what takes most.
    """
    runs = [entry.run for entry in entries]
    times = [run.total_time / run.samples for run in runs]
    log = min(times) > 0 and max(times) > FAR * min(times)
    spent = [
        {run.bottleneck: time}
        if log
        else {word: part / run.samples for word, part in exposed_totals(run).items()}
        for run, time in zip(runs, times, strict=True)
    ]
    used = [word for word in RUN_LANES if any(parts.get(word) for parts in spent)]
    ends = [(None, None) if run.interval is None else run.interval for run in runs]
    low, high = (
        [end if end is None else end / run.samples for end, run in zip(side, runs, strict=True)]
        for side in zip(*ends, strict=True)
    )
    return {
        "kind": "bars",
        "title": "Modelled time per sample",
        "x": axis("time per sample", "s", log=log, zero=True),
        "names": [
            f"{named(entry.label)}, {named(run.profile.name)}, {run.policies.dtype} "
            f"({run.standing.grade})"
            for entry, run in zip(entries, runs, strict=True)
        ],
        "parts": {word: [parts.get(word, 0.0) for parts in spent] for word in used},
        "ends": [si(time, "s", 3) for time in times],
        "low": low,
        "high": high,
        "legend": [[word, f"mostly {RUN_LANES[word].label}"] for word in used]
        if log
        else legend_of(used),
        "note": "; ".join(
            ["axis logarithmic: hues tell what takes most"] * log
            + ["whiskers: 90 % interval"] * any(end is not None for end in low)
        ),
    }


def accuracy_charts(entries: Sequence[Pair], dataset: str = "") -> list[Chart]:
    """Published accuracy against modelled time, one chart per machine; the fastest comes first."""
    graded = [entry for entry in entries if entry.accuracy is not None]
    return [
        _accuracy_chart(
            [entry for entry in graded if entry.run.profile.name == name],
            [place for place, entry in enumerate(entries) if entry.run.profile.name == name],
            f"{dataset} on {named(name)}" if dataset else named(name),
        )
        for name in dict.fromkeys(entry.run.profile.name for entry in graded)
    ]


def _accuracy_chart(entries: Sequence[Pair], places: Sequence[int], title: str) -> Chart:
    """Numbered points, and a staircase through those that are the most accurate at their time."""
    known = sorted(
        (entry.run.total_time / entry.run.samples, entry.accuracy or 0.0, place, entry.label)
        for entry, place in zip(entries, places, strict=True)
    )
    points = [[time, accuracy] for time, accuracy, _, _ in known]
    best = np.maximum.accumulate([accuracy for _, accuracy in points]).tolist()
    stairs = [[time, top] for (time, _), top in zip(points, best, strict=True)]
    hues = ["accent" if a == top else "overhead" for (_, a), top in zip(points, best, strict=True)]
    return {
        "kind": "marks",
        "title": f"Published accuracy against modelled time, {title}",
        "x": axis("time per sample", "s", log=True),
        "y": axis("published top-1 accuracy [%]"),
        "lines": [line(stairs, "accent", "the most accurate at their time", steps=True)],
        "points": points,
        "hues": hues,
        "places": [place for _, _, place, _ in known],
        "labels": [[*point, str(number)] for number, point in enumerate(points, start=1)],
        "key": [
            [str(number), f"{named(label)}: {accuracy:g} %, {si(time, 's')}"]
            for number, (time, accuracy, _, label) in enumerate(known, start=1)
        ],
    }


def time_figure(entries: Sequence[Pair]) -> Figure:
    """The times as a picture."""
    return painter.figure(time_chart(entries))


def accuracy_figure(entries: Sequence[Pair], dataset: str) -> Figure:
    """The accuracies as a picture, one panel per machine."""
    return painter.figure(*accuracy_charts(entries, dataset))
