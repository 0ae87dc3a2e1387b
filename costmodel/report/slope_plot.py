"""Traffic against memory, with the floor, the knee and the memory that is there."""

from __future__ import annotations

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.language.units import show
from costmodel.report.chart import Chart, axis, line, named
from costmodel.studies.slope import Slope, SlopeCurve

MOST = 4000
"""Steps that a picture holds; of more, those that stand nearest to even octaves."""


def steps(
    curve: SlopeCurve, most: int = MOST, energy: Floats | None = None
) -> list[dict[str, float]]:
    """At most so many steps of a curve, evenly over the memory's octaves.

    Each has its `memory` and the `external` bytes [B], how many `times` what must move these are,
    and where an `energy` (S,) [J] is given the `energy_J` of a run.
    """
    chosen = np.arange(len(curve.memory))
    if len(chosen) > most:
        wanted = np.geomspace(max(curve.memory[0], 1), curve.memory[-1], most)
        chosen = np.unique(np.searchsorted(curve.memory, wanted, side="right").clip(1) - 1)
    pairs = zip(curve.memory[chosen].tolist(), curve.external[chosen].tolist(), strict=True)
    least = curve.compulsory
    made = [
        {"memory": memory, "external": moved, "times": moved / least if least else 1.0}
        for memory, moved in pairs
    ]
    if energy is None:
        return made
    pairs = zip(made, energy[chosen].tolist(), strict=True)
    return [step | {"energy_J": joules} for step, joules in pairs]


def slope_chart(slope: Slope, curve: SlopeCurve) -> Chart:
    """External bytes over on-chip memory, both in decades; the table's lines are its steps."""
    right = max(4 * int(curve.memory[-1]), int(slope.present or 0) * 2)
    points = [[max(step["memory"], 1), step["external"]] for step in steps(curve)]
    points.append([right, int(curve.external[-1])])
    knee = [[curve.knee, curve.at(curve.knee)]]
    floor = f"compulsory: {show(curve.compulsory, 'memory')} move once in any case"
    lines = [
        line(points, "transfer", "least traffic", steps=True),
        {"y": curve.compulsory, "hue": "ink", "name": floor, "dashes": True},
        line(knee, "host", f"within 10 % from {show(curve.knee, 'memory')} on", marked=True),
    ]
    if slope.fused is not None and curve is slope.network:
        below = steps(slope.fused)
        fused = [[max(step["memory"], 1), step["external"]] for step in below]
        right = max(right, 4 * int(slope.fused.memory[-1]))
        fused.append([right, int(slope.fused.external[-1])])
        lines.append(line(fused, "on_chip", "rows run depth first", steps=True))
    if slope.present is not None:
        name = f"the machine's {show(slope.present, 'memory')}"
        lines.append({"x": slope.present, "hue": "matrix", "name": name})
    run = slope.run
    return {
        "kind": "marks",
        "title": "Bytes over the bus against the memory on chip",
        "about": [
            f"{named(curve.id)}",
            f"{named(run.network.name)}, {run.policies.dtype}, batch {run.policies.batch}",
        ],
        "x": axis("on-chip memory", "B", log=True),
        "y": axis("over the bus", "B", log=True),
        "lines": lines,
    }
