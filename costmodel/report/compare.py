"""Several networks on several machines: one table, two pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report.numbers import columns, count, seconds, short
from costmodel.report.plots import named, new_figure
from costmodel.studies.comparison import Entry
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#222255")


def text(entries: Sequence[Entry]) -> str:
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


def _table(entries: Sequence[Entry]) -> list[list[str]]:
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


def _mixed(entries: Sequence[Entry]) -> list[str]:
    """That measured machines stand beside others, and how far these may be off."""
    found = {entry.run.standing.grade: entry.run.standing.line for entry in entries}
    if len(found) == 1:
        return [next(iter(found.values()))] if "datasheet" in found else []
    return ["rows of different standing: " + " and ".join(sorted(found)), *_far(found)]


def _far(found: dict[str, str]) -> list[str]:
    return [found["datasheet"]] if "datasheet" in found else []


def _interval(run: Run) -> str:
    return "-" if run.interval is None else " to ".join(map(short, run.interval))


def _doubts(entries: Sequence[Entry]) -> list[str]:
    """Which pairs are unlike what their profile was calibrated on."""
    return [
        f"{entry.label} on {entry.run.profile.name} is far from what was measured: "
        + "; ".join(entry.run.doubts)
        for entry in entries
        if entry.run.doubts
    ]


def _assumed(entries: Sequence[Entry]) -> list[str]:
    """Figures of the machines that are assumed."""
    found = {e.run.profile.name: e.run.profile.assumptions(e.run.policies.dtype) for e in entries}
    return [
        f"assumed of {name}: {', '.join(words)} ('simulate' says why)"
        for name, words in found.items()
        if words
    ]


def machines(entries: Sequence[Entry]) -> list[str]:
    """The hardware names in order."""
    return list(dict.fromkeys(entry.run.profile.name for entry in entries))


def time_figure(entries: Sequence[Entry]) -> Figure:
    """Time per sample of every pair, grouped by architecture, on a logarithmic axis."""
    labels = list(dict.fromkeys(entry.label for entry in entries))
    names = machines(entries)
    figure = new_figure(10, 1.8 + 0.22 * len(labels) * len(names) + 0.1 * len(labels))
    axes = figure.add_subplot()
    height = 0.8 / len(names)
    for number, name in enumerate(names):
        mine = [entry for entry in entries if entry.run.profile.name == name]
        y = [labels.index(entry.label) + number * height for entry in mine]
        times = [1e3 * entry.run.total_time / entry.run.samples for entry in mine]
        axes.barh(
            y,
            times,
            height=0.9 * height,
            color=PALETTE[number % len(PALETTE)],
            xerr=_whiskers(mine),
            error_kw={"lw": 1, "capsize": 2},
            label=f"{named(name)}, {mine[0].run.policies.dtype}; {mine[0].run.standing.grade}",
        )
        for place, time in zip(y, times, strict=True):
            axes.annotate(f" {seconds(time / 1e3)}", (time, place), va="center", fontsize=7)
    axes.set_yticks(
        np.arange(len(labels)) + 0.4 - height / 2, [named(word) for word in labels], fontsize=8
    )
    axes.set(
        xscale="log",
        xlabel="time per sample [ms]",
        ylim=(len(labels) - 0.1, -0.3),
        title="Modelled time per sample",
    )
    _plain_ticks(axes)
    axes.margins(x=0.12)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    if len(names) > 1:
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    return figure


def _whiskers(entries: Sequence[Entry]) -> Any:
    """How far the ends of the 90 % intervals lie from the times per sample (2, N) [ms]."""
    ends = [
        (
            run.total_time - (run.interval or (run.total_time,))[0],
            (run.interval or (run.total_time,))[-1] - run.total_time,
        )
        for run in (entry.run for entry in entries)
    ]
    samples = np.array([entry.run.samples for entry in entries])
    return 1e3 * np.array(ends).T / samples


def _plain_ticks(axes: Axes) -> None:
    """Numbers of a logarithmic axis written out: 40 instead of 4 x 10^1."""
    from matplotlib.ticker import LogFormatter

    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))


def accuracy_figure(entries: Sequence[Entry], dataset: str) -> Figure:
    """Published accuracy against modelled time, one panel per machine; points are numbered."""
    names = machines(entries)
    graded = [entry for entry in entries if entry.accuracy is not None]
    height = max(4.5, 0.185 * len(graded) / len(names) + 1)
    figure = new_figure(12, height * len(names))
    panels = figure.subplots(len(names), 1, squeeze=False)[:, 0]
    spots = []
    for axes, name in zip(panels, names, strict=True):
        mine = [entry for entry in graded if entry.run.profile.name == name]
        spots.append(_accuracy_panel(axes, mine, f"{dataset} on {named(name)}"))
    # fixes the layout, so that label boxes can be told apart
    figure.draw_without_rendering()
    for axes, points in zip(panels, spots, strict=True):
        _number(axes, points)
    return figure


def _accuracy_panel(axes: Axes, entries: Sequence[Entry], title: str) -> list[tuple[float, float]]:
    """Draw the points, fastest first, and list them in the legend; their places."""
    ordered = sorted(entries, key=lambda entry: entry.run.total_time)
    times = [1e3 * entry.run.total_time / entry.run.samples for entry in ordered]
    best = np.maximum.accumulate([entry.accuracy or 0 for entry in ordered])
    for number, (entry, time, top) in enumerate(zip(ordered, times, best, strict=True), start=1):
        axes.plot(
            time,
            entry.accuracy or 0,
            "o",
            color=PALETTE[0 if entry.accuracy == top else 6],
            markersize=5,
            label=f"{number}  {named(entry.label)}: {entry.accuracy:g} %, {seconds(time / 1e3)}",
        )
    axes.step(times, best, where="post", color=PALETTE[0], alpha=0.4, lw=1)
    axes.set(
        xscale="log",
        xlabel="modelled time per sample [ms]",
        ylabel="published top-1 accuracy [%]",
        title=f"{title}: blue points are the most accurate at their time",
    )
    _plain_ticks(axes)
    axes.margins(0.06)
    axes.grid(alpha=0.25)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.01, 1.02), fontsize=7, frameon=False, handlelength=0.8
    )
    return [(time, entry.accuracy or 0) for entry, time in zip(ordered, times, strict=True)]


# Where a number may stand around its point [pt], nearest first.
SIDES = [
    (4, 3),
    (4, -9),
    (-11, 3),
    (-11, -9),
    (-3, 7),
    (-3, -13),
    (9, -3),
    (-17, -3),
    (-3, 15),
    (-3, -21),
    (14, 8),
    (-20, 10),
    (14, -16),
    (-20, -18),
]


def _number(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Number the points where no number covers a point or another number."""
    # [pixel/pt]
    scale = axes.figure.dpi / 72
    places = axes.transData.transform(points)
    taken = [(x - 3 * scale, y - 3 * scale, x + 3 * scale, y + 3 * scale) for x, y in places]
    # from the top, where most is free
    for index in np.argsort(-places[:, 1], kind="stable"):
        number, (x, y), point = index + 1, places[index], points[index]
        width = 4.4 * len(str(number)) * scale
        boxes = [
            (x + dx * scale, y + dy * scale, x + dx * scale + width, y + (dy + 6) * scale)
            for dx, dy in SIDES
        ]
        free = [
            n for n, box in enumerate(boxes) if not any(_overlap(box, other) for other in taken)
        ]
        side = free[0] if free else 0
        taken.append(boxes[side])
        axes.annotate(
            str(number), point, xytext=SIDES[side], textcoords="offset points", fontsize=7
        )


def _overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
