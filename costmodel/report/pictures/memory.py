"""The memory map: which map lies where on chip, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from costmodel.core.output import Picture
from costmodel.core.packing import Packing
from costmodel.errors import BadValue
from costmodel.language.units import show
from costmodel.report import plots
from costmodel.report.addresses import Addresses, addresses
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EMPTY = 3.0
"""Times what is used from which a memory's end would leave no room to see anything."""
MANY = 300
"""Rectangles from which their edges would hide them."""
NAMED = 24
"""Rectangles that get a name, the largest first."""
KINDS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377")
"""Tol's bright scheme."""


class MemoryMap(Picture):
    """One rectangle per map on chip; for placements that give addresses."""

    source: ClassVar[str] = "this project"
    needs: ClassVar[str] = "the placement gives no addresses ('--placement resident' does)"

    def applies(self, run: Run) -> bool:
        """Whether the placement gives addresses."""
        return run.packing is not None

    def figure(self, run: Run) -> Figure:
        """Rows from left to right, addresses upwards [MB]; pinned parameters on top.

        Raises BadValue where the placement gives no addresses.
        """
        packing, found = run.packing, addresses(run)
        if packing is None or found is None:
            raise BadValue("the placement gives no addresses", "simulate with 'resident'")
        figure = plots.new_figure(11, 6)
        axes = figure.add_subplot()
        inside = found.tensor
        _rectangles(axes, found)
        if len(inside) < MANY:
            _names(axes, run, packing, inside)
        _levels(axes, run, packing)
        left = int((~packing.inside).sum())
        what = f"Memory map, {len(inside)} maps on chip, {left} in external memory"
        axes.set(
            xlim=(-0.5, len(run.workload.macs) - 0.5),
            ylim=(0, _top(run, packing) / 1e6),
            xlabel="row, in execution order",
            ylabel="address on chip [MB]",
            title=plots.title(run, what),
        )
        axes.locator_params(axis="x", integer=True)
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8)
        return figure


def _top(run: Run, packing: Packing) -> float:
    """How far up the picture goes [B]: to the memory's end, unless maps leave most of it empty."""
    used = max(packing.peak + run.pinned_bytes, float(run.live.max(initial=0)), 1.0)
    memory = float(run.machine.memory)
    return 1.06 * max(memory, used) if memory < EMPTY * used else 1.25 * used


def _rectangles(axes: Axes, found: Addresses) -> None:
    """One rectangle for each map."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    columns = (found.start, found.end, found.offset / 1e6, found.size / 1e6)
    boxes = [
        Rectangle((start, offset), end - start, size)
        for start, end, offset, size in zip(*columns, strict=True)
    ]
    colours = [KINDS[n % len(KINDS)] for n in range(len(boxes))]
    edge = 0.6 if len(boxes) < MANY else 0.0
    patches = PatchCollection(
        boxes, facecolor=colours, edgecolor="white", linewidth=edge, alpha=0.85
    )
    axes.add_collection(patches)


def _names(axes: Axes, run: Run, packing: Packing, inside: Any) -> None:
    """The names of the largest rectangles."""
    work = run.workload
    first, last = work.live_ranges
    area = work.tensor_bytes[inside] * (last - first + 1)[inside]
    names = tensor_names(run)
    for t in inside[np.argsort(-area, kind="stable")][:NAMED]:
        axes.text(
            (first[t] + last[t]) / 2,
            (packing.offsets[t] + work.tensor_bytes[t] / 2) / 1e6,
            plots.named(names[t]),
            fontsize=6,
            ha="center",
            va="center",
            rotation=90 if last[t] - first[t] < len(work.macs) / 12 else 0,
            clip_on=True,
        )


def _levels(axes: Axes, run: Run, packing: Packing) -> None:
    """Pinned parameters, the size of the memory, and the bytes alive."""
    if run.pinned_bytes:
        top = packing.peak / 1e6
        axes.axhspan(top, top + run.pinned_bytes / 1e6, color="#bbbbbb", label="pinned parameters")
    label = f"on-chip memory, {show(float(run.machine.memory), 'memory')}"
    if _top(run, packing) > run.machine.memory:
        axes.axhline(run.machine.memory / 1e6, color="#222222", lw=1.2, ls="--", label=label)
    else:
        axes.plot([], [], " ", label=f"{label}: far above")
    # of many rows the most of some neighbours, lest the line paint everything over
    each = -(-len(run.live) // MANY)
    starts = np.arange(0, len(run.live), each)
    alive = np.maximum.reduceat(run.live, starts) / 1e6
    axes.step(starts, alive, where="mid", color="#222222", lw=1, label="bytes alive")


def tensor_names(run: Run) -> list[str]:
    """The row that writes each map, or the input's name."""
    rows, inputs = run.workload.rows, iter(tap.node for tap in run.network.inputs)
    return [next(inputs) if row < 0 else rows[row].name for row in run.workload.first]
