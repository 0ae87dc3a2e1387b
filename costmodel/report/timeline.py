"""Who works when: bus, on-chip memory, engines, row by row; as segments and as a trace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from costmodel.core.lanes import LEVEL_LANES, LINK, OVERHEAD, RUN_LANES
from costmodel.core.timing import Fetch
from costmodel.report import files
from costmodel.studies.run import Run


class Segment(NamedTuple):
    """One lane at work for one row, from `start` for `length` [s]."""

    lane: str
    start: float
    length: float
    row: int
    """-1: of no row, once per run."""
    prefetch: bool = False


def segments(run: Run) -> list[Segment]:
    """Every stretch of work in the order of its rows.

    A row is launched, moves its bytes over the bus and then those on chip, and computes: on the
    matrix engine and then on the host. Whether it computes once its transfer is through, or from
    the launch on, is the timing model's to say.
    """
    result, model = run.result, run.policies.timing_model
    early: dict[int, list[Fetch]] = {}
    saved = np.zeros(len(result.total))
    for fetch in model.fetches(result.load):
        early.setdefault(fetch.during, []).append(fetch)
        saved[fetch.target] += fetch.seconds
    overhead = float(result.overhead)
    starts = overhead + np.concatenate([[0.0], np.cumsum(result.total)])
    times = result.all_lanes | {"transfer": np.maximum(result.transfer - saved, 0.0)}
    parts = [Segment(OVERHEAD.word, 0.0, overhead, -1)] if overhead else []
    for row in range(len(result.total)):
        length = {lane: float(values[row]) for lane, values in times.items()}
        launched = float(starts[row]) + length["launch"]
        moved = launched + length["transfer"]
        inner = _inner(length, moved, launched, overlaps=model.overlaps)
        last = max([moved + length["on_chip"], *(at + length[lane] for lane, at in inner.items())])
        begun = last if model.transfer_first else launched
        begins = {
            **inner,
            "launch": float(starts[row]),
            "transfer": launched,
            "on_chip": moved,
            "matrix": begun,
            "host": begun + length["matrix"],
            "link": float(starts[row + 1]) - length["link"],
        }
        busy = (lane for lane in begins if length[lane] > 0)
        parts += [Segment(lane, begins[lane], length[lane], row) for lane in busy]
        at = moved
        for fetch in early.get(row, ()):
            parts.append(Segment("transfer", at, fetch.seconds, fetch.target, prefetch=True))
            at += fetch.seconds
    return parts


def _inner(
    length: Mapping[str, float], moved: float, launched: float, *, overlaps: bool
) -> dict[str, float]:
    """When the boundaries between levels on chip are busy: one after the other, or all at once."""
    begins, at = {}, moved
    for lane in LEVEL_LANES:
        if lane in length:
            begins[lane] = launched if overlaps else at
            at += length[lane]
    return begins


def write_trace(path: str | Path, run: Run) -> None:
    """The timeline as Chrome trace events, for chrome://tracing or ui.perfetto.dev.

    Format: Trace Event Format, complete events ('X') with times in microseconds. Raises InputError
    where the place cannot be written.
    """
    parts = segments(run)
    used = {part.lane for part in parts}
    known = [word for word in RUN_LANES if word not in (LINK.word, OVERHEAD.word)]
    shown = [word for word in run.result.labels if word in known or word in used]
    lanes = {word: number for number, word in enumerate(shown, start=1)}
    events = [
        _label("process_name", 0, f"{run.network.name} on {run.profile.name}"),
        *(_label("thread_name", tid, run.result.labels[word]) for word, tid in lanes.items()),
        *(_event(run, part, lanes[part.lane]) for part in parts),
    ]
    content = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": run.provenance}
    files.write_json(path, content)


def _label(what: str, thread: int, text: str) -> dict[str, Any]:
    """A metadata event: the name of a process, or of one of its threads."""
    return {"ph": "M", "pid": 1, "tid": thread, "name": what, "args": {"name": text}}


def _event(run: Run, part: Segment, thread: int) -> dict[str, Any]:
    """A segment as a complete event."""
    span = {"ph": "X", "pid": 1, "tid": thread, "ts": part.start * 1e6, "dur": part.length * 1e6}
    if part.row < 0:
        return {**span, "name": OVERHEAD.label, "cat": OVERHEAD.word, "args": {}}
    row = run.workload.rows[part.row]
    told = {
        "bound": run.bound[part.row],
        "external_bytes": int(run.result.external_bytes[part.row]),
        "macs": int(run.workload.macs[part.row]),
    }
    name = f"prefetch for {row.id}" if part.prefetch else row.id
    return {**span, "name": name, "cat": row.kind, "args": told}
