"""The memory map: which map lies where on chip, and when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from costmodel.placement.resident import live_ranges
from costmodel.report import plots
from costmodel.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 24  # rectangles that get a name, the largest first
KINDS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377")  # Tol's bright scheme


def write(directory: str | Path, run: Run) -> list[Path]:
    """Write memory.png into `directory` where the placement gives addresses. Raises InputError."""
    return (
        [plots.save(figure(run), Path(directory) / "memory.png")] if run.packing is not None else []
    )


def figure(run: Run) -> Figure:
    """One rectangle per map on chip: rows from left to right, addresses upwards; pinned parameters on top."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    assert run.packing is not None
    drawn = plots.new_figure(11, 6)
    axes = drawn.add_subplot()
    work, offsets = run.workload, run.packing.offsets
    first, last = live_ranges(work)
    inside = np.flatnonzero(run.packing.inside & (work.tensor_bytes > 0))
    taken = (
        run.result.plan.taken
    )  # a map that overwrites another begins half-way through its row, and that one ends
    gone = np.isin(np.arange(len(first)), work.reuses[taken])
    start, end = first - 0.5 + 0.5 * taken, last + 0.5 - 0.5 * gone
    boxes = [
        Rectangle((start[t], offsets[t] / 1e6), end[t] - start[t], work.tensor_bytes[t] / 1e6)
        for t in inside
    ]
    axes.add_collection(PatchCollection(boxes, facecolor=[KINDS[n % len(KINDS)] for n in range(len(inside))],
                                        edgecolor="white", linewidth=0.6, alpha=0.85))  # fmt: skip
    names = tensor_names(run)
    for t in inside[
        np.argsort(-work.tensor_bytes[inside] * (last - first + 1)[inside], kind="stable")
    ][:NAMED]:
        axes.text((first[t] + last[t]) / 2, (offsets[t] + work.tensor_bytes[t] / 2) / 1e6, names[t], fontsize=6,
                  ha="center", va="center", rotation=90 if last[t] - first[t] < len(work.macs) / 12 else 0, clip_on=True)  # fmt: skip
    if run.pinned_bytes:
        top = run.packing.peak / 1e6
        axes.axhspan(top, top + run.pinned_bytes / 1e6, color="#bbbbbb", label="pinned parameters")
    axes.axhline(run.machine.memory / 1e6, color="#222222", lw=1.2, ls="--", label="on-chip memory")
    axes.step(
        np.arange(len(work.macs)),
        run.live / 1e6,
        where="mid",
        color="#222222",
        lw=1,
        label="bytes alive",
    )
    left = int((~run.packing.inside).sum())
    axes.set(xlim=(-0.5, len(work.macs) - 0.5), ylim=(0, 1.06 * max(run.machine.memory, run.live.max(initial=0)) / 1e6),
             xlabel="row, in execution order", ylabel="address on chip [MB]",
             title=plots.title(run, f"Memory map, {len(inside)} maps on chip, {left} in external memory"))  # fmt: skip
    axes.legend(loc="upper right", fontsize=8, framealpha=0.9)
    return drawn


def tensor_names(run: Run) -> list[str]:
    """The row that writes each map, or the input's name."""
    rows, inputs = run.workload.rows, iter(tap.node for tap in run.network.inputs)
    return [next(inputs) if row < 0 else rows[row].name for row in run.workload.first]
