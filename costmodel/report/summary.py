"""The answers under the table: where the time goes, what would change it, does it fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from costmodel.core.lanes import LEVEL_LANES
from costmodel.core.quantities import MachineQuantity
from costmodel.language import units
from costmodel.language.units import show
from costmodel.report.chart import ALWAYS
from costmodel.report.exposed import shares
from costmodel.report.hierarchy import level_lines
from costmodel.report.numbers import count, megabytes, percent, seconds, short
from costmodel.studies.energy import PARTS, parts
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.sensitivity import asked_about, time_scaled

NEXT = "\n" + " " * 22
"""A further line under the same heading."""
BAR = 40
"""[characters] of a bar that is all of the energy."""


@dataclass(frozen=True, eq=False)
class Doubled:
    """What twice as much of one resource would give; of a time per row, half of it."""

    quantity: MachineQuantity
    values: tuple[float, ...]
    """What becomes of it: one figure, or one for each engine [SI]."""
    total_time: float
    """What the run then takes [s]."""

    @property
    def text(self) -> str:
        """The change in words: bandwidth to 2 GB/s."""
        shown = list(dict.fromkeys(units.show(v, self.quantity.dimension) for v in self.values))
        return f"{self.quantity.label} to {' and '.join(shown)}"


def doubled(run: Run) -> list[Doubled]:
    """The total with each resource doubled alone: the formula itself on further design points.

    What takes time for each row, and is better small, is halved.
    """
    changes = []
    for quantity in asked_about(run):
        factor = 2.0 if quantity.more_is_faster else 0.5
        values = tuple(factor * float(run.machine[name]) for name in quantity.fields)
        changes.append(Doubled(quantity, values, time_scaled(run, quantity, factor)))
    return changes


def lines(run: Run) -> list[str]:
    """The summary as text lines."""
    total = run.total_time
    changes = [
        f"{one.text:28} {short(one.total_time)} s ({_change(one.total_time, total)})"
        for one in doubled(run)
    ]
    return [
        _total_line(run),
        "",
        f"Where the time goes   {shares(run, ALWAYS)}",
        *level_lines(run),
        *_array(run),
        *_slowest(run),
        *_energy(run),
        f"Doubling one resource {NEXT.join(changes)}",
        *_trust(run),
        *_memory(run),
        *_again(run),
        *_first(run),
        *_notes(run),
        *["WARNING: no row of this network computes or moves anything; is it the one you mean?"]
        * (total == 0),
    ]


def _trust(run: Run) -> list[str]:
    """What a calibrated profile knows of its own errors."""
    known = run.profile.calibration
    if known is None:
        return []
    mean, median = (percent(error, 1) for error in (known.held_out.mean, known.held_out.median))
    return [
        f"Calibrated            on {known.count} measurements; families left out of the fit came "
        f"out {mean} off in the mean, {median} in the median",
        *(f"FAR FROM MEASURED     {doubt}" for doubt in run.doubts),
    ]


def _array(run: Run) -> list[str]:
    """How much of the matrix engine's peak the layers' shapes leave."""
    array, mean, used = run.profile.array, run.attainable, run.utilisation
    if array is None or mean is None:
        return []
    worst = int(np.nanargmin(used))
    return [
        f"Array                 {array.words}: {percent(mean, 1.0)} of its peak in the mean, least "
        f"in {run.workload.rows[worst].id}: {percent(used[worst], 1.0)}"
    ]


def _again(run: Run) -> list[str]:
    """What tiles that do not fit move again, and the row that does so most."""
    if not run.policies.traffic_model.tiles:
        return []
    again, moved = run.result.refetched, run.result.external_bytes
    if not again.any():
        return ["Moved again           nothing: every tile that is needed again stays on chip"]
    most = int(again.argmax())
    return [
        f"Moved again           {megabytes(again.sum())} of {megabytes(moved.sum())}, in "
        f"{int((again > 0).sum())} rows; most in {run.workload.rows[most].id}: "
        f"{megabytes(again[most])} ({run.schedules[most]})"
    ]


def _first(run: Run) -> list[str]:
    """What the first inference takes where parameters are pinned."""
    lines = []
    if run.pinned_bytes:
        lines.append(
            f"First inference       {short(float(run.first.total_time))} s: "
            f"{megabytes(run.pinned_bytes)} of parameters are loaded once and stay; "
            "every later one takes the total above"
        )
    return lines


def _energy(run: Run) -> list[str]:
    """The energy of a run, where it goes, and what it rests on."""
    if run.energy is None or run.energy_standing is None:
        return []
    total, widest = run.energy, max(map(len, PARTS.values()))
    shares = {label: joules / total if total else 0.0 for label, joules in parts(run).items()}
    bars = [
        f"{label:{widest}} {percent(share, 1.0):>7} {'#' * round(BAR * share)}".rstrip()
        for label, share in shares.items()
    ]
    each = f", {show(total / run.samples, 'energy')} per sample" if run.samples > 1 else ""
    product = show(total * run.total_time, "energy-delay product")
    return [
        f"Energy                {show(total, 'energy')} per run{each}; times the time {product}",
        f"Where it goes         {NEXT.join(bars)}",
        f"Energy is             {run.energy_standing.line}",
    ]


def _notes(run: Run) -> list[str]:
    """What a file leaves open, as its front end says."""
    return [f"Note                  {note}" for note in run.network.facts.notes]


def _change(new: float, old: float) -> str:
    # sums of the same times in another order differ in the last digits
    same = math.isclose(new, old, rel_tol=1e-12)
    return f"{100 * (new - old) / old:+.1f} %" if old and not same else "no change"


def _total_line(run: Run) -> str:
    """What a run takes, of what it consists, and how many samples a second that is."""
    totals, samples, lanes = run.totals, run.samples, run.lane_times
    parts = {
        "transfer": totals["transfer_time_s"],
        "on chip": lanes.get("on_chip", 0.0),
        "compute": totals["compute_time_s"],
        "launching rows": lanes.get("launch", 0.0),
        "overhead": lanes.get("overhead", 0.0),
    }
    parts |= {run.result.labels[word]: lanes[word] for word in LEVEL_LANES if word in lanes}
    times = ", ".join(
        f"{word} {short(time)} s"
        for word, time in parts.items()
        if time or word in ("transfer", "compute")
    )
    joined = "=" if run.policies.timing_model.additive else f"({run.policies.timing}) from"
    interval = ""
    if run.interval is not None:
        interval = f"\n90 % interval         {' s to '.join(map(short, run.interval))} s"
    missing = run.network.facts.missing
    missing = f"; {missing}" if missing else ""
    per_sample = f", {seconds(run.total_time / samples)} per sample" if samples > 1 else ""
    return (
        f"Total {short(run.total_time)} s {joined} {times}; {totals['params']} params, "
        f"{count(totals['macs'])} macs, {count(totals['ops'])} ops, "
        f"{megabytes(totals['external_bytes'])} over the bus{missing}{interval}\n"
        f"Throughput            {run.throughput:.4g} samples/s{per_sample}"
    )


def _slowest(run: Run, most: int = 5) -> list[str]:
    order = np.argsort(-run.result.total, kind="stable")[:most]
    parts = [
        f"{run.workload.rows[i].id} {percent(run.result.total[i], run.total_time)} "
        f"({_bottleneck(run, int(i))})"
        for i in order
    ]
    return ["Slowest rows          " + NEXT.join(parts)]


def _bottleneck(run: Run, row: int) -> str:
    """What bounds a row, and how much of the array its shape fills where that is the engine."""
    word = run.bound[row]
    if word != "matrix" or run.profile.array is None or np.isnan(run.utilisation[row]):
        return word
    return f"{word}, {percent(run.utilisation[row], 1.0)} of the array"


def _memory(run: Run) -> list[str]:
    """Peak of live internal bytes against the on-chip memory."""
    peak, memory = run.peak_internal_bytes, run.machine.memory
    held = "lines and weights of a group" if run.policies.traffic_model.fuses else "maps"
    line = (
        f"On-chip memory        at most {megabytes(peak)} of {held} live at once in "
        f"{megabytes(memory)}; every map on chip, overwritten in place, takes "
        f"{megabytes(run.whole_bytes)}"
    )
    if run.packing is not None:
        live = int((run.live - run.pinned_bytes).max(initial=0))
        gap = percent(run.packing.peak - live, live) if live else "0 %"
        packed = megabytes(run.packing.peak)
        line += f"{NEXT}packed up to {packed}, {gap} above the maps that live there"
    if peak <= memory:
        return [line]
    row = run.workload.rows[int(run.live.argmax())]
    over = int((run.live > memory).sum())
    return [
        line,
        f"WARNING: placement '{run.policies.placement}' over-commits the on-chip memory "
        f"in {over} rows, by {megabytes(peak - memory)} at {row.id}: these times need "
        f"{megabytes(peak)}.",
    ]
