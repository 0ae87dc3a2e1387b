"""Who works when: one lane for each thing that can be busy."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from costmodel.core.lanes import OVERHEAD
from costmodel.report.chart import Chart, lanes_shown
from costmodel.report.numbers import si
from costmodel.report.plots import ChartPicture
from costmodel.report.timeline import Segment, segments
from costmodel.studies.run import Run

EARLY = "link"
"""The hue of parameters that are fetched for later rows."""


class Timeline(ChartPicture):
    """Lanes over time, each as long as it is busy; prefetched parameters in their own colour."""

    source: ClassVar[str] = "this project"

    def chart(self, run: Run) -> Chart:
        """The lanes from top to bottom, time from left to right."""
        overhead = {OVERHEAD.word: np.array([float(run.result.overhead)])}
        lanes, parts = lanes_shown(run.result.all_lanes | overhead), segments(run)
        total = run.total_time
        return {
            "kind": "lanes",
            "title": f"Timeline, {si(total, 's')}",
            "total": total,
            "early_hue": EARLY,
            "lanes": [
                _lane(word, run.result.labels[word], [part for part in parts if part.lane == word])
                | {"share": f"busy {100 * times.sum() / total:.0f} %" if total else "idle"}
                for word, times in lanes.items()
            ],
            "legend": [[EARLY, "parameters of later rows"]] * any(part.prefetch for part in parts),
        }


def _lane(word: str, name: str, parts: list[Segment]) -> Chart:
    """When a lane is busy, as columns."""
    columns = {
        "start": [part.start for part in parts],
        "length": [part.length for part in parts],
        "row": [part.row for part in parts],
        "early": [part.prefetch for part in parts],
    }
    return {"hue": word, "name": name, **columns}
