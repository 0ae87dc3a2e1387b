"""The roofline: rows as points under the roofs of the engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from costmodel.core.output import Picture
from costmodel.language import units
from costmodel.report import plots
from costmodel.report.numbers import seconds
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMES = 8
"""Points that get a number and a line in the legend."""
MOST_CLUSTERS = 400
"""Of a huge network; the slowest rows come first."""
NEAR = 0.09
"""[decades] points closer than this share one number."""


class Roofline(Picture):
    """Rows as points under the roofs of the matrix engine and the host."""

    source: ClassVar[str] = "Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009"

    def figure(self, run: Run) -> Figure:
        """Operations per byte over the bus against operations per second, both logarithmic."""
        return roofline(run)


@dataclass(frozen=True)
class Points:
    """The roofline's points; rows that move nothing over the bus stand at the right edge."""

    intensity: Any
    """(P,) [op/B]."""
    rate: Any
    """(P,) [op/s]."""
    rows: Any
    """(P,) row numbers."""
    free: Any
    """(P,) True where no byte crosses the bus."""


def roofline_points(run: Run) -> Points:
    """Every row that computes: its ops per external byte, and ops per second of its total time."""
    ops = run.workload.matrix_ops + run.workload.host_ops
    rows = np.flatnonzero((ops > 0) & (run.result.total > 0))
    moved = run.result.external_bytes[rows]
    free = moved == 0
    intensity = ops[rows] / np.where(free, 1, moved)
    edge = 4 * max(intensity[~free].max(initial=0), run.machine.matrix / run.machine.bandwidth)
    return Points(np.where(free, edge, intensity), ops[rows] / run.result.total[rows], rows, free)


def roofline(run: Run) -> Figure:
    """Rows as points under the roofs of the matrix engine and the host."""
    figure = plots.new_figure(11, 6.2)
    axes = figure.add_subplot()
    points = roofline_points(run)
    low = min(points.intensity.min(initial=1), 0.1) / 2
    high = max(points.intensity.max(initial=1), 10.0) * 2
    _roofs(axes, run, low, high)
    _scatter(axes, run, points)
    _name_points(axes, run, points)
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(low, high),
        xlabel="arithmetic intensity [op per byte over the memory bus]",
        ylabel="rate reached [op/s], transfer included",
        title=plots.title(run, "Roofline"),
    )
    axes.set_ylim(bottom=points.rate.min(initial=1e9) / 3, top=run.machine.matrix * 4)
    axes.grid(alpha=0.25, which="major")
    if not axes.get_legend_handles_labels()[0]:
        # nothing works, nothing moves
        return figure
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        fontsize=8,
        frameon=False,
        title="the numbered points take most time",
        title_fontsize=8,
    )
    return figure


def _scatter(axes: Axes, run: Run, points: Points) -> None:
    """The points in the colours of what bounds their rows."""
    bound = np.array(run.bound)[points.rows]
    for word, colour in plots.COLOURS.items():
        for free, marker in ((False, "o"), (True, ">")):
            chosen = (bound == word) & (points.free == free)
            if chosen.any():
                label = f"bound by {plots.label(word)}" + (", no bus traffic" if free else "")
                axes.scatter(
                    points.intensity[chosen],
                    points.rate[chosen],
                    s=34,
                    color=colour,
                    marker=marker,
                    edgecolor="white",
                    linewidth=0.5,
                    label=label,
                    zorder=3,
                )


def _roofs(axes: Axes, run: Run, low: float, high: float) -> None:
    """Bandwidth slope, the two flat roofs, and their ridge points."""
    machine = run.machine
    x = np.geomspace(low, high, 200)
    if run.attainable is not None:
        reached = machine.matrix * run.attainable
        roof = np.minimum(machine.bandwidth * x, reached)
        name = f"attainable: {100 * run.attainable:.3g} % of the array in the mean"
        axes.plot(x, roof, color=plots.COLOURS["matrix"], lw=1.2, ls="--", label=name)
    for word, peak in (("matrix", machine.matrix), ("host", machine.host)):
        ridge = peak / machine.bandwidth
        axes.plot(x, np.minimum(machine.bandwidth * x, peak), color=plots.COLOURS[word], lw=1.6)
        axes.axvline(ridge, color=plots.COLOURS[word], lw=0.8, ls=":")
        axes.annotate(
            f"{plots.label(word)} {units.show(peak, 'rate')}, ridge {ridge:.4g} op/B",
            (high / 1.15, peak),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color="#444444",
        )


def clusters(run: Run, points: Points) -> list[tuple[float, Any]]:
    """Find the points that lie together and take most time.

    Each cluster is (their time [s], their numbers); the slowest comes first.
    """
    time = run.result.total[points.rows]
    place = np.log10(np.stack([points.intensity, points.rate]))
    left = np.argsort(-time, kind="stable")
    found: list[tuple[float, Any]] = []
    while len(left) and len(found) < MOST_CLUSTERS:
        near = np.abs(place[:, left] - place[:, left[:1]]).max(axis=0) < NEAR
        found.append((float(time[left[near]].sum()), left[near]))
        left = left[~near]
    return sorted(found, key=lambda cluster: -cluster[0])[:MOST_NAMES]


def _name_points(axes: Axes, run: Run, points: Points) -> None:
    """Number the clusters of points that take most time; their names go into the legend."""
    for number, (spent, members) in enumerate(clusters(run, points), start=1):
        head = members[0]
        # down and to the right: away from the roof above and the neighbours along its slope
        axes.annotate(
            str(number),
            (points.intensity[head], points.rate[head]),
            xytext=(7, -12),
            textcoords="offset points",
            fontsize=8,
            fontweight="bold",
            zorder=4,
        )
        alike = f" and {len(members) - 1} alike" if len(members) > 1 else ""
        row = run.workload.rows[points.rows[head]]
        axes.plot([], [], " ", label=f"{number}  {plots.named(row.id)}{alike}: {seconds(spent)}")
