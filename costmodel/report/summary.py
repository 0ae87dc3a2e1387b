"""The answers under the table: where the time goes, what would change it, does it fit."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from costmodel import timing, units
from costmodel.hardware import Machine
from costmodel.report.numbers import count, percent, seconds, short
from costmodel.run import Run

LABELS = {"bandwidth": ("bandwidth", "bandwidth"), "memory": ("on-chip memory", "memory"),
          "matrix": ("matrix rate", "rate"), "host": ("host rate", "rate")}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Doubled:
    """What twice as much of one resource would give."""

    resource: str
    value: float  # doubled, SI units
    total_time: float  # [s]


def doubled(run: Run) -> list[Doubled]:
    """The total with each resource doubled alone: the formula itself on four design points."""
    machine = run.machine
    found = []
    for field in fields(Machine):
        value = 2 * getattr(machine, field.name)
        if math.isinf(value):  # a rate that no row needs and nobody states
            continue
        total = float(run.on(replace(machine, **{field.name: value})).total_time)
        found.append(Doubled(field.name, value, total))
    return found


def lines(run: Run) -> list[str]:
    """The summary as text lines."""
    result, total = run.result, run.total_time
    busy = [float(t.sum()) for t in (result.transfer, result.matrix, result.host)]
    return [
        _total_line(run),
        "",
        "Where the time goes   memory bus {}, matrix engine {}, host {}".format(
            *(percent(time, sum(busy) + run.launch_time) for time in busy)
        ) + (f", launching rows {percent(run.launch_time, sum(busy) + run.launch_time)}" if run.launch_time else ""),
        *_slowest(run),
        "Doubling one resource " + "\n                      ".join(
            f"{LABELS[d.resource][0] + ' to ' + units.show(d.value, LABELS[d.resource][1]):28}"
            f" {short(d.total_time)} s ({_change(d.total_time, total)})" for d in doubled(run)),
        *_trust(run),
        *_memory(run),
        *_first(run),
        *_unknown(run),
    ]  # fmt: skip


def _trust(run: Run) -> list[str]:
    """What a calibrated profile knows of its own errors."""
    known = run.profile.calibration
    if known is None:
        return []
    errors = known.held_out
    return [f"Calibrated            on {known.count} measurements; families left out of the fit came out "
            f"{percent(errors.mean, 1)} off in the mean, {percent(errors.median, 1)} in the median",
            *(f"FAR FROM MEASURED     {doubt}" for doubt in run.doubts)]  # fmt: skip


def _first(run: Run) -> list[str]:
    """What the first inference takes where parameters are pinned, and the energy of a run."""
    found = []
    if run.pinned_bytes:
        found.append(f"First inference       {short(float(run.first.total_time))} s: {short(run.pinned_bytes / 1e6)} MB of "
                     "parameters are loaded once and stay; every later one takes the total above")  # fmt: skip
    if run.energy is not None:
        found.append(f"Energy                {run.energy:.4g} J per run")
    return found


def _unknown(run: Run) -> list[str]:
    """Operators that are not known: named, never silently free."""
    if not run.network.unknown:
        return []
    named = ", ".join(f"{op} ({count} rows)" for op, count in sorted(run.network.unknown.items()))
    return [f"Unknown operators     {named}: counted as data movement alone, without arithmetic"]


def _change(new: float, old: float) -> str:
    return f"{100 * (new - old) / old:+.1f} %" if old and new != old else "no change"


def _total_line(run: Run) -> str:
    totals, batch = run.totals(), run.policies.batch
    total = totals["total_time_s"]
    text = (f"Total {short(total)} s {_joined(run)} transfer {short(totals['transfer_time_s'])} s, "
            f"compute {short(totals['compute_time_s'])} s{_launched(run)}; {totals['params']} params, "
            f"{count(totals['macs'])} macs, {count(totals['ops'])} ops, "
            f"{short(totals['external_bytes'] / 1e6)} MB over the bus")  # fmt: skip
    per_second = batch / total if total else float("inf")
    per_sample = f", {seconds(total / batch)} per sample" if batch > 1 else ""
    if run.interval is not None:
        low, high = run.interval
        text += f"\n90 % interval         {short(low)} s to {short(high)} s"
    return f"{text}\nThroughput            {per_second:.4g} samples/s{per_sample}"


def _launched(run: Run) -> str:
    return f", launching rows {short(run.launch_time)} s" if run.launch_time else ""


def _joined(run: Run) -> str:
    """How transfer and compute make the total."""
    return "=" if timing.load(run.policies.timing).additive else f"({run.policies.timing}) from"


def _slowest(run: Run, most: int = 5) -> list[str]:
    order = np.argsort(-run.result.total, kind="stable")[:most]
    parts = [f"{run.workload.rows[i].id} {percent(run.result.total[i], run.total_time)}"
             f" ({run.bound[i]})" for i in order]  # fmt: skip
    return ["Slowest rows          " + "\n                      ".join(parts)]


def _memory(run: Run) -> list[str]:
    """Peak of live internal bytes against the on-chip memory."""
    peak, memory = run.peak_internal_bytes, run.machine.memory
    line = (f"On-chip memory        at most {short(peak / 1e6)} MB of maps live at once "
            f"in {short(memory / 1e6)} MB")  # fmt: skip
    line += f"; every map on chip, overwritten in place, takes {short(run.whole_bytes / 1e6)} MB"
    if run.packing is not None:
        live = int((run.live - run.pinned_bytes).max(initial=0))
        gap = percent(run.packing.peak - live, live) if live else "0 %"
        line += f"\n                      packed up to {short(run.packing.peak / 1e6)} MB, {gap} above the maps that live there"
    if peak <= memory:
        return [line]
    row = run.workload.rows[int(run.live.argmax())]
    over = int((run.live > memory).sum())
    return [line, f"WARNING: placement '{run.policies.placement}' over-commits the on-chip memory "
            f"in {over} rows, by {short((peak - memory) / 1e6)} MB at {row.id}: these times need "
            f"{short(peak / 1e6)} MB."]  # fmt: skip
