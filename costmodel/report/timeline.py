"""Who works when: the bus, the matrix engine and the host, row by row; as a picture and as a trace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.report import files, plots
from costmodel.report.numbers import seconds
from costmodel.run import Run
from costmodel.timing.pipelined import Fetch, schedule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = ("transfer", "matrix", "host")
PREFETCH = "#66ccee"
MOST = 4000  # segments in a picture; the trace holds them all


@dataclass(frozen=True)
class Segment:
    """One resource at work for one row, from `start` for `length` [s]."""

    lane: str
    start: float
    length: float
    row: int
    prefetch: bool = False


def segments(run: Run) -> list[Segment]:
    """Every stretch of work in the order of its rows; a row's host work follows its matrix work.

    Under `serial` a row computes after its transfer, else both begin with the row; what a fixed launch cost
    adds stands at the row's start.
    """
    result, fetches = run.result, _fetches(run)
    early: dict[int, list[Fetch]] = {}
    for fetch in fetches:
        early.setdefault(fetch.during, []).append(fetch)
    saved = np.zeros(len(result.total))
    for fetch in fetches:
        saved[fetch.target] += fetch.seconds
    starts = np.concatenate([[0.0], np.cumsum(result.total)])
    launch = run.workload.costs.launch
    found = []
    for row in range(len(result.total)):
        start = float(starts[row]) + (float(launch[row]) if launch is not None else 0.0)
        left = max(float(result.transfer[row] - saved[row]), 0.0)
        begun = start + left if run.policies.timing == "serial" else start
        matrix, host = float(result.matrix[row]), float(result.host[row])
        spans = [
            ("transfer", start, left),
            ("matrix", begun, matrix),
            ("host", begun + matrix, host),
        ]
        found += [Segment(lane, at, length, row) for lane, at, length in spans if length > 0]
        at = start + left
        for fetch in early.get(row, ()):
            found.append(Segment("transfer", at, fetch.seconds, fetch.target, prefetch=True))
            at += fetch.seconds
    return found


def _fetches(run: Run) -> list[Fetch]:
    return schedule(run.result.load, record=True)[1] if run.policies.timing == "pipelined" else []


def write(directory: str | Path, run: Run) -> list[Path]:
    """Write timeline.png into `directory`. Raises InputError if it cannot."""
    return [plots.save(figure(run), Path(directory) / "timeline.png")]


def figure(run: Run) -> Figure:
    """Three lanes over time; prefetched parameters in their own colour."""
    drawn = plots.new_figure(12, 3.4)
    axes = drawn.add_subplot()
    parts = sorted(segments(run), key=lambda s: -s.length)[:MOST]
    for number, lane in enumerate(LANES):
        for prefetch in (False, True):
            spans = [
                (s.start * 1e3, s.length * 1e3)
                for s in parts
                if s.lane == lane and s.prefetch == prefetch
            ]
            if spans:
                axes.broken_barh(spans, (number - 0.38, 0.76), facecolor=PREFETCH if prefetch else plots.COLOURS[lane],
                                 edgecolor="white", linewidth=0.3,
                                 label="parameters of later rows" if prefetch else None)  # fmt: skip
    busy = {"transfer": run.result.transfer, "matrix": run.result.matrix, "host": run.result.host}
    labels = [
        f"{plots.WORDS[lane]}\n{_share(float(busy[lane].sum()), run.total_time)}" for lane in LANES
    ]
    axes.set_yticks(range(len(LANES)), labels)
    axes.set(xlim=(0, run.total_time * 1e3 or 1), ylim=(len(LANES) - 0.5, -0.5), xlabel="time [ms]",
             title=plots.title(run, f"Timeline, {seconds(run.total_time)}"))  # fmt: skip
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=8)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    return drawn


def _share(busy: float, total: float) -> str:
    return f"busy {100 * busy / total:.0f} %" if total else "idle"


def write_trace(path: str | Path, run: Run) -> None:
    """The timeline as Chrome trace events, for chrome://tracing or ui.perfetto.dev. Raises InputError.

    Format: Trace Event Format, complete events ('X') with times in microseconds.
    """
    lanes = {lane: number for number, lane in enumerate(LANES, start=1)}
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": 1, "name": "process_name", "args": {"name": f"{run.network.name} on {run.profile.name}"}},
        *({"ph": "M", "pid": 1, "tid": tid, "name": "thread_name", "args": {"name": plots.WORDS[lane]}}
          for lane, tid in lanes.items()),
    ]  # fmt: skip
    for part in segments(run):
        row = run.workload.rows[part.row]
        events.append({
            "ph": "X", "pid": 1, "tid": lanes[part.lane], "ts": part.start * 1e6, "dur": part.length * 1e6,
            "name": f"prefetch for {row.id}" if part.prefetch else row.id, "cat": row.kind,
            "args": {"bound": run.bound[part.row], "external_bytes": int(run.result.external_bytes[part.row]),
                     "macs": int(run.workload.macs[part.row])},
        })  # fmt: skip
    files.write_json(
        path, {"traceEvents": events, "displayTimeUnit": "ms", "otherData": run.provenance()}
    )
