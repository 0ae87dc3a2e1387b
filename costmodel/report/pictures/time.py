"""Time per row, stacked by what the row waits for."""

from __future__ import annotations

from typing import ClassVar

from costmodel.core.lanes import OVERHEAD
from costmodel.report.chart import Chart, axis, lanes_shown, named
from costmodel.report.exposed import exposed_lanes
from costmodel.report.numbers import si
from costmodel.report.plots import ChartPicture
from costmodel.studies.run import Run


class TimeBars(ChartPicture):
    """Time per row, stacked by lane: with names, or in execution order where there are too many."""

    source: ClassVar[str] = "this project"

    def frame(self) -> Chart:
        """Describe the picture without its bars."""
        return {
            "kind": "bars",
            "title": "Time per row",
            "x": axis("time per row", "s", zero=True),
            "ordered": True,
        }

    def chart(self, run: Run) -> Chart:
        """One bar for each row, as long as it takes: hidden work is left out."""
        lanes, overhead = lanes_shown(exposed_lanes(run)), float(run.result.overhead)
        total = f"total {si(run.total_time, 's')}"
        if overhead:
            total += f"\nof it {OVERHEAD.label} {si(overhead, 's')}"
        return self.frame() | {
            "names": [named(row.id) for row in run.workload.rows],
            "parts": lanes,
            "ends": [si(time, "s", 3) for time in run.result.total],
            "legend": [
                [word, f"{run.result.labels[word]} {si(float(times.sum()), 's')}"]
                for word, times in lanes.items()
            ],
            "legend_title": total,
        }
