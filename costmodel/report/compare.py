"""Several networks on several machines: a table, and charts of times and accuracies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from costmodel.report.chart import Chart, axis, line, named, numbered, stacked
from costmodel.report.exposed import exposed_totals
from costmodel.report.numbers import columns, count, short, si
from costmodel.report.text import convention_words
from costmodel.studies.comparison import Pair
from costmodel.studies.run import Run

FAR = 30
"""Times the shortest run from which a linear axis would hide it."""
OPTIONAL = ("90 % interval", "energy_J", "accuracy_%")
"""Columns of the table that not every comparison has."""


def text(entries: Sequence[Pair]) -> str:
    """The table, and which conventions it was made under."""
    chosen = entries[0].run.policies
    notes = [
        f"convention {convention_words(chosen)} for every row, batch {chosen.batch}; dtype, "
        "placement and timing as each file asks, or as given",
        *_notes(entries),
    ]
    if any(entry.accuracy is not None for entry in entries):
        notes.append("accuracy: top-1 as published by the papers, not predicted")
    return "\n".join([*columns(_table(entries), left=3), *notes])


def _table(entries: Sequence[Pair]) -> list[list[str]]:
    """A line for each pair under the columns' names; those of OPTIONAL where any pair has them."""
    rows = [_row(entry) for entry in entries]
    names = [
        name for name in rows[0] if name not in OPTIONAL or any(row[name] != "-" for row in rows)
    ]
    return [names, *([row[name] for name in names] for row in rows)]


def _row(entry: Pair) -> dict[str, str]:
    """The cells of a pair by their columns' names."""
    record, interval = entry.record, entry.run.interval
    return {
        "architecture": entry.label,
        **{word: record[word] for word in ("hardware", "dtype")},
        **{word: count(record[word]) for word in ("params", "macs", "ops")},
        "bus_MB": short(record["external_bytes"] / 1e6),
        "total_s": short(record["total_time_s"]),
        "90 % interval": "-" if interval is None else " to ".join(map(short, interval)),
        "energy_J": "-" if entry.run.energy is None else short(entry.run.energy),
        "samples/s": f"{record['samples_per_s']:.4g}",
        **{word: record[word] for word in ("bound", "standing")},
        "accuracy_%": "-" if entry.accuracy is None else f"{entry.accuracy:g}",
    }


def _notes(entries: Sequence[Pair]) -> list[str]:
    """What stands behind the rows, where that is not the same or not much."""
    grades = {entry.run.standing.grade: entry.run.standing.graded for entry in entries}
    mixed = ["rows of different standing: " + " and ".join(sorted(grades))]
    assumed = {
        entry.run.profile.name: entry.run.profile.assumptions(entry.run.policies.dtype)
        for entry in entries
    }
    return [
        *mixed * (len(grades) > 1),
        *(line for grade, line in grades.items() if grade == "datasheet"),
        *(
            f"assumed of {name}: {', '.join(words)} ('simulate' says why)"
            for name, words in assumed.items()
            if words
        ),
        *dict.fromkeys(
            f"energy of {entry.run.profile.name}: {entry.run.energy_standing.line}"
            for entry in entries
            if entry.run.energy_standing is not None
        ),
        *marks(entry.run for entry in entries),
        *(
            f"{entry.label} on {entry.run.profile.name} is far from what was measured: "
            + "; ".join(entry.run.doubts)
            for entry in entries
            if entry.run.doubts
        ),
    ]


def marks(runs: Iterable[Run]) -> list[str]:
    """What is missing of networks, and which machines compute in wider types, each once."""
    told = (what for run in runs for what in run.named_marks.values())
    return list(dict.fromkeys(told))


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
    bars = stacked(spent)
    if log:
        bars["legend"] = [[word, f"mostly {label}"] for word, label in bars["legend"]]
    low, high = (
        [None if run.interval is None else run.interval[end] / run.samples for run in runs]
        for end in (0, 1)
    )
    notes = [
        *["axis logarithmic: hues tell what takes most"] * log,
        *["whiskers: 90 % interval"] * any(end is not None for end in low),
    ]
    return {
        "kind": "bars",
        "title": "Modelled time per sample",
        "x": axis("time per sample", "s", log=log, zero=True),
        "names": [
            f"{named(entry.label)}, {named(run.profile.name)}, {run.policies.dtype} "
            f"({run.standing.grade})"
            for entry, run in zip(entries, runs, strict=True)
        ],
        **bars,
        "ends": [si(time, "s", 3) for time in times],
        "low": low,
        "high": high,
        "note": "; ".join(notes),
    }


def accuracy_charts(entries: Sequence[Pair], dataset: str = "") -> list[Chart]:
    """Published accuracy against modelled time, one chart per machine; the fastest comes first."""
    graded: dict[str, list[tuple[float, float, int, str]]] = {}
    for place, entry in enumerate(entries):
        if entry.accuracy is not None:
            point = (entry.run.total_time / entry.run.samples, entry.accuracy, place, entry.label)
            graded.setdefault(entry.run.profile.name, []).append(point)
    return [
        _accuracy_chart(sorted(known), f"{dataset} on {named(name)}" if dataset else named(name))
        for name, known in graded.items()
    ]


def _accuracy_chart(known: list[tuple[float, float, int, str]], title: str) -> Chart:
    """Number points, and draw a staircase through the most accurate at their time.

    `known` has a time per sample [s], an accuracy [%], a line of the table and a label for each.
    """
    points = [[time, accuracy] for time, accuracy, _, _ in known]
    best = np.maximum.accumulate([accuracy for _, accuracy in points]).tolist()
    pairs = list(zip(points, best, strict=True))
    stairs = [[time, top] for (time, _), top in pairs]
    return {
        "kind": "marks",
        "title": f"Published accuracy against modelled time, {title}",
        "x": axis("time per sample", "s", log=True),
        "y": axis("published top-1 accuracy [%]"),
        "lines": [line(stairs, "accent", "the most accurate at their time", steps=True)],
        "points": points,
        "hues": ["accent" if accuracy == top else "overhead" for (_, accuracy), top in pairs],
        "places": [place for _, _, place, _ in known],
        **numbered(
            points,
            [
                f"{named(label)}: {accuracy:g} %, {si(time, 's')}"
                for time, accuracy, _, label in known
            ],
        ),
    }


def charts(entries: Sequence[Pair], dataset: str | None) -> dict[str, list[Chart]]:
    """The charts of every picture, by the names of their files."""
    graded = accuracy_charts(entries, dataset or "")
    return {"compare.png": [time_chart(entries)]} | ({"accuracy.png": graded} if graded else {})
