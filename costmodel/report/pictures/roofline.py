"""The roofline: rows as points under the roofs of the engines."""

from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.lanes import RUN_LANES
from costmodel.language.units import show
from costmodel.report.chart import Chart, axis, named, numbered
from costmodel.report.numbers import si
from costmodel.report.plots import ChartPicture
from costmodel.studies.run import Run

MOST_NAMES = 8
"""Points that get a number and a line in the legend."""
MOST_CLUSTERS = 400
"""Of a huge network; the slowest rows come first."""
NEAR = 0.09
"""[decades] points closer than this share one number."""


class Roofline(ChartPicture):
    """Rows as points under the roofs of the matrix engine and the host."""

    source: ClassVar[str] = "Williams, Waterman and Patterson, Roofline, CACM 52(4), 2009"

    def frame(self, run: Run) -> Chart:
        """Describe the picture without its points."""
        return {
            "kind": "marks",
            "title": "Roofline",
            "x": axis("operations per byte over the bus", log=True),
            "y": axis("operations per second, transfer included", "op/s", log=True),
            "roofs": _roofs(run),
        }

    def chart(self, run: Run) -> Chart:
        """Operations per byte over the bus against operations per second, both logarithmic."""
        points = roofline_points(run)
        bound = np.array(run.bound_lanes)[points.rows]
        slowest = clusters(run, points)
        low, high = points.intensity.min(initial=0.1), points.intensity.max(initial=10.0)
        top = max(run.machine.matrix, points.rate.max(initial=1.0))
        frame = self.frame(run)
        frame["x"]["ends"] = [low / 1.5, high * 1.5]
        frame["y"]["ends"] = [top * 2 if math.isfinite(top) else 1.0]
        return frame | {
            "points": np.column_stack([points.intensity, points.rate]),
            "hues": bound.tolist(),
            "edges": points.free.tolist(),
            "places": points.rows.tolist(),
            "legend": [
                [word, f"bound by {label}"]
                for word, label in run.result.labels.items()
                if word in bound
            ],
            **numbered(
                [[points.intensity[rows[0]], points.rate[rows[0]]] for _, rows in slowest],
                [_alike(run, points, spent, rows) for spent, rows in slowest],
            ),
            "legend_title": "numbered: what takes most time"
            + "\ntriangles: no bus traffic" * bool(points.free.any()),
        }


class RooflinePoints(NamedTuple):
    """The P points of a roofline; rows that move nothing over the bus stand at the right edge."""

    intensity: Array
    """Operations per byte over the bus, shape (P,) [op/B]."""
    rate: Array
    """Operations per second, shape (P,) [op/s]."""
    rows: Array
    """The row that each point stands for, shape (P,)."""
    free: Array
    """True where no byte crosses the bus, shape (P,)."""


def roofline_points(run: Run) -> RooflinePoints:
    """Every row that computes: its ops per external byte, and ops per second of its total time."""
    ops = run.workload.matrix_ops + run.workload.host_ops
    rows = np.flatnonzero((ops > 0) & (run.result.total > 0))
    moved = run.result.external_bytes[rows]
    free = moved == 0
    intensity = ops[rows] / np.where(free, 1, moved)
    edge = 4 * max(intensity[~free].max(initial=0), run.machine.matrix / run.machine.bandwidth)
    return RooflinePoints(
        np.where(free, edge, intensity), ops[rows] / run.result.total[rows], rows, free
    )


def _roofs(run: Run) -> list[Chart]:
    """The engines' roofs, and how much of the matrix engine the layers' shapes leave."""
    machine = run.machine
    roofs = [
        {
            "hue": word,
            "name": f"{RUN_LANES[word].label} {show(rate, 'rate')}, ridge "
            f"{rate / machine.bandwidth:.4g} op/B",
            "rate": rate,
            "bandwidth": machine.bandwidth,
        }
        for word, rate in (("matrix", machine.matrix), ("host", machine.host))
        if math.isfinite(rate)
    ]
    if run.attainable is not None:
        share = {"rate": machine.matrix * run.attainable, "share": run.attainable, "dashes": True}
        name = f"attainable: {100 * run.attainable:.3g} % of the array in the mean"
        roofs.append({**roofs[0], **share, "name": name})
    return roofs


def clusters(run: Run, points: RooflinePoints) -> list[tuple[float, Any]]:
    """Find the points that lie together and take most time.

    Each cluster is (their time [s], their numbers); the slowest comes first.
    """
    time = run.result.total[points.rows]
    place = np.log10(np.stack([points.intensity, points.rate]))
    left = np.argsort(-time, kind="stable")
    groups: list[tuple[float, Any]] = []
    while len(left) and len(groups) < MOST_CLUSTERS:
        near = np.abs(place[:, left] - place[:, left[:1]]).max(axis=0) < NEAR
        groups.append((float(time[left[near]].sum()), left[near]))
        left = left[~near]
    return sorted(groups, key=lambda group: -group[0])[:MOST_NAMES]


def _alike(run: Run, points: RooflinePoints, spent: float, rows: Any) -> str:
    """What a number of the roofline stands for."""
    others = f" and {len(rows) - 1} alike" if len(rows) > 1 else ""
    slowest = run.workload.rows[points.rows[rows[0]]]
    return f"{named(slowest.id)}{others}: {si(spent, 's')}"
