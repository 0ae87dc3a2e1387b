"""What the HairNet paper's rules hide: its network under placements and timings it did not have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from costmodel.papers import templates
from costmodel.report import files, plots
from costmodel.report.numbers import percent, seconds, short
from costmodel.report.slope_plot import slope_chart
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulate
from costmodel.studies.slope import Slope, slope

FOLDER = "hairnet_beyond"
MACHINE = "accel_1tflops"
PLACEMENTS = ("per_tensor", "all_external", "resident", "resident+weights")
TIMINGS = ("serial", "partial", "overlap", "pipelined")
SHOWN = ("resident", "pipelined")
"""The run whose memory map and timeline are drawn."""
PICTURES = ("memory", "timeline", "time")
COLUMNS = (
    *("placement", "timing", "total_time_s", "first_total_time_s", "external_bytes"),
    *("peak_internal_bytes", "pinned_bytes", "transfer_time_s", "compute_time_s"),
)


def runs() -> dict[tuple[str, str], Run]:
    """HairNet on its own accelerator under the placements and timings that the page compares."""
    return {
        (p, t): simulate("hairnet", MACHINE, placement=p, timing=t)
        for p in PLACEMENTS
        for t in TIMINGS
    }


def record(place: str, clock: str, run: Run) -> dict[str, Any]:
    """The figures of one run under the names of the CSV."""
    return {
        **run.totals,
        "placement": place,
        "timing": clock,
        "pinned_bytes": run.pinned_bytes,
        "first_total_time_s": float(run.first.total_time),
    }


def write(directory: Path) -> Path:
    """Write the page, its data and its pictures into a folder of `directory`. Raises InputError."""
    folder, every, curves = directory / FOLDER, runs(), slope("hairnet", MACHINE)
    rows = [record(*key, run) for key, run in every.items()]
    files.write_csv(folder / "beyond.csv", rows, COLUMNS)
    chosen = every[SHOWN]
    chosen.save(folder / "layers.csv")
    for name in PICTURES:
        plots.save(chosen.plot(name), folder / f"{name}.png")
    plots.write_charts(folder, {"slope.png": [slope_chart(curves, curves.network)]})
    return templates.write(folder, "beyond", **figures(every, curves))


def figures(every: dict[tuple[str, str], Run], curves: Slope) -> dict[str, Any]:
    """What the page's template leaves open, all worked out from the runs and the slope."""
    paper, honest = every["per_tensor", "serial"], every["resident", "serial"]
    pinned = every["resident+weights", "serial"]
    over = paper.live - paper.machine.memory
    bus, paper_bus = honest.totals["external_bytes"], paper.totals["external_bytes"]
    time, overlapped = honest.total_time, every["resident", "overlap"].total_time
    assert curves.present is not None
    return {
        "table": "\n".join(_table(every)),
        "over": int((over > 0).sum()),
        "rows": len(paper.live),
        "peak": _megabytes(paper.peak_internal_bytes),
        "more_bytes": percent(bus - paper_bus, paper_bus),
        "resident": seconds(time),
        "paper": seconds(paper.total_time),
        "whole": _megabytes(honest.whole_bytes),
        "overlapping": percent(time - overlapped, time),
        "prefetching": percent(overlapped - every["resident", "pipelined"].total_time, time),
        "paper_overlap": seconds(every["per_tensor", "overlap"].total_time),
        "paper_pipelined": seconds(every["per_tensor", "pipelined"].total_time),
        "pinned_mb": _megabytes(pinned.pinned_bytes),
        "params_mb": _megabytes(pinned.workload.param_bytes.sum()),
        "pinned": seconds(pinned.total_time),
        "pinned_first": seconds(float(pinned.first.total_time)),
        "compulsory": _megabytes(curves.network.compulsory),
        "knee": curves.network.knee,
        "moved": _megabytes(curves.network.at(curves.present)),
        "shown": SHOWN,
        "pictures": "\n\n".join(f"![{name}.png]({name}.png)" for name in PICTURES),
    }


def _table(every: dict[tuple[str, str], Run]) -> Iterator[str]:
    """Times by placement and timing, with the bytes of each placement [MB]."""
    yield f"| placement | {' | '.join(TIMINGS)} | over the bus [MB] | on chip at most [MB] |"
    yield "|---|" + "---:|" * (len(TIMINGS) + 2)
    for place in PLACEMENTS:
        totals = every[place, TIMINGS[0]].totals
        times = " | ".join(seconds(every[place, clock].total_time) for clock in TIMINGS)
        bus, chip = map(_megabytes, (totals["external_bytes"], totals["peak_internal_bytes"]))
        yield f"| `{place}` | {times} | {bus} | {chip} |"


def _megabytes(size: Any) -> str:
    """Bytes as the page prints them [MB]."""
    return short(size / 1e6)
