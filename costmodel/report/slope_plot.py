"""Traffic against memory, with the floor, the knee and the memory that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from costmodel.language.units import show
from costmodel.report import plots
from costmodel.studies.slope import Curve, Slope

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def slope_figure(found: Slope, curve: Curve) -> Figure:
    """External bytes [MB] over on-chip memory [B], both in decades."""
    figure = plots.new_figure(9, 5.2)
    axes = figure.add_subplot()
    right = max(4 * int(curve.memory[-1]), int(found.present or 0) * 2)
    memory = np.append(curve.memory, right).clip(1)
    moved = np.append(curve.external, curve.external[-1]) / 1e6
    axes.step(memory, moved, where="post", color=plots.COLOURS["transfer"], label="least traffic")
    floor = curve.compulsory / 1e6
    axes.axhline(floor, color="#666666", ls="--", lw=1, label=f"compulsory, {floor:.4g} MB")
    axes.plot(
        [curve.knee],
        [curve.at(curve.knee) / 1e6],  # type: ignore[operator]
        "o",
        color=plots.COLOURS["host"],
        markeredgecolor="black",
        label=f"within 10 % from {show(curve.knee, 'memory')} on",
    )
    if found.present is not None:
        text = f"on chip today, {show(found.present, 'memory')}"
        axes.axvline(found.present, color=plots.COLOURS["matrix"], lw=1.2, label=text)
    run = found.run
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(memory[0], right),
        xlabel="on-chip memory [B]",
        ylabel="external traffic [MB]",
        title=f"Slope of {plots.named(curve.id)}: {plots.named(run.network.name)}, "
        f"{run.policies.dtype}, batch {run.policies.batch}",
    )
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.grid(alpha=0.25, which="both")
    axes.legend(fontsize=9, loc="lower left")
    return figure
